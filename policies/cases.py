"""Completes the examples of a category with the facts they start from, and checks that each fits what is declared."""

from collections.abc import Mapping
from datetime import datetime

from core.facts import FactType, FactValue
from policies.cel import unfit
from policies.check import FACTS_UNFIT, NO_RULE_MATCHED
from policies.model import CategoryFile, Example, Judge
from policies.report import Loc, Report
from policies.source import nearest

# An ordinary request of an ordinary customer; an example says only what differs.
CALM: Mapping[str, FactValue] = {
    "request.confidence_pct": 95,
    "request.angry": False,
    "request.urgent": False,
    "request.contacts_30d": 0,
    "request.handovers": 0,
    "request.security_words": False,
    "request.legal_words": False,
    "request.compliance_words": False,
    "customer.tier": "standard",
    "customer.health": "good",
    "customer.tier_known": True,
    "agent.writes_on_target": 0,
}


def complete_examples(file: CategoryFile, judges: Mapping[str, Judge], report: Report) -> tuple[Example, ...]:
    """The examples with all their facts, typed; what does not fit is reported."""
    bases: dict[str, dict[str, FactValue | None]] = {}
    for tool, facts in file.example_facts.items():
        loc: Loc = ("example_facts", tool)
        if _judged(tool, judges, loc, report):
            bases[tool] = _typed(facts, judges[tool].declared, loc, report)
    seen: set[str] = set()
    done: list[Example] = []
    for index, example in enumerate(file.examples):
        loc = ("examples", index)
        if example.id in seen:
            report.at((*loc, "id"), f"duplicate example id {example.id!r}")
        seen.add(example.id)
        _check_rule(example, file, (*loc, "rule"), report)
        if _judged(example.tool, judges, (*loc, "tool"), report):
            own = _typed(example.facts, judges[example.tool].declared, (*loc, "facts"), report)
            merged = {**CALM, **bases.get(example.tool, {}), **own}
            facts = {name: value for name, value in merged.items() if value is not None}
            done.append(example.model_copy(update={"facts": facts}))
    return tuple(done)


def _judged(tool: str, judges: Mapping[str, Judge], loc: Loc, report: Report) -> bool:
    if tool not in judges:
        report.at(loc, f"{tool!r} is no write of this category; {nearest(tool, judges)}")
    return tool in judges


def _check_rule(example: Example, file: CategoryFile, loc: Loc, report: Report) -> None:
    known = {rule.id for rule in file.rules if example.tool in rule.tools}
    known |= {NO_RULE_MATCHED.rule, FACTS_UNFIT}
    if example.rule not in known and not example.rule.startswith("always."):
        report.at(loc, f"no rule {example.rule!r} covers {example.tool!r}; {nearest(example.rule, known)}")


def _typed(
    facts: Mapping[str, FactValue | None], declared: Mapping[str, FactType], loc: Loc, report: Report
) -> dict[str, FactValue | None]:
    typed: dict[str, FactValue | None] = {}
    for name, written in facts.items():
        if name not in declared:
            report.at_key((*loc, name), f"unknown fact {name!r}; {nearest(name, declared)}")
            continue
        value = _time(written) if declared[name] == "timestamp" else written
        if value is not None and unfit({name: value}, declared):
            hint = " in UTC, such as 2026-01-31T12:00:00Z" if declared[name] == "timestamp" else ""
            report.at((*loc, name), f"{name} must be of type {declared[name]}{hint}, not {written!r}")
        typed[name] = value
    return typed


def _time(written: FactValue | None) -> FactValue | None:
    try:
        return datetime.fromisoformat(written) if isinstance(written, str) else written
    except ValueError:
        return written
