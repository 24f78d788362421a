"""Conversations in which the customer fell silent: closed as abandoned, which is no success."""

from datetime import timedelta

from sqlalchemy import exists, select

from agent.closing import UNDECIDED, close
from agent.lease import locked
from agent.parts import AgentParts
from agent.requests import open_requests, set_state
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow

_CONVERSATION = table(ConversationRow)
_ACTION = table(ActionRow)
SILENT = timedelta(hours=72)


async def close_silent(parts: AgentParts, *, after: timedelta = SILENT) -> int:
    """Closes what nobody has touched for `after` and where nothing waits; how many."""
    c, a = _CONVERSATION.c, _ACTION.c
    async with parts.approvals.store.begin() as work:
        waits = exists().where(a.conversation_id == c.id, a.state.in_(UNDECIDED))
        query = select(c.id).where(c.state == "open", c.last_at < work.now - after, ~waits).limit(200)
        silent = list((await work.conn.execute(query)).scalars())
    for conversation_id in silent:
        await _close(conversation_id, parts, after)
    return len(silent)


async def _close(conversation_id: str, parts: AgentParts, after: timedelta) -> None:
    async with parts.approvals.store.begin() as work:
        conversation = await locked(work, conversation_id)
        if conversation.state != "open" or conversation.last_at >= work.now - after:
            return
        for request in await open_requests(work, conversation_id):
            await set_state(work, request.id, "dropped")
        await close(work, parts.approvals.jobs, conversation, "abandoned")
