"""The report of a replay: what rules and confirmation stopped, every exception by name, and the stream on the ladder."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.actions import Refuse
from evals.domains.pack import Pack
from evals.domains.quotes import PolicyText, sections
from evals.replay.judge import MALFORMED, NOT_GIVEN, NOT_OWNED, Judged
from evals.replay.ladder import ladder
from evals.replay.reasons import why_allowed

_OWN_CHECKS: Mapping[str, str] = {
    MALFORMED: "the arguments fit no tool",
    NOT_OWNED: "the object is not the customer's own",
    NOT_GIVEN: "an id that neither the customer nor a tool gave",
}


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds for reading and judging: on the wall, and of the processor alone."""

    wall: float
    cpu: float


def as_document(
    pack: Pack, rows: Sequence[Judged], policy: PolicyText, *, runs: int, spent: Spent
) -> dict[str, Any]:
    """The JSON report; right and wrong count writes whose recorded output is no error."""
    changing = [one for one in rows if one.changed]
    return {
        "domain": pack.name,
        "runs": runs,
        "writes": len(rows),
        "db_changing": len(changing),
        "right": _right(changing),
        "wrong": _wrong(changing),
        "per_rule": _per_rule(changing),
        "per_tool": _per_tool(changing),
        "stopped_right": [
            _stopped(pack, policy, one) for one in changing if one.right and one.stopped_by_rules
        ],
        "wrong_beyond_rules": [
            {
                **_named(one),
                "confirmed": one.consent.given,
                "reason": why_allowed(one),
                "consent": one.consent.because,
            }
            for one in changing
            if not one.right and not one.stopped_by_rules
        ],
        "unconfirmed_right": [
            {**_named(one), "because": one.consent.because}
            for one in changing
            if one.right and not one.consent.given
        ],
        "ladder": ladder(pack, rows),
        "seconds": round(spent.wall, 3),
        "cpu_seconds": round(spent.cpu, 3),
    }


def _right(rows: Sequence[Judged]) -> dict[str, int]:
    right = [one for one in rows if one.right]
    return {
        "n": len(right),
        "stopped_by_rules": sum(one.stopped_by_rules for one in right),
        "unconfirmed": sum(not one.consent.given for one in right),
    }


def _wrong(rows: Sequence[Judged]) -> dict[str, int]:
    wrong = [one for one in rows if not one.right]
    beyond = [one for one in wrong if not one.stopped_by_rules]
    return {
        "n": len(wrong),
        "stopped_by_rules": len(wrong) - len(beyond),
        "stopped_by_confirmation": sum(not one.consent.given for one in beyond),
        "let_through": sum(one.consent.given for one in beyond),
    }


def _per_rule(rows: Sequence[Judged]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in rows:
        for rule in one.rules:
            counts[_rule(one, rule)]["right" if one.right else "wrong"] += 1
    return {
        name: {"wrong": n["wrong"], "right": n["right"]}
        for name, n in sorted(counts.items(), key=lambda item: (-item[1]["wrong"], item[0]))
    }


def _rule(one: Judged, rule: str) -> str:
    return rule if rule in _OWN_CHECKS else f"{one.category}.{rule}"


def _per_tool(rows: Sequence[Judged]) -> dict[str, Any]:
    by_tool: dict[str, list[Judged]] = defaultdict(list)
    for one in rows:
        by_tool[one.call.name].append(one)
    return {name: {"right": _right(some), "wrong": _wrong(some)} for name, some in sorted(by_tool.items())}


def _named(one: Judged) -> dict[str, Any]:
    return {
        "task": one.run.task,
        "trial": one.run.trial,
        "message": one.call.index,
        "tool": one.call.name,
        "target": one.look.target,
    }


def _stopped(pack: Pack, policy: PolicyText, one: Judged) -> dict[str, Any]:
    by_id = {rule.id: rule for rule in pack.by_tool[one.call.name].rules}
    found = [by_id[rule] for rule in one.rules if rule in by_id]
    quotes = dict.fromkeys(quote for rule in found for quote in policy.quotes(rule.reason))
    return {
        **_named(one),
        "rules": [_rule(one, rule) for rule in one.rules],
        "denied": isinstance(one.by_rules, Refuse),
        "because": [rule.sentence for rule in found]
        or [_OWN_CHECKS[r] for r in one.rules if r in _OWN_CHECKS],
        "sections": sorted({one for rule in found for one in sections(rule.reason)}),
        "policy": list(quotes),
    }


def as_text(document: Mapping[str, Any]) -> str:
    """The same for people: numbers, rules, then each exception."""
    right, wrong, held = document["right"], document["wrong"], document["ladder"]
    stopped = wrong["stopped_by_rules"] + wrong["stopped_by_confirmation"]
    lines = [
        f"{document['domain']}: {document['runs']} runs, {document['writes']} writes proposed, "
        f"{document['db_changing']} changed something ({right['n']} right, {wrong['n']} wrong)",
        f"wrong: {_of(wrong['stopped_by_rules'], wrong['n'])} stopped by rules, "
        f"{_of(stopped, wrong['n'])} by rules or confirmation, {wrong['let_through']} let through",
        f"right: {_of(right['stopped_by_rules'], right['n'])} stopped by rules, "
        f"{_of(right['unconfirmed'], right['n'])} never confirmed as they were sent",
        "",
        f"{'rule':48} {'wrong':>6} {'right':>6}",
        *(f"{name:48} {n['wrong']:>6} {n['right']:>6}" for name, n in document["per_rule"].items()),
    ]
    for one in document["stopped_right"]:
        lines.append(f"\nright, but stopped: {_line(one)} by {', '.join(one['rules'])}")
        lines += [f"  policy.md, {quote}" for quote in one["policy"]]
    for one in document["wrong_beyond_rules"]:
        by = "let through" if one["confirmed"] else f"stopped by confirmation ({one['consent']})"
        lines.append(f"\nwrong, and no rule can know: {_line(one)}: {by}\n  {one['reason']}")
    lines += ["", *_ladder_lines(held)]
    lines.append(f"{document['seconds']} s, {document['cpu_seconds']} s of them on the processor")
    return "\n".join(lines)


def _line(one: Mapping[str, Any]) -> str:
    return f"task {one['task']} trial {one['trial']} message {one['message']}: {one['tool']} {one['target']}"


def _ladder_lines(held: Mapping[str, Any]) -> list[str]:
    routes = ", ".join(f"{n} {name}" for name, n in held["routes"].items())
    lines = [
        f"in observation: {routes}; {held['approved']} approved by a perfect reviewer, "
        f"{held['wrong_effects_executed']} wrong effects",
        f"{'category':20} {'tickets':>8} {'errors':>7} {'at most':>8} {'log E':>9}  graduates",
    ]
    for name, row in held["after_rules_and_confirmation"].items():
        lines.append(
            f"{name:20} {row['tickets']:>8} {row['with_an_error']:>7} {row['upper_bound']:>8.3f} "
            f"{row['log_e']:>9.2f}  {'yes' if row['graduates'] else 'no'}"
        )
    return lines


def _of(count: int, whole: int) -> str:
    return f"{count} of {whole} ({count / whole:.0%})" if whole else "0 of 0"
