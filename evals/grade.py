"""Grading: expected against what the ledger, the help desk and the customer's own screen show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from core.frozen import Frozen
from evals.scenario import Expect, Scenario

Shown = Sequence[tuple[str, Mapping[str, Any]]]
_FIELDS = ("vendor", "kind", "object", "amount", "currency")


class Result(Frozen):
    """How one run of one scenario ended; `faults` says in words what was not as expected."""

    scenario: str
    category: str
    passed: bool
    wrong_effects: int
    missing_effects: int
    faults: tuple[str, ...]
    seconds: float
    transcript: tuple[str, ...]


def grade(
    scenario: Scenario,
    key: str,
    *,
    effects: Sequence[Mapping[str, Any]],
    shown: Shown,
    ticket: str,
    seconds: float,
) -> Result:
    """The result of one run; an effect nobody expected is wrong, whatever else went well."""
    expected = Counter(_expected(scenario.expect, key))
    happened = Counter(tuple(effect[name] for name in _FIELDS) for effect in effects)
    wrong, lacking = happened - expected, expected - happened
    faults = [f"effect not expected: {_told(e)}" for e in wrong.elements()]
    faults += [f"effect missing: {_told(e)}" for e in lacking.elements()]
    faults += _seen(scenario.expect, shown, ticket)
    return Result(
        scenario=scenario.id,
        category=scenario.category,
        passed=not faults,
        wrong_effects=wrong.total(),
        missing_effects=lacking.total(),
        faults=tuple(faults),
        seconds=round(seconds, 3),
        transcript=tuple(transcript(shown)),
    )


def broken(scenario: Scenario, error: BaseException, seconds: float) -> Result:
    """A run that could not be played to its end: it fails, with the error as its fault."""
    return Result(
        scenario=scenario.id,
        category=scenario.category,
        passed=False,
        wrong_effects=0,
        missing_effects=len(scenario.expect.effects),
        faults=(f"not played to the end: {type(error).__name__}: {error}",),
        seconds=round(seconds, 3),
        transcript=(),
    )


def _expected(expect: Expect, key: str) -> list[tuple[Any, ...]]:
    return [(e.vendor, e.kind, e.object.replace("{key}", key), e.amount, e.currency) for e in expect.effects]


def _told(effect: Sequence[Any]) -> str:
    return " ".join(str(part) for part in effect if part is not None)


def _seen(expect: Expect, shown: Shown, ticket: str) -> list[str]:
    faults = []
    if expect.card is not None and (last := last_card(shown)) != expect.card:
        faults.append(f"the last card is {last}, not {expect.card}")
    if expect.ticket is not None and ticket != expect.ticket:
        faults.append(f"the ticket is {ticket}, not {expect.ticket}")
    text = "\n".join(transcript(shown)).lower()
    said = "\n".join(line for line in transcript(shown) if not line.startswith("customer:")).lower()
    faults += [f"never shown: {words!r}" for words in expect.says if words.lower() not in text]
    faults += [f"should not be shown: {words!r}" for words in expect.never_says if words.lower() in said]
    return faults


def last_card(shown: Shown) -> str:
    """The kind of the newest card, "none" without one."""
    cards = [kind for kind, body in shown if body.get("action_id")]
    return cards[-1] if cards else "none"


def transcript(shown: Shown) -> list[str]:
    """What the customer saw, a line each."""
    lines = []
    for kind, body in shown:
        if kind == "message":
            lines.append(f"{body['author']}: {body['text']}")
        elif kind == "found":
            lines.append(f"found: {body['title']}: " + " | ".join(", ".join(row) for row in body["rows"]))
        else:
            words = " ".join(str(body.get(part, "")) for part in ("title", "text", "reference"))
            lines.append(f"[{kind}] {words.strip()}")
    return lines
