"""After an outcome that came outside a turn: the customer is told by code, the request ends, the ticket follows."""

from sqlalchemy import select

from agent.beginning import GRACE_SECONDS
from agent.calls import outcome_key
from agent.closing import close_if_settled
from agent.ending import end_requests
from agent.handover import give
from agent.lease import locked, release, take
from agent.news import news
from agent.outbound import UNPROVEN, cleaned, fit_to_send
from agent.parts import AgentParts
from agent.receipts import receipt_kinds
from agent.requests import open_requests, set_state
from agent.saying import say
from agent.told import receipt_text
from agent.transcript import append, load
from agent.turn import go_on
from approvals.record import action_row, receipt_of
from policies.model import CategoryPolicy
from policies.procedure import Answer, Write
from store import outbox
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, MessageRow
from store.work import Work

_MESSAGE = table(MessageRow)
BUSY_SECONDS = 3
AGAIN = "If you think that is wrong, write here and a person looks at it again."
STILL = "If you still want it, write here and we start again."
_ENDED = frozenset({"executed", "failed", "needs_person", "refused", "rejected", "expired", "withdrawn"})
# After these the customer has nothing in hand, and only a person can go on.
_PERSON = {
    "needs_person": "It is not known what became of: {title}",
    "failed": "The system refused: {title}",
}


async def follow_up(action_id: str, parts: AgentParts) -> None:
    """Tells the customer once what became of an action; goes on with the procedure when more of it is left."""
    async with parts.approvals.store.begin() as work:
        row = await action_row(work, action_id)
        lease = await take(work, row.conversation_id, seconds=GRACE_SECONDS)
        if lease is None:
            # A turn is running: it may be about to tell this itself.
            await parts.approvals.jobs.defer(
                work, "follow_up", once=f"later:{action_id}", in_seconds=BUSY_SECONDS, action_id=action_id
            )
            return
        goes_on = await _told(work, row, parts)
        await release(work, lease)
    if goes_on:
        await go_on(row.conversation_id, parts)


async def _told(work: Work, row: ActionRow, parts: AgentParts) -> bool:
    """Everything that follows from the outcome, in one transaction; True when the procedure goes on."""
    if row.state not in _ENDED or await _was_told(work, row):
        return False
    conversation = await locked(work, row.conversation_id)
    known = await load(work, conversation.id)
    await append(work, conversation.id, None, await news(work, conversation.id, known))
    text = await _fit(work, row, parts)
    await say(work, conversation.id, text, key=_key(row), turn_id=None)
    await _tell_elsewhere(work, conversation, row, text, parts)
    return await _settle(work, conversation, row, parts)


async def _fit(work: Work, row: ActionRow, parts: AgentParts) -> str:
    """The words as they may leave: a receipt is its own proof, an answer needs those of the conversation."""
    text = outcome_text(row)
    if row.state == "executed" and row.tool != "answer":
        return cleaned(text, parts)
    fit = fit_to_send(text, receipts=await receipt_kinds(work, row.conversation_id), parts=parts)
    if fit.split() != text.split():
        why = "unproven" if fit == UNPROVEN else "cleaned"
        work.audit("reply.filtered", conversation=row.conversation_id, action=row.id, why=why)
    return fit


async def _settle(work: Work, conversation: ConversationRow, row: ActionRow, parts: AgentParts) -> bool:
    jobs = parts.approvals.jobs
    person = _needs_person(row)
    if person is not None:
        await give(work, conversation, person, jobs)
        return False
    if row.state != "executed":
        await _drop(work, conversation.id, row.request_id)
        return False
    policy = parts.approvals.catalog.get(row.category)
    if conversation.state == "open" and policy is not None and has_more(policy, row.tool):
        return True
    if await end_requests(work, conversation.id):
        await close_if_settled(work, jobs, conversation)
    return False


def _needs_person(row: ActionRow) -> str | None:
    if row.state == "rejected" and row.tool == "answer":
        return "A colleague decided against the agent's answer."
    found = "It came undone later: {title}" if _came_undone(row) else _PERSON.get(row.state)
    return found.format(title=row.preview["title"]) if found else None


def has_more(policy: CategoryPolicy, tool: str) -> bool:
    """True when the procedure always has a write or an answer after the last step that uses this tool."""
    places = [n for n, step in enumerate(policy.procedure) if isinstance(step, Write) and step.write == tool]
    after = policy.procedure[places[-1] + 1 :] if places else ()
    return any(isinstance(step, Write | Answer) and not step.when for step in after)


def outcome_text(row: ActionRow) -> str:
    """What the customer reads, from the receipt or the reason: never from a model."""
    match row.state:
        case "executed" if row.tool == "answer":
            return str(row.args["text"])
        case "executed":
            return receipt_text(receipt_of(row))
        case "rejected" if row.tool == "answer":
            return "A colleague would rather answer this themselves."
        case "rejected":
            return f"{row.failure or 'A colleague decided against this.'} Nothing was changed. {AGAIN}"
        case "expired":
            return f"This waited too long and was closed. Nothing was changed. {STILL}"
        case "needs_person" if _came_undone(row):
            return f"{row.failure} A colleague is looking into it and writes to you."
        case "needs_person":
            return "We could not find out by ourselves whether this went through. A colleague is finding out now."
        case _:
            return row.failure or "This was not done. Nothing was changed."


async def _was_told(work: Work, row: ActionRow) -> bool:
    m = _MESSAGE.c
    query = select(m.id).where(m.conversation_id == row.conversation_id, m.key == _key(row))
    return await work.value(query) is not None


def _key(row: ActionRow) -> str:
    """What was done and came undone is told once more."""
    return f"undone:{row.id}" if _came_undone(row) else outcome_key(row.id)


def _came_undone(row: ActionRow) -> bool:
    return row.state == "needs_person" and row.receipt is not None


async def _tell_elsewhere(
    work: Work, conversation: ConversationRow, row: ActionRow, text: str, parts: AgentParts
) -> None:
    """The ticket always; the mailbox when nobody is looking at the chat."""
    jobs, key = parts.approvals.jobs, f"{row.id}:{row.state}"
    await outbox.put(
        work,
        jobs,
        "ticket_comment",
        key=f"comment:{key}",
        conversation_id=conversation.id,
        body={"text": text},
    )
    if parts.live.is_watched(conversation.id):
        return
    body = {"to_customer": conversation.customer_id, "subject": "About your request", "text": text}
    await outbox.put(work, jobs, "mail", key=f"mail:{key}", conversation_id=conversation.id, body=body)


async def _drop(work: Work, conversation_id: str, request_id: str) -> None:
    """A request that ended without an effect is no longer open; the conversation is, for what comes next."""
    if any(request.id == request_id for request in await open_requests(work, conversation_id)):
        await set_state(work, request_id, "dropped")
