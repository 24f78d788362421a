"""What a customer sees, as numbered rows: written with the change they show, replayed from any number."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import bindparam, func, insert, select, update

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


# One statement for the number, the row and the wake-up: a turn writes several events.
_AT, _ID = (
    bindparam("now", type_=_EVENT.c.at.type),
    bindparam("conversation", type_=_EVENT.c.conversation_id.type),
)
_BUMPED = (
    update(_CONVERSATION)
    .where(_CONVERSATION.c.id == _ID)
    .values(next_event=_CONVERSATION.c.next_event + 1, last_at=_AT)
    .returning((_CONVERSATION.c.next_event - 1).label("seq"))
    .cte("bumped")
)
_ROW = select(
    _ID,
    _BUMPED.c.seq,
    bindparam("event_kind", type_=_EVENT.c.kind.type),
    bindparam("event_body", type_=_EVENT.c.body.type),
    _AT,
)
_ADDED = (
    insert(_EVENT)
    .from_select(["conversation_id", "seq", "kind", "body", "at"], _ROW)
    .returning(_EVENT.c.seq)
    .cte("added")
)
_EMIT = select(_ADDED.c.seq, func.pg_notify(CHANNEL, _ID))


async def emit(work: Work, conversation_id: str, kind: EventKind, body: dict[str, Any]) -> int:
    """Adds the next event of a conversation and wakes its readers on commit; its number."""
    values = {"conversation": conversation_id, "event_kind": kind, "event_body": body, "now": work.now}
    return int((await work.conn.execute(_EMIT, values)).scalar_one())


async def after(work: Work, conversation_id: str, seq: int) -> Sequence[EventRow]:
    """Events numbered above `seq`, in order."""
    query = (
        select(_EVENT)
        .where(_EVENT.c.conversation_id == conversation_id, _EVENT.c.seq > seq)
        .order_by(_EVENT.c.seq)
        .limit(1000)
    )
    return await work.rows(EventRow, query)
