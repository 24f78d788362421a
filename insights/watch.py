"""A watch on satisfaction in the first week after a category was given more freedom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import comb
from typing import Literal

from sqlalchemy import func, select

from core.standing import AUTONOMOUS, STRICTEST_FIRST
from insights.counts import SATISFIED, Window
from insights.measures import Reading, share
from store.columns import table
from store.tables.conversation import ClosureRow
from store.tables.standing import StandingChangeRow
from store.work import Store, Work

_CHANGE = table(StandingChangeRow)
_CLOSURE = table(ClosureRow)
WEEK = timedelta(days=7)
BEFORE = timedelta(days=28)
# Below this many answers in the week nothing is said.
ENOUGH = 10
# A fall this unlikely by chance alone wants a look.
UNLIKELY = 0.05
Finding = Literal["worse", "fine", "too_few", "not_rated_before"]


@dataclass(frozen=True, slots=True)
class Watch:
    """Satisfaction in the week after a graduation, beside the four weeks before it."""

    category: str
    standing: str
    at: datetime
    ends_at: datetime
    before: Reading
    after: Reading
    chance: float
    """How likely a fall at least this large is when nothing has changed."""
    finding: Finding


async def watches(store: Store, *, since: timedelta = timedelta(days=30)) -> Sequence[Watch]:
    """Every graduation of that time, the newest first."""
    c = _CHANGE.c
    async with store.begin() as work:
        query = select(_CHANGE).where(c.at > work.now - since, c.after.in_(sorted(AUTONOMOUS)))
        changes = await work.rows(StandingChangeRow, query.order_by(c.at.desc()))
        return [await _watch(work, change) for change in changes if _rises(change)]


async def _watch(work: Work, change: StandingChangeRow) -> Watch:
    before = await _satisfied(work, change.category, Window(change.at - BEFORE, change.at))
    after = await _satisfied(work, change.category, Window(change.at, change.at + WEEK))
    chance = chance_of_fall(before, after)
    return Watch(
        category=change.category,
        standing=change.after,
        at=change.at,
        ends_at=change.at + WEEK,
        before=before,
        after=after,
        chance=chance,
        finding=finding_of(before, after, chance),
    )


def finding_of(before: Reading, after: Reading, chance: float) -> Finding:
    """What the week says; nothing on few answers."""
    if after.of < ENOUGH:
        return "too_few"
    if before.of < ENOUGH:
        return "not_rated_before"
    return "worse" if chance < UNLIKELY else "fine"


def chance_of_fall(before: Reading, after: Reading) -> float:
    """The one-sided p-value of Fisher's exact test that satisfaction fell; 1 where one side has no answers.

    Source: R. A. Fisher, Statistical Methods for Research Workers, 1934: the hypergeometric lower tail.
    """
    if not before.of or not after.of:
        return 1.0
    pleased, answers = before.n + after.n, before.of + after.of
    least = max(0, pleased - before.of)
    ways = sum(comb(after.of, k) * comb(before.of, pleased - k) for k in range(least, after.n + 1))
    return ways / comb(answers, pleased)


async def _satisfied(work: Work, category: str, window: Window) -> Reading:
    c = _CLOSURE.c
    query = select(func.count().filter(c.csat >= SATISFIED), func.count()).where(
        c.category == category, c.csat.is_not(None), c.at >= window.start, c.at < window.stop
    )
    pleased, answers = (await work.conn.execute(query)).one()
    return share(pleased, answers)


def _rises(change: StandingChangeRow) -> bool:
    order: Sequence[str] = STRICTEST_FIRST
    known = change.before in order and change.after in order
    return known and order.index(change.after) > order.index(change.before)
