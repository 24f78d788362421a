"""One conversation as whoever checks a number reads it: what was said, proposed, handed over, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core.errors import NotFound
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import (
    ClosureRow,
    ConversationRow,
    CustomerRow,
    HandoffRow,
    MessageRow,
    RequestRow,
)
from store.work import Store

_ACTION = table(ActionRow)
_CLOSURE = table(ClosureRow)
_CONVERSATION = table(ConversationRow)
_CUSTOMER = table(CustomerRow)
_HANDOFF = table(HandoffRow)
_MESSAGE = table(MessageRow)
_REQUEST = table(RequestRow)
MOST = 500


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with everything that is counted about it, each list in the order it happened."""

    row: ConversationRow
    customer_name: str
    said: Sequence[MessageRow]
    wishes: Sequence[RequestRow]
    actions: Sequence[ActionRow]
    handovers: Sequence[HandoffRow]
    endings: Sequence[ClosureRow]


async def conversation(store: Store, conversation_id: str) -> Conversation:
    """The conversation; raises NotFound."""
    async with store.begin() as work:
        mine = select(_CONVERSATION).where(_CONVERSATION.c.id == conversation_id)
        row = await work.row(ConversationRow, mine)
        if row is None:
            raise NotFound(f"There is no conversation {conversation_id!r}.")
        name = await work.value(select(_CUSTOMER.c.name).where(_CUSTOMER.c.id == row.customer_id))
        m, r, a, h, c = _MESSAGE.c, _REQUEST.c, _ACTION.c, _HANDOFF.c, _CLOSURE.c
        said = select(_MESSAGE).where(m.conversation_id == row.id).order_by(m.at, m.id).limit(MOST)
        wishes = select(_REQUEST).where(r.conversation_id == row.id).order_by(r.opened_at, r.id)
        actions = select(_ACTION).where(a.conversation_id == row.id).order_by(a.created_at, a.id)
        given = select(_HANDOFF).where(h.conversation_id == row.id).order_by(h.at)
        ends = select(_CLOSURE).where(c.conversation_id == row.id).order_by(c.at)
        return Conversation(
            row=row,
            customer_name=name or "",
            said=await work.rows(MessageRow, said),
            wishes=await work.rows(RequestRow, wishes),
            actions=await work.rows(ActionRow, actions),
            handovers=await work.rows(HandoffRow, given),
            endings=await work.rows(ClosureRow, ends),
        )
