"""Taking over what colleagues did at the help desk, which stays the record of a ticket's status."""

from sqlalchemy import select, update

from agent.closing import close
from agent.handover import give
from agent.lease import locked
from agent.parts import AgentParts
from agent.requests import open_requests, set_state
from store.columns import table
from store.tables.conversation import ConversationRow, HandoffRow
from store.tables.record import OutboxRow
from store.work import Work
from tools.desk.port import Ticket

_CONVERSATION = table(ConversationRow)
_HANDOFF = table(HandoffRow)
_OUTBOX = table(OutboxRow)
_DONE = frozenset({"solved", "closed"})
REOPENED = "The ticket was opened again at the help desk."
LOOK_AGAIN_SECONDS = 60


async def adopt(ticket: Ticket, parts: AgentParts) -> bool:
    """Closes or reopens the conversation of a ticket that colleagues solved or reopened; False when nothing changed.

    What we sent ourselves is no news: the desk counts where it says something else than our last word, and only once
    our own words have all arrived.
    """
    async with parts.approvals.store.begin() as work:
        mine = select(_CONVERSATION.c.id).where(_CONVERSATION.c.ticket_id == ticket.id)
        conversation_id = await work.value(mine)
        if conversation_id is None:
            return False
        conversation = await locked(work, str(conversation_id))
        if await _is_sending(work, conversation.id):
            await _later(work, ticket, parts)
            return False
        is_done = ticket.status in _DONE
        if is_done == await _we_said_done(work, conversation.id):
            return False
        if is_done == (conversation.state == "closed"):
            return False
        if is_done:
            await _close(work, conversation, parts)
        else:
            await give(work, conversation, REOPENED, parts.approvals.jobs)
        work.audit("desk.adopted", conversation=conversation.id, ticket=ticket.id, status=ticket.status)
        return True


async def _close(work: Work, conversation: ConversationRow, parts: AgentParts) -> None:
    h = _HANDOFF.c
    # Somebody at the desk did it; which of the colleagues here that is, nobody said.
    unnamed = (h.conversation_id == conversation.id) & h.taken_by.is_(None)
    await work.run(update(_HANDOFF).where(unnamed).values(taken_by="help desk"))
    for request in await open_requests(work, conversation.id):
        await set_state(work, request.id, "done")
    await close(work, parts.approvals.jobs, conversation, "person")


async def _is_sending(work: Work, conversation_id: str) -> bool:
    o = _OUTBOX.c
    waiting = select(o.id).where(
        o.conversation_id == conversation_id, o.kind != "mail", o.state.in_(("waiting", "sending"))
    )
    return await work.value(waiting.limit(1)) is not None


async def _we_said_done(work: Work, conversation_id: str) -> bool:
    """Whether the last status we sent ended the ticket; a new ticket counts as open."""
    o = _OUTBOX.c
    last = select(o.body["status"].astext).where(
        o.conversation_id == conversation_id, o.kind == "ticket_status", o.state == "sent"
    )
    return await work.value(last.order_by(o.sent_at.desc(), o.at.desc()).limit(1)) in _DONE


async def _later(work: Work, ticket: Ticket, parts: AgentParts) -> None:
    await parts.approvals.jobs.defer(
        work,
        "look_at_object",
        once=f"look:zendesk:ticket:{ticket.id}",
        in_seconds=LOOK_AGAIN_SECONDS,
        vendor="zendesk",
        thing=f"ticket:{ticket.id}",
    )
