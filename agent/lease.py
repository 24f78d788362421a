"""One turn of a conversation at a time: a lease that runs out, and a fence that outdates a late holder."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select, update

from core.errors import Conflict, NotFound
from core.ids import new_id
from store.columns import table
from store.tables.conversation import ConversationRow
from store.work import Work

_CONVERSATION = table(ConversationRow)


class LeaseLost(Conflict):
    """Another process has taken the conversation over; nothing of this turn counts any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to speak in a conversation; good while the fence is the conversation's own."""

    conversation_id: str
    fence: int


async def take(work: Work, conversation_id: str, *, seconds: float) -> Lease | None:
    """The lease, or None while somebody else holds it; locks the conversation's row."""
    c = _CONVERSATION.c
    free = or_(c.lease_until.is_(None), c.lease_until <= work.now)
    statement = (
        update(_CONVERSATION)
        .where(c.id == conversation_id, free)
        .values(
            lease_by=new_id("turn"),
            lease_until=work.now + timedelta(seconds=seconds),
            fence=c.fence + 1,
        )
        .returning(c.fence)
    )
    fence = (await work.conn.execute(statement)).scalar()
    return None if fence is None else Lease(conversation_id, int(fence))


async def hold(work: Work, lease: Lease) -> ConversationRow:
    """The conversation, locked, while the lease is good; raises LeaseLost."""
    row = await locked(work, lease.conversation_id)
    if row.fence != lease.fence:
        raise LeaseLost("This turn was taken over by another process.")
    return row


async def release(work: Work, lease: Lease) -> None:
    """Lets the next turn in."""
    c = _CONVERSATION.c
    await work.run(
        update(_CONVERSATION)
        .where(c.id == lease.conversation_id, c.fence == lease.fence)
        .values(lease_by=None, lease_until=None)
    )


async def locked(work: Work, conversation_id: str) -> ConversationRow:
    """The conversation's row, held until this unit of work ends; raises NotFound."""
    query = select(_CONVERSATION).where(_CONVERSATION.c.id == conversation_id).with_for_update()
    row = await work.row(ConversationRow, query)
    if row is None:
        raise NotFound("There is no such conversation.")
    return row
