"""One request's part of a transcript, as a procedure asks about it: what was said, asked and found out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent.entries import CallResult, Entry, Heard, Noted, Replied, Results
from agent.slots import Value, asked_slot, said_slots
from agent.told import NOT_RUN, Told, from_content
from core.canonical import canonical_json
from core.errors import RemitError

# What was read is read again after a while; what could not be read, sooner.
FRESH = timedelta(minutes=15)
FAILED_FRESH = timedelta(minutes=2)


class Unfillable(RemitError):
    """A text or argument names a value that is not known."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A call with its result, where it stands and when it came."""

    index: int
    result: CallResult
    at: datetime


@dataclass
class View:
    """Built by `view_of`; indexes are places in the request's entries."""

    heard: list[tuple[int, str]] = field(default_factory=list)
    replies: list[tuple[int, str]] = field(default_factory=list)
    answered: dict[tuple[str, str], Answered] = field(default_factory=dict)
    later: dict[str, Told] = field(default_factory=dict)

    def result(self, name: str, args: Mapping[str, Any], now: datetime) -> CallResult | None:
        """What this very call gave, while it is fresh."""
        found = self.answered.get(_key(name, args))
        if found is None:
            return None
        return found.result if now - found.at <= (FRESH if found.result.ok else FAILED_FRESH) else None

    def outcome(self, name: str, args: Mapping[str, Any]) -> Told | None:
        """What became of this very write, by the latest news; None when it was not proposed."""
        found = self.answered.get(_key(name, args))
        first = from_content(found.result.content) if found else None
        if first is None or first.outcome == NOT_RUN:
            return None
        return self.later.get(first.action_id or "", first)

    def times_said(self, text: str) -> int:
        """In how many replies this text stands."""
        return sum(text in said for _, said in self.replies)

    def heard_since(self, text: str) -> list[str]:
        """What the customer wrote after this text was first said."""
        first = next((index for index, said in self.replies if text in said), None)
        return [] if first is None else [words for index, words in self.heard if index > first]

    def last_heard_after_last(self, text: str) -> bool:
        """True when the customer wrote something after this text was last said."""
        last = max((index for index, said in self.replies if text in said), default=None)
        return last is not None and any(index > last for index, _ in self.heard)


def view_of(transcript: Iterable[Entry], request_id: str) -> View:
    """The view of one request; entries of others are left out."""
    view = View()
    names: dict[str, tuple[str, str]] = {}
    for index, entry in enumerate(e for e in transcript if e.request_id == request_id):
        match entry:
            case Heard(text=text):
                view.heard.append((index, text))
            case Replied(text=text, calls=calls):
                if text:
                    view.replies.append((index, text))
                names |= {call.id: _key(call.name, call.args) for call in calls}
            case Results(results=results, at=at):
                for result in results:
                    if result.call_id in names:
                        view.answered[names[result.call_id]] = Answered(index, result, at)
            case Noted(action_id=str(action_id), outcome=str(outcome), text=text):
                view.later[action_id] = Told(outcome=outcome, say=text, action_id=action_id)
            case Noted():
                pass
    return view


def filled_slots(view: View, asks: Sequence[tuple[str, str]]) -> dict[str, Value]:
    """Slots from everything heard, later words over earlier; `asks` pairs a slot with the question for it."""
    slots: dict[str, Value] = {}
    for index, text in view.heard:
        slots |= said_slots(text)
        before = [said for at, said in view.replies if at < index]
        for slot, ask in asks:
            answer = asked_slot(slot, text) if before and ask in before[-1] else None
            if answer is not None:
                slots[slot] = answer
    opening = _opening(view)
    if opening and "words" not in slots:
        slots["words"] = opening
    return slots


def _opening(view: View) -> str:
    first_reply = min((index for index, _ in view.replies), default=None)
    return "\n".join(text for index, text in view.heard if first_reply is None or index < first_reply)[:2000]


def _key(name: str, args: Any) -> tuple[str, str]:
    return name, canonical_json(args)
