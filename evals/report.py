"""The report of a run: numbers first, then every fault with its transcript."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import comb
from typing import Any

from evals.grade import Result


def as_document(results: Sequence[Result], *, model: str, seconds: float) -> dict[str, Any]:
    """The JSON report; `pass_k` is the chance that k runs of a scenario all pass (k up to the epochs run)."""
    by_category: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_category[result.category].append(result)
    return {
        "model": model,
        "scenarios": len({r.scenario for r in results}),
        "runs": len(results),
        "passed": sum(r.passed for r in results),
        "pass_k": pass_k(results),
        "wrong_effects": sum(r.wrong_effects for r in results),
        "seconds": round(seconds, 2),
        "by_category": {name: _numbers(rows) for name, rows in sorted(by_category.items())},
        "failed": [r.model_dump(mode="json") for r in results if not r.passed],
    }


def pass_k(results: Sequence[Result]) -> Mapping[str, float | None]:
    """pass^k for k = 1..8 over scenarios: C(passed, k) / C(runs, k), None where a scenario has fewer runs (tau-bench)."""
    runs: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        runs[result.scenario].append(result.passed)
    return {str(k): _pass(list(runs.values()), k) for k in range(1, 9)}


def _pass(runs: Sequence[Sequence[bool]], k: int) -> float | None:
    if not runs or any(len(one) < k for one in runs):
        return None
    return round(sum(comb(sum(one), k) / comb(len(one), k) for one in runs) / len(runs), 4)


def _numbers(rows: Sequence[Result]) -> dict[str, Any]:
    return {
        "runs": len(rows),
        "passed": sum(r.passed for r in rows),
        "wrong_effects": sum(r.wrong_effects for r in rows),
        "missing_effects": sum(r.missing_effects for r in rows),
        "median_seconds": sorted(r.seconds for r in rows)[len(rows) // 2],
    }


def as_text(document: Mapping[str, Any]) -> str:
    """The same for people; the verdict stands in the last line."""
    lines = [f"{'category':22} {'passed':>9} {'wrong effects':>14} {'median s':>9}"]
    for name, row in document["by_category"].items():
        passed = f"{row['passed']}/{row['runs']}"
        lines.append(f"{name:22} {passed:>9} {row['wrong_effects']:>14} {row['median_seconds']:>9.2f}")
    for failed in document["failed"]:
        lines.append(f"\nFAILED {failed['category']} / {failed['scenario']}")
        lines += [f"  - {fault}" for fault in failed["faults"]]
        lines += [f"      {line}" for line in failed["transcript"]]
    lines.append(
        f"\n{document['passed']} of {document['runs']} runs passed ({document['scenarios']} scenarios, "
        f"{document['seconds']} s), wrong effects: {document['wrong_effects']}."
    )
    return "\n".join(lines)
