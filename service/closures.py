"""What a customer says of an ending: how it went, or that it came back."""

from sqlalchemy import select, update

from agent.closing import reopen
from approvals.parts import Parts
from core.conversation import Principal
from core.errors import Conflict
from service import chat
from store.columns import table
from store.tables.conversation import ClosureRow

_CLOSURE = table(ClosureRow)


async def rate(conversation_id: str, csat: int, who: Principal, parts: Parts) -> None:
    """Keeps the customer's answer on the latest closure; raises NotFound or Conflict."""
    async with parts.store.begin() as work:
        await chat.owned(work, conversation_id, who)
        latest = select(_CLOSURE.c.id).where(_CLOSURE.c.conversation_id == conversation_id)
        closure = await work.value(latest.order_by(_CLOSURE.c.at.desc()).limit(1))
        if closure is None:
            raise Conflict("This conversation is still open.")
        await work.run(update(_CLOSURE).where(_CLOSURE.c.id == closure).values(csat=csat))


async def reopen_closed(conversation_id: str, who: Principal, parts: Parts) -> None:
    """Opens a closed conversation again; an open one stays as it is."""
    async with parts.store.begin() as work:
        if (await chat.owned(work, conversation_id, who)).state == "closed":
            await reopen(work, conversation_id)
