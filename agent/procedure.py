"""Follows a category's procedure literally: from what was said and found so far to the one next move."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from agent.choosing import listed, picked
from agent.language import IN_ENGLISH
from agent.model import Topic
from agent.told import Told
from agent.view import Unfillable, View, filled_slots
from core.days import day_of
from policies.procedure import (
    ABSENT,
    PRESENT,
    Answer,
    AnyStep,
    Choose,
    FieldRef,
    Given,
    HandOver,
    Literally,
    Need,
    Read,
    Say,
    SlotRef,
    Write,
    holes,
    parse_value,
)

MOST_ASKS = 2
INSTEAD = "Which of these do you mean?"
NOT_UNDERSTOOD = "I did not get that, sorry. "
A_PERSON = " If you would like a colleague to look at it, just say so."
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2}))?$")


@dataclass(frozen=True, slots=True)
class Tell:
    """Words that end the turn."""

    text: str


@dataclass(frozen=True, slots=True)
class Do:
    """A call whose result the procedure needs."""

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Give:
    """A person takes over; `text` is said before."""

    reason: str
    text: str = ""


Move = Tell | Do | Give


class Walk:
    """One walk through the steps; everything it knows comes from the transcript."""

    def __init__(self, topic: Topic, view: View, now: datetime, *, notice: str = "") -> None:
        self._topic = topic
        self._view = view
        self._now = now
        self._notice = notice
        self._results: dict[str, Mapping[str, Any] | None] = {}
        self._done: list[Told] = []
        asks = [(step.need, fixed(step.ask)) for step in topic.policy.procedure if isinstance(step, Need)]
        self._slots = filled_slots(view, asks)

    def move(self) -> Move:
        """The first step that wants something; steps already answered are walked through."""
        try:
            for step in self._topic.policy.procedure:
                move = self._step(step) if self._applies(step.when) else None
                if move is not None:
                    return move
        except Unfillable as missing:
            return Give(str(missing))
        if self._done:
            return Tell(" ".join(self._news()))
        return Give("The procedure has no further step for this.")

    def _step(self, step: AnyStep) -> Move | None:
        match step:
            case Need():
                return self._need(step)
            case Read():
                return self._read(step)
            case Choose():
                return self._choose(step)
            case Write(write=name, args=args, lead=lead):
                return self._write(name, self._args(args), lead=self._text(lead or ""))
            case Answer(answer=text, closes=closes):
                return self._answer(self._text(text), closes=closes)
            case Say(say=text):
                return self._once(self._text(text))
            case HandOver(hand_over=reason):
                return Give(reason)
            case _:
                assert_never(step)

    def _news(self) -> list[str]:
        """What was done and the customer does not know yet: code told them what happened after a review."""
        return [one.say for one in self._done if one.action_id not in self._view.later]

    def _need(self, step: Need) -> Move | None:
        if step.optional or self._slots.get(step.need) is not None:
            return None
        ask = self._text(step.ask)
        return self._ask(fixed(step.ask), ask, about=step.need)

    def _ask(self, mark: str, text: str, *, about: str) -> Move:
        """Asks, once more when it was not understood, then gives up; `mark` is how the question is known again."""
        asked = self._view.times_said(mark)
        if asked >= MOST_ASKS and self._view.last_heard_after_last(mark):
            return Give(f"The customer was asked for {about.replace('_', ' ')} {asked} times.")
        return Tell((NOT_UNDERSTOOD if asked else "") + text)

    def _read(self, step: Read) -> Move | None:
        args = self._args(step.args)
        found = self._view.result(step.read, args, self._now)
        if found is None:
            return Do(step.read, args)
        if found.ok:
            self._results[step.into] = json.loads(found.content)
            return None
        # Something the customer gave may be mistyped; what depends on nothing they said is not theirs to mend.
        theirs = any(
            isinstance(parse_value(v), SlotRef) and args[n] is not None for n, v in step.args.items()
        )
        if theirs:
            return self._once(f"{found.content} Please check it and write it again.")
        return Give(f"{step.read}: {found.content}", found.content)

    def _choose(self, step: Choose) -> Move | None:
        source = parse_value(step.source)
        rows = (self._raw(source) if isinstance(source, FieldRef) else None) or ()
        fits = [row for row in rows if self._fits(row, step.where)]
        if not fits:
            return self._none(step, rows)
        ask = self._text(step.ask)
        only = fits[0] if len(fits) == 1 or step.several == "first" else None
        chosen = only or picked(fits, self._view.heard_since(ask))
        if chosen is None:
            return self._ask(ask, f"{ask}\n{listed(fits)}", about=f"which {step.choose} is meant")
        self._results[step.choose] = chosen
        return None

    def _none(self, step: Choose, rows: Sequence[Mapping[str, Any]]) -> Move | None:
        """Nothing fits: goes on without, hands over, or says so with what there is instead."""
        self._results[step.choose] = None
        if step.otherwise == "go_on":
            return None
        none = self._text(step.none)
        if step.otherwise == "hand_over":
            return Give(f"Nothing fits: {step.choose.replace('_', ' ')}.", none)
        if not self._excluded_by_words(step):
            return self._once(none)
        # Their own words fit no row: the rows there are help more than a no.
        mark = fixed(step.none)
        instead = picked(rows, self._view.heard_since(mark), first=step.several == "first")
        if instead is None:
            more = f" {INSTEAD}\n{listed(rows)}" if rows else ""
            return self._once(none, mark=mark, more=more)
        self._results[step.choose] = instead
        return None

    def _excluded_by_words(self, step: Choose) -> bool:
        refs = [parse_value(value) for value in step.where.values()]
        return any(isinstance(ref, SlotRef) and self._raw(ref) is not None for ref in refs)

    def _write(self, name: str, args: Mapping[str, Any], *, lead: str = "") -> Move | None:
        one = self._view.outcome(name, args)
        if one is None:
            return Do(name, args)
        match one.outcome:
            case "executed":
                self._done.append(one)
                return None
            case "asked":
                return Tell(f"{lead} {one.say}".strip())
            case "held" | "unsure":
                return Tell(one.say)
            case "refused" if one.say:
                return self._once(one.say + A_PERSON)
            case _:
                return Give(one.because or one.say or f"{name} was not possible.", one.say)

    def _answer(self, text: str, *, closes: bool) -> Move | None:
        """The answer; before the first words to somebody who wrote in another language, the notice about it."""
        given = (text, *(f"{notice} {text}" for notice in IN_ENGLISH.values()))
        known = next((one for one in given if self._view.outcome("answer", _answer_args(one, closes))), None)
        fresh = f"{self._notice} {text}" if self._notice and not self._view.replies else text
        return self._write("answer", _answer_args(known or fresh, closes))

    def _once(self, text: str, *, mark: str | None = None, more: str = "") -> Move:
        """Says it; when it was said and the customer came back, more of the same does not help."""
        mark = mark or text
        if self._view.times_said(mark) and self._view.last_heard_after_last(mark):
            return Give(f"The customer came back after: {text[:200]}")
        return Tell(text + more)

    def _applies(self, when: Mapping[str, Given]) -> bool:
        return all(self._matches(self._value(key), expected) for key, expected in when.items())

    def _fits(self, row: Mapping[str, Any], where: Mapping[str, Given]) -> bool:
        return all(self._matches(row.get(name), expected) for name, expected in where.items())

    def _matches(self, actual: Any, expected: Given) -> bool:
        if expected == PRESENT:
            return actual not in (None, "", [])
        if expected == ABSENT:
            return actual in (None, "", [])
        meant = parse_value(expected)
        wanted = self._raw(meant)
        if wanted is None and isinstance(meant, SlotRef) and meant.optional:
            return True
        if isinstance(actual, str) and isinstance(wanted, str):
            return actual.casefold() == wanted.casefold()
        return type(actual) is type(wanted) and bool(actual == wanted)

    def _args(self, args: Mapping[str, Given]) -> dict[str, Any]:
        return {name: self._value(value) for name, value in args.items()}

    def _value(self, value: Given) -> Any:
        return self._raw(parse_value(value))

    def _raw(self, value: SlotRef | FieldRef | Literally) -> Any:
        match value:
            case Literally(value=given):
                return given
            case SlotRef(slot=slot):
                return self._slots.get(slot)
            case FieldRef(name="signals", field=field):
                return getattr(self._topic.signals, field, None)
            case FieldRef(name=name, field=field):
                return (self._results.get(name) or {}).get(field)
            case _:
                assert_never(value)

    def _text(self, text: str) -> str:
        for hole, value in holes(text):
            known = self._raw(value)
            if known in (None, ""):
                raise Unfillable(f"The sentence {text[:120]!r} needs {hole}, which is not known.")
            text = text.replace(hole, in_words(known))
        return text


def _answer_args(text: str, closes: bool) -> dict[str, Any]:
    return {"text": text, "closes": closes}


def fixed(text: str) -> str:
    """The longest piece of a text that no value changes: how it is known again in a reply."""
    pieces = [text]
    for hole, _ in holes(text):
        pieces = [part for piece in pieces for part in piece.split(hole)]
    return max(pieces, key=len).strip()


def in_words(value: Any) -> str:
    """A value as a person reads it: dates as dates, yes and no as words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _ISO.match(value):
        return day_of(value)
    return str(value)
