"""Taking an approval back while its window runs: nothing was sent yet, so the action waits again."""

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select, update

from approvals import cards
from approvals.claims import look_at
from approvals.parts import Parts, Reviewer
from approvals.record import action_row, move
from core.errors import Conflict, Forbidden, Gone
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.work import Work

_REVIEW = table(ReviewRow)


async def run_after_window(work: Work, row: ActionRow, parts: Parts) -> None:
    """Defers the execution of an action approved just now to the end of its window."""
    seconds = 0 if row.runs_at is None else ceil((row.runs_at - work.now).total_seconds())
    await parts.jobs.defer(
        work, "execute_action", once=f"execute:{row.id}", in_seconds=max(0, seconds), action_id=row.id
    )


def window_end(work: Work, parts: Parts) -> datetime | None:
    """Until when an approval given now can be taken back; None for not at all."""
    return work.now + parts.undo if parts.undo > timedelta(0) else None


async def undo(action_id: str, reviewer: Reviewer, parts: Parts) -> None:
    """Takes one's own approval back; raises Forbidden, Conflict, or Gone once the window is over."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if row.state in ("executing", "executed", "unsure"):
            raise Gone("It has run already, so it cannot be undone here.")
        if row.state != "approved":
            raise Conflict(f"There is nothing to undo: this is {row.state}.")
        if row.runs_at is None or row.runs_at <= work.now:
            raise Gone("The time to undo is over: it is about to run.")
        review = await _approval(work, row)
        if review is None or review.reviewer_id != reviewer.id:
            raise Forbidden("Only whoever approved this can undo it.")
        # Used up, so that no execution can lean on it, and undone, so that it counts for nothing.
        mine = update(_REVIEW).where(_REVIEW.c.id == review.id)
        await work.run(mine.values(used_at=work.now, undone_at=work.now))
        await move(work, row, "held", approved_at=None, runs_at=None, opened_at=work.now)
        row.waits = True
        work.audit("action.undone", action=row.id, digest=row.digest, by=reviewer.id)
        await look_at(work, row, reviewer)
        await cards.show_state(work, row)
        await work.notify("remit_queue", row.id)


async def _approval(work: Work, row: ActionRow) -> ReviewRow | None:
    """The unused approval this action would run on."""
    r = _REVIEW.c
    query = (
        select(_REVIEW)
        .where(r.action_id == row.id, r.decision.in_(("approve", "edit")), r.used_at.is_(None))
        .order_by(r.at.desc(), r.id.desc())
        .limit(1)
    )
    return await work.row(ReviewRow, query)
