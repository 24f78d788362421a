"""What a customer sees, as numbered rows: written with the change they show, replayed from any number."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import select, update

from store.columns import table
from store.tables.conversation import ConversationRow, EventRow
from store.work import Work

# message: a line; found: a small table; confirm, step_up, waiting, receipt, refused: a card of one action;
# handed_over, closed, reopened: the conversation's own state.
EventKind = Literal[
    "message",
    "found",
    "confirm",
    "step_up",
    "waiting",
    "receipt",
    "refused",
    "handed_over",
    "closed",
    "reopened",
]
CHANNEL = "remit_events"
_CONVERSATION = table(ConversationRow)
_EVENT = table(EventRow)


async def emit(work: Work, conversation_id: str, kind: EventKind, body: dict[str, Any]) -> int:
    """Adds the next event of a conversation and wakes its readers on commit; its number."""
    bump = (
        update(_CONVERSATION)
        .where(_CONVERSATION.c.id == conversation_id)
        .values(next_event=_CONVERSATION.c.next_event + 1, last_at=work.now)
        .returning(_CONVERSATION.c.next_event - 1)
    )
    seq = int((await work.conn.execute(bump)).scalar_one())
    await work.add(EventRow(conversation_id=conversation_id, seq=seq, kind=kind, body=body, at=work.now))
    await work.notify(CHANNEL, conversation_id)
    return seq


async def after(work: Work, conversation_id: str, seq: int) -> Sequence[EventRow]:
    """Events numbered above `seq`, in order."""
    query = (
        select(_EVENT)
        .where(_EVENT.c.conversation_id == conversation_id, _EVENT.c.seq > seq)
        .order_by(_EVENT.c.seq)
        .limit(1000)
    )
    return await work.rows(EventRow, query)
