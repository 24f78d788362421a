"""What happened in a stretch of time, counted by the database: overall and for each category, several stretches at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    String,
    case,
    column,
    exists,
    extract,
    func,
    or_,
    select,
    true,
    tuple_,
    values,
)
from sqlalchemy.dialects.postgresql import distinct_on

from agent.repeats import COMES_BACK
from approvals.ladder.clone import CHANNEL
from insights.issue import issue
from store.columns import table
from store.tables.action import ActionRow, ReviewRow, stands
from store.tables.conversation import ClosureRow, ConversationRow, HandoffRow, MessageRow
from store.work import Work

_ACTION = table(ActionRow)
_CLOSURE = table(ClosureRow)
_CONVERSATION = table(ConversationRow)
_HANDOFF = table(HandoffRow)
_MESSAGE = table(MessageRow)
_REVIEW = table(ReviewRow)
# A customer who gives 4 or 5 of 5 is satisfied, as CSAT is usually counted.
SATISFIED = 4
# A page left open over lunch is not work; what a review takes is counted up to this.
LONGEST_LOOK = 30 * 60


class Window(NamedTuple):
    """A stretch of time: from `start` on, before `stop`."""

    start: datetime
    stop: datetime


class Place(NamedTuple):
    """Which stretch, by name, and which category; None for all together."""

    window: str
    category: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Raw counts of one stretch and category; times in seconds, money in millionths of a dollar."""

    ended: int = 0
    resolved: int = 0
    resolved_young: int = 0
    """Resolved less than seven days ago: these may still come back."""
    assisted: int = 0
    abandoned: int = 0
    reopened: int = 0
    repeated: int = 0
    rated_agent: int = 0
    pleased_agent: int = 0
    rated_assisted: int = 0
    pleased_assisted: int = 0
    rated_person: int = 0
    pleased_person: int = 0
    solved_by_agent: int = 0
    agent_solved_p50: float | None = None
    agent_solved_p90: float | None = None
    solved_by_person: int = 0
    person_solved_p50: float | None = None
    person_solved_p90: float | None = None
    opened: int = 0
    handed_over: int = 0
    answered_by_agent: int = 0
    agent_first_p50: float | None = None
    agent_first_p90: float | None = None
    model_cost: int = 0
    handovers: int = 0
    marked: int = 0
    needed: int = 0
    answered_by_person: int = 0
    person_first_p50: float | None = None
    person_first_p90: float | None = None
    decided: int = 0
    unmodified: int = 0
    review_seconds: float = 0.0


NOTHING = Counts()


async def count(work: Work, windows: Mapping[str, Window]) -> Mapping[Place, Counts]:
    """The counts of every named stretch, in four statements however many there are; what is absent is `NOTHING`."""
    named = _named(windows)
    found: dict[Place, Counts] = {}
    for query in (_endings(named, work.now), _openings(named), _handovers(named), _reviews(named)):
        for row in (await work.conn.execute(query)).mappings():
            place = Place(row["window"], row["category"])
            counted = {name: row[name] for name in row if name not in ("window", "category")}
            found[place] = replace(found.get(place, NOTHING), **_plain(counted))
    return found


def is_real() -> ColumnElement[bool]:
    """True for a conversation that a customer opened, not for the surroundings of a canary."""
    return _CONVERSATION.c.channel != CHANNEL


def came_back() -> ColumnElement[bool]:
    """True for an ending that did not last: reopened, or asked about again elsewhere, within seven days."""
    c = _CLOSURE.c
    return or_(reopened(), c.repeated_at.is_not(None))


def reopened() -> ColumnElement[bool]:
    """True for an ending whose thread was opened again within seven days."""
    c = _CLOSURE.c
    return c.reopened_at.is_not(None) & (c.reopened_at - c.at <= COMES_BACK)


def alone() -> ColumnElement[bool]:
    """True for an ending that no person had a part in and that was no silence."""
    c = _CLOSURE.c
    return (c.how == "agent") & (func.jsonb_array_length(c.touched_by) == 1)


def _named(windows: Mapping[str, Window]) -> FromClause:
    time = DateTime(timezone=True)
    shape = values(column("name", String), column("start", time), column("stop", time), name="stretch")
    return shape.data([(name, *window) for name, window in windows.items()])


def _endings(stretch: FromClause, now: datetime) -> Select[Any]:
    c = _CLOSURE.c
    kept = alone() & ~came_back()
    took = extract("epoch", c.at - c.began_at)
    by_person = c.how.in_(("person", "assisted"))
    query: Any = select(
        func.count().label("ended"),
        func.count().filter(kept).label("resolved"),
        func.count().filter(kept & (c.at > now - COMES_BACK)).label("resolved_young"),
        func.count().filter((c.how == "assisted") & ~came_back()).label("assisted"),
        func.count().filter(c.how == "abandoned").label("abandoned"),
        func.count().filter(reopened()).label("reopened"),
        func.count().filter(c.repeated_at.is_not(None)).label("repeated"),
        *(
            counted.label(name)
            for how in ("agent", "assisted", "person")
            for name, counted in (
                (f"rated_{how}", func.count(c.csat).filter(c.how == how)),
                (f"pleased_{how}", func.count().filter((c.how == how) & (c.csat >= SATISFIED))),
            )
        ),
        func.count().filter(alone()).label("solved_by_agent"),
        *_times("agent_solved", case((alone(), took))),
        func.count().filter(by_person).label("solved_by_person"),
        *_times("person_solved", case((by_person, took))),
    )
    return _by_place(query.select_from(stretch).join(_CLOSURE, _within(c.at, stretch)), stretch, c.category)


def _openings(stretch: FromClause) -> Select[Any]:
    c, m, about = _CONVERSATION.c, _MESSAGE.c, issue(_CONVERSATION.c.id)
    asked = first_message(c.id, m.author == "customer")
    said = first_message(c.id, m.author == "agent")
    given = exists().where(_HANDOFF.c.conversation_id == c.id)
    waited = extract("epoch", said.c.at - asked.c.at)
    query = select(
        func.count().label("opened"),
        func.count().filter(given).label("handed_over"),
        func.count(waited).label("answered_by_agent"),
        *_times("agent_first", waited),
        func.coalesce(func.sum(c.cost_micro_usd), 0).label("model_cost"),
    )
    rows = stretch.join(_CONVERSATION, _within(c.opened_at, stretch) & is_real())
    joined = query.select_from(rows).join(about, true()).join(asked, true()).outerjoin(said, true())
    return _by_place(joined, stretch, about.c.category)


def _handovers(stretch: FromClause) -> Select[Any]:
    h, m, about = _HANDOFF.c, _MESSAGE.c, issue(_HANDOFF.c.conversation_id)
    answered = first_message(h.conversation_id, (m.author == "person") & (m.at >= h.at))
    waited = extract("epoch", answered.c.at - h.at)
    query = select(
        func.count().label("handovers"),
        func.count(h.needed_person).label("marked"),
        func.count().filter(h.needed_person).label("needed"),
        func.count(waited).label("answered_by_person"),
        *_times("person_first", waited),
    )
    rows = stretch.join(_HANDOFF, _within(h.at, stretch))
    joined = query.select_from(rows).join(about, true()).outerjoin(answered, true())
    return _by_place(joined, stretch, about.c.category)


def _reviews(stretch: FromClause) -> Select[Any]:
    """The first decision on each proposal; what a second pair of eyes decides is about the first one's change."""
    first = first_reviews().subquery("first")
    seconds = func.least(func.coalesce(first.c.seconds_open, 0), LONGEST_LOOK)
    query = select(
        func.count().label("decided"),
        func.count().filter(first.c.decision == "approve").label("unmodified"),
        func.coalesce(func.sum(seconds), 0.0).label("review_seconds"),
    )
    # A canary is no draft: what reviewers make of it says how they review.
    real = (_ACTION.c.id == first.c.action_id) & ~_ACTION.c.canary
    rows = stretch.join(first, _within(first.c.at, stretch)).join(_ACTION, real)
    return _by_place(query.select_from(rows), stretch, _ACTION.c.category)


def first_reviews() -> Select[Any]:
    """The first decision on each action."""
    r = _REVIEW.c
    return (
        select(r.id, r.action_id, r.decision, r.reason_code, r.reviewer_id, r.seconds_open, r.at)
        .where(stands(r))
        .ext(distinct_on(r.action_id))
        .order_by(r.action_id, r.at, r.id)
    )


def first_message(conversation_id: ColumnElement[Any], which: ColumnElement[bool]) -> Any:
    """One row with the time `at` of the first message that fits, to join to a conversation."""
    m = _MESSAGE.c
    found = select(func.min(m.at).label("at")).where(m.conversation_id == conversation_id, which)
    return found.lateral()


def _times(name: str, seconds: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    return tuple(
        func.percentile_cont(share).within_group(seconds).label(f"{name}_{label}")
        for share, label in ((0.5, "p50"), (0.9, "p90"))
    )


def _within(at: ColumnElement[Any], stretch: FromClause) -> ColumnElement[bool]:
    return (at >= stretch.c.start) & (at < stretch.c.stop)


def _by_place(query: Select[Any], stretch: FromClause, category: ColumnElement[Any]) -> Select[Any]:
    window = stretch.c.name
    sets = func.grouping_sets(tuple_(window, category), tuple_(window))
    return query.add_columns(window.label("window"), category.label("category")).group_by(sets)


def _plain(counted: Mapping[str, Any]) -> dict[str, Any]:
    """Database numerics as Python's own numbers."""
    return {
        name: value if value is None or isinstance(value, int) else float(value)
        for name, value in counted.items()
    }


def stretches(now: datetime, days: int) -> Mapping[str, Window]:
    """The stretch looked at, `now`, and the last three times thirty days, the newest first."""
    month = timedelta(days=30)
    trend = {str(30 * n): Window(now - n * month, now - (n - 1) * month) for n in (1, 2, 3)}
    return {"now": Window(now - timedelta(days=days), now), **trend}
