"""Giving a conversation to a person: everything they need, written to the ticket, and the agent falls silent."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from agent.closing import UNDECIDED, reopen
from agent.lease import locked
from agent.parts import AgentParts
from agent.requests import open_requests
from agent.saying import say
from core.conversation import Attempt, HandoffPacket, Said
from core.ids import ConversationId, CustomerId, TicketId, new_id
from store import outbox
from store.columns import table
from store.events import emit
from store.jobs import Jobs
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, EventRow, HandoffRow, MessageRow
from store.work import Work

_CONVERSATION = table(ConversationRow)
_EVENT = table(EventRow)
_ACTION = table(ActionRow)
_HANDOFF = table(HandoffRow)
TO_CUSTOMER = (
    "I am handing this to a colleague, who sees everything you wrote and what I found, so you need not repeat it. "
    "They answer here, and we mail you."
)
_STATE_WORDS = {
    "asked": "waits for the customer",
    "held": "waits for a colleague",
    "approved": "was approved and is about to run",
    "executing": "is running",
    "unsure": "was sent, and the answer is not known",
    "needs_person": "was sent; a person must find out what became of it",
}


async def hand_over(conversation_id: str, reason: str, parts: AgentParts) -> None:
    """Gives the conversation to a person now; one that has a person already stays with them."""
    async with parts.approvals.store.begin() as work:
        conversation = await locked(work, conversation_id)
        await give(work, conversation, reason, parts.approvals.jobs)


async def taken_over(conversation_id: str, by: str, parts: AgentParts) -> None:
    """A colleague takes the conversation themselves."""
    async with parts.approvals.store.begin() as work:
        conversation = await locked(work, conversation_id)
        await give(work, conversation, "A colleague took over.", parts.approvals.jobs)
        h = _HANDOFF.c
        await work.run(
            update(_HANDOFF)
            .where(h.conversation_id == conversation_id, h.taken_by.is_(None))
            .values(taken_by=by)
        )


async def give(work: Work, conversation: ConversationRow, reason: str, jobs: Jobs) -> None:
    """The same inside a transaction that holds the conversation's row."""
    if conversation.state == "with_person":
        return
    await reopen(work, conversation.id)
    packet = await packet_of(work, conversation, reason)
    handoff = HandoffRow(
        id=new_id("hnd"),
        conversation_id=conversation.id,
        reason=reason,
        packet=packet.model_dump(mode="json"),
        at=work.now,
    )
    await work.add(handoff)
    c = _CONVERSATION.c
    await work.run(update(_CONVERSATION).where(c.id == conversation.id).values(state="with_person"))
    work.audit("conversation.handed_over", conversation=conversation.id, handoff=handoff.id)
    await say(work, conversation.id, TO_CUSTOMER, key=f"handoff:{handoff.id}", turn_id=None)
    await emit(work, conversation.id, "handed_over", {"text": TO_CUSTOMER})
    await _to_ticket(work, jobs, conversation, handoff.id, packet)


async def _to_ticket(
    work: Work, jobs: Jobs, conversation: ConversationRow, handoff_id: str, packet: HandoffPacket
) -> None:
    await open_ticket(work, jobs, conversation, subject="A person is wanted", text=packet.reason)
    messages: Sequence[tuple[outbox.Kind, dict[str, Any]]] = (
        ("ticket_note", {"text": in_words(packet)}),
        ("ticket_status", {"status": "open"}),
    )
    for kind, body in messages:
        key = f"{kind}:{handoff_id}"
        await outbox.put(work, jobs, kind, key=key, conversation_id=conversation.id, body=body)


async def open_ticket(
    work: Work,
    jobs: Jobs,
    conversation: ConversationRow,
    *,
    subject: str,
    text: str,
    tags: Sequence[str] = (),
) -> None:
    """The conversation's one ticket; asking for it again changes nothing."""
    if conversation.ticket_id is not None:
        return
    await outbox.put(
        work,
        jobs,
        "ticket_open",
        key=f"ticket:{conversation.id}",
        conversation_id=conversation.id,
        body={"subject": subject, "text": text, "tags": ["remit", *tags]},
    )


async def pass_on(work: Work, jobs: Jobs, message: MessageRow) -> None:
    """What the customer writes to a person goes to the ticket; the agent says nothing."""
    await outbox.put(
        work,
        jobs,
        "ticket_comment",
        key=f"from-customer:{message.id}",
        conversation_id=message.conversation_id,
        body={"text": f"Customer: {message.text}"},
    )


async def packet_of(work: Work, conversation: ConversationRow, reason: str) -> HandoffPacket:
    """Conversation, facts, attempts, reason and what to do next, as known now."""
    # Events are numbered as they happened; two messages may share a time.
    said = (_EVENT.c.conversation_id == conversation.id) & (_EVENT.c.kind == "message")
    messages = await work.rows(EventRow, select(_EVENT).where(said).order_by(_EVENT.c.seq))
    actions = await work.rows(
        ActionRow,
        select(_ACTION).where(_ACTION.c.conversation_id == conversation.id).order_by(_ACTION.c.created_at),
    )
    wanted = await open_requests(work, conversation.id)
    return HandoffPacket(
        conversation_id=ConversationId(conversation.id),
        customer_id=CustomerId(conversation.customer_id),
        ticket_id=TicketId(conversation.ticket_id) if conversation.ticket_id else None,
        reason=reason,
        category=wanted[0].category if wanted else "other",
        conversation=tuple(Said(author=m.body["author"], text=m.body["text"], at=m.at) for m in messages),
        facts={name: str(fact["value"]) for row in actions for name, fact in row.facts.items()},
        attempts=tuple(
            Attempt(what=row.preview["title"], result=_how(row), at=row.state_at) for row in actions
        ),
        next_step=_next_step(actions),
    )


def _how(row: ActionRow) -> str:
    words = _STATE_WORDS.get(row.state, row.state)
    why = row.failure or " ".join(row.because)
    return f"{words}: {why}" if why else words


def _next_step(actions: Sequence[ActionRow]) -> str:
    waiting = [row for row in actions if row.state in (*UNDECIDED, "needs_person")]
    if waiting:
        return f"Decide first on: {waiting[-1].preview['title']} ({_how(waiting[-1])})."
    return "Read what the customer wrote last and answer it on the ticket."


def in_words(packet: HandoffPacket) -> str:
    """The packet as an internal note."""
    parts = [f"Handed over by the agent. Why: {packet.reason}", f"About: {packet.category.replace('_', ' ')}"]
    if packet.attempts:
        parts.append("Tried:\n" + "\n".join(f"- {a.what}: {a.result}" for a in packet.attempts))
    if packet.facts:
        parts.append(
            "Facts:\n" + "\n".join(f"- {name} = {value}" for name, value in sorted(packet.facts.items()))
        )
    lines = "\n".join(f"[{s.at:%Y-%m-%d %H:%M}] {s.author}: {s.text}" for s in packet.conversation)
    return "\n\n".join([*parts, f"Next: {packet.next_step}", f"Conversation:\n{lines}"])
