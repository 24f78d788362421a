"""How conversations end, counted honestly: who closed them, whether they came back, how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update

from agent.closing import reopen
from approvals.parts import Parts
from core.conversation import Principal
from core.errors import Conflict
from service import chat
from store.columns import table
from store.tables.conversation import ClosureRow, ConversationRow

_CLOSURE = table(ClosureRow)
_CONVERSATION = table(ConversationRow)
# A conversation that comes back within this was not resolved.
COMES_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Count:
    """One number with the words that define it."""

    name: str
    number: int
    definition: str


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


async def counts(parts: Parts, *, since: timedelta = timedelta(days=30)) -> Sequence[Count]:
    """The closures since then; silence is its own number, and a conversation that came back is not resolved."""
    at, how = _CLOSURE.c.at, _CLOSURE.c.how
    back = _CLOSURE.c.reopened_at.is_not(None) & (_CLOSURE.c.reopened_at - at <= COMES_BACK)
    async with parts.store.begin() as work:
        from_then = at > work.now - since
        query = (
            select(how, func.count().filter(~back), func.count().filter(back)).where(from_then).group_by(how)
        )
        ended = {name: (kept, came_back) for name, kept, came_back in (await work.conn.execute(query)).all()}
        still = select(func.count()).where(_CONVERSATION.c.state != "closed")
        open_now = int(await work.value(still) or 0)
    return _named(
        {name: kept for name, (kept, _) in ended.items()}, sum(b for _, b in ended.values()), open_now
    )


def _named(kept: dict[str, int], came_back: int, open_now: int) -> Sequence[Count]:
    return (
        Count(
            "Resolved", kept.get("agent", 0), "Closed by the agent alone and not reopened within seven days."
        ),
        Count("Assisted", kept.get("assisted", 0), "The agent did the work, a colleague decided part of it."),
        Count("By a person", kept.get("person", 0), "Handed over and closed by a colleague."),
        Count("Abandoned", kept.get("abandoned", 0), "The customer went silent. Silence is not success."),
        Count("Came back", came_back, "Closed, then reopened within seven days. Not counted as resolved."),
        Count("Open", open_now, "Not closed yet, whoever has it."),
    )
