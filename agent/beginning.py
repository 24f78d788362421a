"""The first commit of a turn: the lease, what was heard, the request it belongs to, the ticket."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from agent.bounds import Spent
from agent.entries import Entry
from agent.handover import open_ticket, pass_on
from agent.hearing import Hearing, hear, left_over, unheard
from agent.lease import Lease, locked, release, take
from agent.model import Model, Usage
from agent.news import news
from agent.parts import AgentParts
from agent.requests import open_requests, set_state
from agent.transcript import append, load
from approvals.again import principal_of
from approvals.parts import Asking
from core.conversation import Signals
from core.ids import Category, ConversationId, TurnId, new_id
from store import outbox
from store.columns import table
from store.tables.conversation import ConversationRow, MessageRow, TurnRow
from store.work import Work

_MESSAGE = table(MessageRow)
_TURN = table(TurnRow)
# How much longer than a turn its lease lives: enough to hand over when time is up.
GRACE_SECONDS = 30.0
# A message on which turns die is set aside for a person, so that it harms nobody else.
MOST_DEATHS = 3
NO_SIGNALS = Signals(
    category=Category("other"),
    confidence=0.0,
    sentiment="neutral",
    urgency="normal",
    language="en",
    wants_person=False,
)


@dataclass
class Turn:
    """One run of the agent; what it knows lives here until it is committed."""

    id: TurnId
    lease: Lease
    asking: Asking
    hearing: Hearing
    signals: Signals
    model: Model
    entries: list[Entry]
    spent: Spent
    goes_on: bool
    usage: Usage = field(default_factory=Usage)
    steps: int = 0
    cut_off: int = 0
    key: str | None = None

    @property
    def conversation_id(self) -> ConversationId:
        return self.asking.conversation_id


async def begin(conversation_id: str, parts: AgentParts, *, goes_on: bool = False) -> Turn | None:
    """A turn for what is unheard (or to go on after a decision); None when there is nothing to do or somebody does it."""
    store = parts.approvals.store
    async with store.begin() as work:
        lease = await take(work, conversation_id, seconds=parts.bounds.seconds + GRACE_SECONDS)
        if lease is None:
            await _look_again(work, conversation_id, parts)
            return None
        conversation = await locked(work, conversation_id)
        messages = await unheard(work, conversation_id)
        died = await _end_dead_turns(work, conversation_id)
        if conversation.state != "open" or not (messages or died or goes_on):
            for message in messages if conversation.state == "with_person" else ():
                await _to_person(work, message, parts)
            await release(work, lease)
            return None
        turn = await _begun(work, conversation, messages, lease, parts, goes_on=goes_on)
        if died >= MOST_DEATHS:
            turn.hearing.plan, turn.hearing.reason = "person", "The agent failed on this several times."
        return turn


async def _begun(
    work: Work,
    conversation: ConversationRow,
    messages: Sequence[MessageRow],
    lease: Lease,
    parts: AgentParts,
    *,
    goes_on: bool,
) -> Turn:
    turn_id = TurnId(new_id("trn"))
    before = await load(work, conversation.id)
    told = await news(work, conversation.id, before)
    for note in told:
        if note.outcome == "refused" and note.request_id is not None:
            # Declined on the card, or ended by a colleague: what they want next is another request.
            await set_state(work, note.request_id, "dropped")
    hearing = await hear(work, conversation, messages, turn_id, parts)
    if not messages:
        found = await open_requests(work, conversation.id)
        hearing.request = found[0] if found else None
        hearing.others = await left_over(work, before, parts)
    await append(work, conversation.id, turn_id, [*told, *hearing.entries])
    await _open_ticket(work, conversation, messages, hearing, parts)
    await work.add(
        TurnRow(
            id=turn_id,
            conversation_id=conversation.id,
            message_id=messages[-1].id if messages else "",
            model=parts.model.name,
            started_at=work.now,
        )
    )
    who = await principal_of(work, conversation.customer_id)
    return Turn(
        id=turn_id,
        lease=lease,
        asking=Asking(ConversationId(conversation.id), who, turn_id),
        hearing=hearing,
        signals=hearing.signals or await _last_signals(work, conversation.id),
        model=parts.model,
        entries=[*before, *told, *hearing.entries],
        spent=Spent(conversation.steps, conversation.tokens, conversation.cost_micro_usd),
        goes_on=goes_on,
    )


async def hand_back(lease: Lease, parts: AgentParts) -> None:
    """Lets another process take up at once a turn that this one cannot finish; what it heard is not lost with it."""
    async with parts.approvals.store.begin() as work:
        await release(work, lease)
        await parts.approvals.jobs.defer(
            work,
            "finish_turn",
            once=f"finish:{lease.conversation_id}",
            conversation_id=lease.conversation_id,
            message_id="",
        )


async def _look_again(work: Work, conversation_id: str, parts: AgentParts) -> None:
    """Somebody else speaks: whatever they leave undone is found when their lease has run out."""
    await parts.approvals.jobs.defer(
        work,
        "finish_turn",
        once=f"finish:{conversation_id}",
        in_seconds=int(parts.bounds.seconds + GRACE_SECONDS) + 5,
        conversation_id=conversation_id,
        message_id="",
    )


async def _end_dead_turns(work: Work, conversation_id: str) -> int:
    """Turns that say they run while we hold the lease have died; how many died since one was done."""
    t = _TURN.c
    mine = t.conversation_id == conversation_id
    dead = mine & (t.state == "running")
    if not await work.run(update(_TURN).where(dead).values(state="failed", ended_at=work.now)):
        return 0
    done = select(func.max(t.started_at)).where(mine, t.state == "done").scalar_subquery()
    since = (done.is_(None)) | (t.started_at > done)
    return int(await work.value(select(func.count()).where(mine, t.state == "failed", since)) or 0)


async def _to_person(work: Work, message: MessageRow, parts: AgentParts) -> None:
    await work.run(update(_MESSAGE).where(_MESSAGE.c.id == message.id).values(turn_id="person"))
    await pass_on(work, parts.approvals.jobs, message)


async def _last_signals(work: Work, conversation_id: str) -> Signals:
    m = _MESSAGE.c
    query = select(m.signals).where(m.conversation_id == conversation_id, m.author == "customer")
    found = [s for s in (await work.conn.execute(query.order_by(m.at.desc()).limit(5))).scalars() if s]
    return Signals.model_validate({**found[0], "flags": tuple(found[0]["flags"])}) if found else NO_SIGNALS


async def _open_ticket(
    work: Work,
    conversation: ConversationRow,
    messages: Sequence[MessageRow],
    hearing: Hearing,
    parts: AgentParts,
) -> None:
    jobs = parts.approvals.jobs
    if messages:
        category = hearing.request.category if hearing.request else "other"
        policy = parts.approvals.catalog.get(category)
        subject = policy.title if policy else "Conversation"
        await open_ticket(work, jobs, conversation, subject=subject, text=messages[0].text, tags=(category,))
    if conversation.reopened:
        key = f"reopened:{conversation.id}:{conversation.reopened}"
        body = {"status": "open"}
        await outbox.put(work, jobs, "ticket_status", key=key, conversation_id=conversation.id, body=body)
