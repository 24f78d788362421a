"""Words among colleagues about an action; neither the customer nor the model sees them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from approvals.parts import Parts, Reviewer
from approvals.record import action_row
from core.errors import Forbidden, Invalid
from core.ids import new_id
from store.columns import table
from store.tables.action import NoteRow
from store.work import Work

_NOTE = table(NoteRow)
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Note:
    """One colleague's words."""

    by: str
    text: str
    at: datetime


async def write_note(action_id: str, text: str, reviewer: Reviewer, parts: Parts) -> None:
    """Keeps a note beside an action in whatever state; raises Forbidden, Invalid or NotFound."""
    if not reviewer.roles & {"approver", "ops", "admin"}:
        raise Forbidden("Only approvers and ops may write notes.")
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        await add_note(work, row.id, by=reviewer.id, text=text)


async def add_note(work: Work, action_id: str, *, by: str, text: str) -> None:
    """Adds a note in this unit of work; raises Invalid for an empty or overlong one."""
    words = text.strip()
    if not words:
        raise Invalid("Write something first.")
    if len(words) > LONGEST:
        raise Invalid(f"A note has at most {LONGEST:,} characters; this one has {len(words):,}.")
    await work.add(NoteRow(id=new_id("note"), action_id=action_id, by=by, text=words, at=work.now))
    work.audit("action.noted", action=action_id, by=by)


async def notes_on(work: Work, action_id: str) -> tuple[Note, ...]:
    """The notes on an action, oldest first."""
    rows = await work.rows(NoteRow, select(_NOTE).where(_NOTE.c.action_id == action_id).order_by(_NOTE.c.at))
    return tuple(Note(r.by, r.text, r.at) for r in rows)
