"""Correction notes that a category's prompt shows: what colleagues taught, once a person has released it."""

from sqlalchemy import select

from store.columns import table
from store.tables.learning import CorrectionRow
from store.work import Work

_CORRECTION = table(CorrectionRow)
# What is about to leave is shown until the next release takes it out.
IN_FORCE = ("released", "leaving")


async def notes_of(work: Work, category: str) -> tuple[str, ...]:
    """The notes in force, oldest first; one that was blanked with its customer is no longer shown."""
    c = _CORRECTION.c
    query = select(c.text).where(c.category == category, c.state.in_(IN_FORCE))
    found = (await work.conn.execute(query.order_by(c.released_at, c.id))).scalars()
    return tuple(text for text in found if text.strip())
