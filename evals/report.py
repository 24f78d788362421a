"""The report of a run: numbers first, then every fault with its transcript."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import comb, sqrt
from typing import Any

from core.canonical import canonical_json
from core.canonical import digest as digest_of
from evals.grade import Result

_MOST_K = 8
_Z = 1.959964  # 95 % of a normal distribution


def as_document(
    results: Sequence[Result], *, model: str, seconds: float, head: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON report; `pass_k` is the chance that k runs of a scenario all pass (k up to the epochs run).

    All that depends on the machine is in `seconds` and `latency`; `digest` is over everything else.
    """
    by_category: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_category[result.category].append(result)
    told = {
        "model": model,
        "scenarios": len({r.scenario for r in results}),
        "runs": len(results),
        "passed": sum(r.passed for r in results),
        "pass_k": pass_k(results),
        "pass_k_interval": intervals(results),
        "wrong_effects": sum(r.wrong_effects for r in results),
        "by_category": {name: _numbers(rows) for name, rows in sorted(by_category.items())},
        "failed": [r.model_dump(mode="json", exclude={"seconds"}) for r in results if not r.passed],
    }
    latency = {name: _latency(rows) for name, rows in sorted(by_category.items())}
    about = dict(head or {})
    fixed = {**told, **{k: v for k, v in about.items() if k not in ("run", "at")}}
    return {
        **about,
        **told,
        "digest": digest_of(canonical_json(_no_floats(fixed))),
        "seconds": round(seconds, 2),
        "latency": latency,
    }


def _no_floats(value: Any) -> Any:
    """Floats as text, so that a digest never depends on how they are written."""
    match value:
        case float():
            return repr(value)
        case dict():
            return {key: _no_floats(one) for key, one in value.items()}
        case list() | tuple():
            return [_no_floats(one) for one in value]
        case _:
            return value


def pass_k(results: Sequence[Result]) -> Mapping[str, float | None]:
    """pass^k for k = 1..8 over scenarios: C(passed, k) / C(runs, k), None where a scenario has fewer runs (tau-bench)."""
    return {str(k): _pass(_by_scenario(results), k) for k in range(1, _MOST_K + 1)}


def intervals(results: Sequence[Result]) -> Mapping[str, tuple[float, float] | None]:
    """95 % intervals of pass^k (Wilson, 1927), a scenario counting once however often it was run."""
    runs = _by_scenario(results)
    return {str(k): _wilson(_pass(runs, k), len(runs)) for k in range(1, _MOST_K + 1)}


def _by_scenario(results: Sequence[Result]) -> list[list[bool]]:
    runs: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        runs[result.scenario].append(result.passed)
    return list(runs.values())


def _pass(runs: Sequence[Sequence[bool]], k: int) -> float | None:
    if not runs or any(len(one) < k for one in runs):
        return None
    return round(sum(comb(sum(one), k) / comb(len(one), k) for one in runs) / len(runs), 4)


def _wilson(share: float | None, n: int) -> tuple[float, float] | None:
    if share is None:
        return None
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def _numbers(rows: Sequence[Result]) -> dict[str, Any]:
    handed = [r for r in rows if r.handed_over]
    return {
        "runs": len(rows),
        "passed": sum(r.passed for r in rows),
        "pass_k": pass_k(rows),
        "resolved": sum(r.passed and not r.handed_over for r in rows),
        "escalated_rightly": sum(r.wants_person for r in handed),
        "escalated_wrongly": sum(not r.wants_person for r in handed),
        "wrong_effects": sum(r.wrong_effects for r in rows),
        "missing_effects": sum(r.missing_effects for r in rows),
        "turns": sum(r.seen.turns for r in rows),
        "model_calls": sum(r.seen.model_calls for r in rows),
        "tokens": sum(r.seen.tokens for r in rows),
        "cost_micro_usd": sum(r.seen.cost_micro_usd for r in rows),
    }


def _latency(rows: Sequence[Result]) -> dict[str, float]:
    seconds = sorted(r.seconds for r in rows)
    return {
        "median_seconds": seconds[len(seconds) // 2],
        "p95_seconds": seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))],
    }


def as_text(document: Mapping[str, Any]) -> str:
    """The same for people; the verdict stands in the last line."""
    lines = [
        f"{'category':22} {'passed':>9} {'resolved':>9} {'to a person':>12} {'wrongly':>8} "
        f"{'wrong effects':>14} {'turns':>6} {'tokens':>8} {'median s':>9}"
    ]
    for name, row in document["by_category"].items():
        passed = f"{row['passed']}/{row['runs']}"
        median = document["latency"][name]["median_seconds"]
        lines.append(
            f"{name:22} {passed:>9} {row['resolved']:>9} {row['escalated_rightly']:>12} "
            f"{row['escalated_wrongly']:>8} {row['wrong_effects']:>14} {row['turns']:>6} "
            f"{row['tokens']:>8} {median:>9.2f}"
        )
    for failed in document["failed"]:
        lines.append(f"\nFAILED {failed['category']} / {failed['scenario']}")
        lines += [f"  - {fault}" for fault in failed["faults"]]
        lines += [f"      {line}" for line in failed["transcript"]]
    lines += ["", *_pass_lines(document)]
    lines.append(
        f"{document['passed']} of {document['runs']} runs passed ({document['scenarios']} scenarios, "
        f"{document['seconds']} s), wrong effects: {document['wrong_effects']}."
    )
    return "\n".join(lines)


def _pass_lines(document: Mapping[str, Any]) -> list[str]:
    lines = []
    for k, share in document["pass_k"].items():
        if share is not None:
            low, high = document["pass_k_interval"][k]
            lines.append(f"pass^{k}  {share:.3f}  (95 %: {low:.3f} to {high:.3f})")
    return lines
