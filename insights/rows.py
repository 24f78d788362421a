"""The rows behind a number: each conversation or decision that was counted, and on which side it fell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    and_,
    case,
    exists,
    extract,
    func,
    literal,
    null,
    select,
    true,
)

from insights.counts import (
    SATISFIED,
    Window,
    alone,
    came_back,
    first_message,
    first_reviews,
    is_real,
    reopened,
)
from insights.issue import issue
from insights.measures import MEASURES
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ClosureRow, ConversationRow, HandoffRow, MessageRow
from store.work import Store

_ACTION = table(ActionRow)
_CLOSURE = table(ClosureRow)
_CONVERSATION = table(ConversationRow)
_HANDOFF = table(HandoffRow)
_MESSAGE = table(MessageRow)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation or decision of a number: `counts` says on which side of a share it fell, `value` its time or score."""

    id: str
    conversation_id: str
    action_id: str | None
    category: str
    at: datetime
    what: str
    counts: bool | None
    value: float | None


async def rows(
    store: Store, key: str, window: Window, *, category: str | None = None, offset: int = 0, limit: int = PAGE
) -> Sequence[Row]:
    """The rows of a measure in a stretch, the newest first; `key` must be one of MEASURES."""
    query = _SOURCES[key]().subquery("found")
    at = query.c.at
    wanted = (at >= window.start) & (at < window.stop)
    if category is not None:
        wanted &= query.c.category == category
    newest = select(query).where(wanted).order_by(at.desc(), query.c.id).offset(offset).limit(limit)
    async with store.begin() as work:
        return [Row(**found) for found in (await work.conn.execute(newest)).mappings()]


def _row(
    id_: ColumnElement[Any],
    conversation: ColumnElement[Any],
    category: ColumnElement[Any],
    at: ColumnElement[Any],
    what: ColumnElement[Any],
    *,
    action: ColumnElement[Any] | None = None,
    counts: ColumnElement[Any] | None = None,
    value: ColumnElement[Any] | None = None,
) -> Any:
    return select(
        id_.label("id"),
        conversation.label("conversation_id"),
        (null() if action is None else action).label("action_id"),
        category.label("category"),
        at.label("at"),
        what.label("what"),
        (null() if counts is None else counts).label("counts"),
        (null() if value is None else func.cast(value, Float)).label("value"),
    )


def _ending(
    *,
    counts: ColumnElement[bool] | None = None,
    value: ColumnElement[Any] | None = None,
    where: ColumnElement[bool] | None = None,
) -> Select[Any]:
    c = _CLOSURE.c
    back = case((reopened(), "reopened"), (c.repeated_at.is_not(None), "asked again"), else_=null())
    what = case((came_back(), c.how + literal(", ") + back), else_=c.how)
    found = _row(c.id, c.conversation_id, c.category, c.at, what, counts=counts, value=value)
    return found.where(true() if where is None else where)  # type: ignore[no-any-return]


def _opening(kind: str) -> Select[Any]:
    c, about = _CONVERSATION.c, issue(_CONVERSATION.c.id)
    given = exists().where(_HANDOFF.c.conversation_id == c.id)
    if kind == "escalated":
        found = _row(c.id, c.id, about.c.category, c.opened_at, c.state, counts=given)
        return found.where(is_real()).select_from(_CONVERSATION).join(about, true())  # type: ignore[no-any-return]
    if kind == "cost":
        cost = c.cost_micro_usd / literal(1_000_000.0)
        found = _row(c.id, c.id, about.c.category, c.opened_at, c.state, value=cost)
        return found.where(is_real()).select_from(_CONVERSATION).join(about, true())  # type: ignore[no-any-return]
    asked = first_message(c.id, _MESSAGE.c.author == "customer")
    said = first_message(c.id, _MESSAGE.c.author == "agent")
    waited = extract("epoch", said.c.at - asked.c.at)
    found = _row(c.id, c.id, about.c.category, c.opened_at, c.state, value=waited)
    found = found.where(waited.is_not(None), is_real())
    joined = found.select_from(_CONVERSATION).join(about, true()).join(asked, true()).join(said, true())
    return joined  # type: ignore[no-any-return]


def _handover(kind: str) -> Select[Any]:
    h, about = _HANDOFF.c, issue(_HANDOFF.c.conversation_id)
    if kind == "right":
        found = _row(h.id, h.conversation_id, about.c.category, h.at, h.reason, counts=h.needed_person)
        return (  # type: ignore[no-any-return]
            found.where(h.needed_person.is_not(None)).select_from(_HANDOFF).join(about, true())
        )
    answered = first_message(h.conversation_id, and_(_MESSAGE.c.author == "person", _MESSAGE.c.at >= h.at))
    waited = extract("epoch", answered.c.at - h.at)
    found = _row(h.id, h.conversation_id, about.c.category, h.at, h.reason, value=waited)
    return (  # type: ignore[no-any-return]
        found.where(waited.is_not(None)).select_from(_HANDOFF).join(about, true()).join(answered, true())
    )


def _review(*, seconds: bool = False) -> Select[Any]:
    first, a = first_reviews().subquery("first"), _ACTION.c
    why = case((first.c.reason_code.is_not(None), literal(", ") + first.c.reason_code), else_="")
    found = _row(
        first.c.id,
        a.conversation_id,
        a.category,
        first.c.at,
        first.c.decision + why,
        action=first.c.action_id,
        counts=None if seconds else first.c.decision == "approve",
        value=first.c.seconds_open if seconds else None,
    )
    return found.select_from(first.join(_ACTION, (a.id == first.c.action_id) & ~a.canary))  # type: ignore[no-any-return]


def _rated(how: str) -> Select[Any]:
    c = _CLOSURE.c
    return _ending(counts=c.csat >= SATISFIED, value=c.csat, where=(c.how == how) & c.csat.is_not(None))


def _took(which: ColumnElement[bool]) -> Select[Any]:
    c = _CLOSURE.c
    return _ending(value=extract("epoch", c.at - c.began_at), where=which)


_SOURCES: Mapping[str, Callable[[], Select[Any]]] = {
    "resolved_alone": lambda: _ending(counts=alone() & ~came_back()),
    "deflected": lambda: _ending(counts=_CLOSURE.c.how == "abandoned"),
    "escalated": lambda: _opening("escalated"),
    "escalation_right": lambda: _handover("right"),
    "first_response_agent": lambda: _opening("first"),
    "first_response_person": lambda: _handover("first"),
    "resolution_agent": lambda: _took(alone()),
    "resolution_person": lambda: _took(_CLOSURE.c.how.in_(("person", "assisted"))),
    "csat_agent": lambda: _rated("agent"),
    "csat_assisted": lambda: _rated("assisted"),
    "csat_person": lambda: _rated("person"),
    "unmodified": _review,
    "reopened": lambda: _ending(counts=reopened()),
    "repeated": lambda: _ending(counts=_CLOSURE.c.repeated_at.is_not(None)),
    "cost_model": lambda: _opening("cost"),
    "colleague_time": lambda: _review(seconds=True),
}
assert _SOURCES.keys() == MEASURES.keys()
