"""Grading: expected against what the ledger, the help desk and the customer's own screen show."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.told import MODELS_FAULT
from core.errors import Invalid
from core.frozen import Frozen
from evals.scenario import Expect, ExpectedEffect, Scenario
from evals.seen import NOTHING, Seen, SeenCall

Shown = Sequence[tuple[str, Mapping[str, Any]]]
_FIELDS = ("vendor", "kind", "object", "amount", "currency")
_NAME = re.compile(r"\{([a-z]+(?: [^{}]+)?)\}")


# A call that the gate turns down for one of these is the agent's own mistake, whatever harm was kept off.
AGENTS_FAULT = frozenset({*MODELS_FAULT, "ownership"})
ANSWER = "answer"


class Result(Frozen):
    """How one run of one scenario ended; `faults` says in words what was not as expected."""

    scenario: str
    category: str
    epoch: int = 1
    passed: bool
    handed_over: bool = False
    wants_person: bool = False
    """Whether the scenario expects a person."""
    wrong_effects: int
    missing_effects: int
    faults: tuple[str, ...]
    seconds: float
    transcript: tuple[str, ...]
    seen: Seen = NOTHING


def grade(
    scenario: Scenario,
    names: Mapping[str, str],
    *,
    effects: Sequence[Mapping[str, Any]],
    shown: Shown,
    ticket: str,
    seconds: float,
    seen: Seen = NOTHING,
    epoch: int = 1,
    off_script: Sequence[str] = (),
) -> Result:
    """The result of one run; an effect nobody expected is wrong, whatever else went well."""
    wrong, lacking = _unmatched(_expected(scenario.expect, names), effects)
    faults = [f"effect not expected: {_told(e)}" for e in wrong]
    faults += [f"effect missing: {_told(e)}" for e in lacking]
    faults += [*off_script, *_shown(scenario.expect, shown, ticket), *_done(scenario.expect, seen)]
    return Result(
        scenario=scenario.id,
        category=scenario.category,
        epoch=epoch,
        passed=not faults,
        handed_over=_is_handed(shown),
        wants_person=bool(scenario.expect.handed_over),
        wrong_effects=len(wrong),
        missing_effects=len(lacking),
        faults=tuple(faults),
        seconds=round(seconds, 3),
        transcript=tuple(transcript(shown)),
        seen=seen,
    )


def broken(scenario: Scenario, error: BaseException, seconds: float, *, epoch: int = 1) -> Result:
    """A run that could not even be graded: it fails, with the error as its fault."""
    return Result(
        scenario=scenario.id,
        category=scenario.category,
        epoch=epoch,
        passed=False,
        wants_person=bool(scenario.expect.handed_over),
        wrong_effects=0,
        missing_effects=len(scenario.expect.effects),
        faults=(f"not graded: {type(error).__name__}: {error}",),
        seconds=round(seconds, 3),
        transcript=(),
    )


def named(text: str, names: Mapping[str, str]) -> str:
    """The text with the customer's own ids for the names in braces; raises Invalid for a name they do not have."""

    def id_of(found: re.Match[str]) -> str:
        if found[1] not in names:
            raise Invalid(f"nothing of this customer is called {found[1]!r}; known: {', '.join(names)}")
        return names[found[1]]

    return _NAME.sub(id_of, text)


def _expected(expect: Expect, names: Mapping[str, str]) -> list[Mapping[str, Any]]:
    return [_filled(effect, names) for effect in expect.effects]


def _filled(effect: ExpectedEffect, names: Mapping[str, str]) -> Mapping[str, Any]:
    detail = {k: named(v, names) if isinstance(v, str) else v for k, v in effect.detail.items()}
    return {**effect.model_dump(), "object": named(effect.object, names), "detail": detail}


def _unmatched(
    expected: Sequence[Mapping[str, Any]], happened: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """What happened without being expected, and what was expected without happening; each row counts once."""
    left = list(happened)
    lacking = []
    # The most exact first, so that a loose expectation never takes the row that only another one fits.
    for wanted in sorted(expected, key=lambda one: -len(one["detail"])):
        fit = next((row for row in left if _fits(row, wanted)), None)
        if fit is None:
            lacking.append(wanted)
        else:
            left.remove(fit)
    return left, lacking


def _fits(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    told = row.get("detail", {})
    same = all(row[name] == wanted[name] for name in _FIELDS)
    return same and all(told.get(name) == value for name, value in wanted["detail"].items())


def _told(effect: Mapping[str, Any]) -> str:
    parts = [str(effect[name]) for name in _FIELDS if effect[name] is not None]
    parts += [f"{name}={value}" for name, value in effect.get("detail", {}).items()]
    return " ".join(parts)


def _shown(expect: Expect, shown: Shown, ticket: str) -> list[str]:
    faults = []
    if expect.card is not None and (last := last_card(shown)) != expect.card:
        faults.append(f"the last card is {last}, not {expect.card}")
    if expect.ticket is not None and ticket != expect.ticket:
        faults.append(f"the ticket is {ticket}, not {expect.ticket}")
    given = _is_handed(shown)
    if expect.handed_over is not None and given != expect.handed_over:
        faults.append("nobody took over" if expect.handed_over else "it was handed over")
    text = "\n".join(transcript(shown)).lower()
    said = "\n".join(line for line in transcript(shown) if not line.startswith("customer:")).lower()
    faults += [f"never shown: {words!r}" for words in expect.says if words.lower() not in text]
    faults += [f"should not be shown: {words!r}" for words in expect.never_says if words.lower() in said]
    return faults


def _is_handed(shown: Shown) -> bool:
    return any(kind == "handed_over" for kind, _ in shown)


def _done(expect: Expect, seen: Seen) -> list[str]:
    """What the agent did wrong, also where a gate kept the harm off."""
    faults = [wrong for call in seen.calls if (wrong := _misused(call)) is not None]
    faults += [f"read what was not to be read: {read}" for read in seen.refused_reads]
    if expect.proposes is not None:
        allowed = {*expect.proposes, ANSWER}
        writes = dict.fromkeys(c.name for c in seen.calls if c.is_write and c.name not in allowed)
        faults += [f"proposed {name}, which is not what was asked for" for name in writes]
    if expect.route is not None and seen.route != expect.route:
        faults.append(f"it was {seen.route}, not {expect.route}")
    if expect.reason is not None and not any(expect.reason.lower() in r.lower() for r in seen.reasons):
        faults.append(f"{expect.reason!r} is not among the reasons: {'; '.join(seen.reasons) or 'none'}")
    return faults


def _misused(call: SeenCall) -> str | None:
    if call.check in AGENTS_FAULT:
        return f"{call.name} was called wrongly ({call.check}): {call.came[:200]}"
    return None


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
