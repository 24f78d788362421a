"""The day's numbers, for the page that has nothing else to show."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from store.columns import table
from store.tables.action import ReviewRow
from store.work import Store

_REVIEW = table(ReviewRow)


@dataclass(frozen=True, slots=True)
class Today:
    """Decisions of the last 24 hours, by kind, and how long one took."""

    approved: int
    edited: int
    rejected: int
    median_seconds: int | None

    @property
    def decided(self) -> int:
        return self.approved + self.edited + self.rejected


async def today(store: Store) -> Today:
    """What colleagues decided in the last 24 hours."""
    kind = _REVIEW.c.decision
    async with store.begin() as work:
        since = (_REVIEW.c.at > work.now - timedelta(days=1)) & _REVIEW.c.undone_at.is_(None)
        query = select(
            func.count().filter(kind == "approve"),
            func.count().filter(kind == "edit"),
            func.count().filter(kind == "reject"),
            func.percentile_cont(0.5).within_group(_REVIEW.c.seconds_open),
        ).where(since)
        approved, edited, rejected, median = (await work.conn.execute(query)).one()
    return Today(approved, edited, rejected, None if median is None else round(median))
