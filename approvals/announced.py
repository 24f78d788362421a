"""Who decided last on an action, for those who are told of it outside."""

from sqlalchemy import select

from store.columns import table
from store.tables.action import ReviewRow
from store.tables.people import UserRow
from store.work import Work

_REVIEW = table(ReviewRow)
_USER = table(UserRow)


async def last_decider(work: Work, action_id: str) -> str | None:
    """The name of the colleague whose decision stands, None when nobody decided."""
    query = (
        select(_USER.c.name)
        .join(_REVIEW, _REVIEW.c.reviewer_id == _USER.c.id)
        .where(_REVIEW.c.action_id == action_id, _REVIEW.c.undone_at.is_(None))
        .order_by(_REVIEW.c.at.desc())
        .limit(1)
    )
    found: str | None = await work.value(query)
    return found
