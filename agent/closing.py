"""How a conversation ends and comes back: state, closure row, event and ticket in one transaction."""

from typing import cast

from sqlalchemy import func, select, update

from agent.repeats import issue_of, last_closure, take_back
from agent.requests import open_requests, set_state
from core.conversation import ClosedHow
from core.ids import new_id
from store import outbox
from store.columns import table
from store.events import emit
from store.jobs import Jobs
from store.tables.action import ActionRow, ReviewRow
from store.tables.conversation import ClosureRow, ConversationRow, HandoffRow, MessageRow, RequestRow
from store.work import Work

_CONVERSATION = table(ConversationRow)
_CLOSURE = table(ClosureRow)
_HANDOFF = table(HandoffRow)
_ACTION = table(ActionRow)
_MESSAGE = table(MessageRow)
_REVIEW = table(ReviewRow)
_REQUEST = table(RequestRow)
_THANKED = "This is closed. If it comes back, write here and it goes on."
UNDECIDED = ("proposed", "asked", "held", "approved", "executing", "unsure")
_CLOSED_TEXT: dict[ClosedHow, str] = {
    "agent": "This is settled. If it comes back, write here and it goes on.",
    "assisted": "This is settled. If it comes back, write here and it goes on.",
    "person": "A colleague has closed this. If it comes back, write here and it goes on.",
    "abandoned": "We have not heard from you for a while, so this is closed. Write here and it goes on.",
}


async def close(
    work: Work, jobs: Jobs, conversation: ConversationRow, how: ClosedHow, *, text: str = ""
) -> None:
    """Closes it, says so (with `text` instead of the usual words), and solves the ticket; a closed one stays."""
    if conversation.state == "closed":
        return
    c = _CONVERSATION.c
    await work.run(
        update(_CONVERSATION).where(c.id == conversation.id).values(state="closed", closed_at=work.now)
    )
    needed = await _handover_needed(work, conversation.id)
    last = await last_closure(work, conversation.id)
    began = last.reopened_at if last is not None and last.reopened_at is not None else conversation.opened_at
    category = await issue_of(work, conversation.id, last, began)
    await take_back(work, conversation, last, category=category, began=began)
    closure = ClosureRow(
        id=new_id("clo"),
        conversation_id=conversation.id,
        category=category,
        how=how,
        began_at=began,
        touched_by=await touched_by(work, conversation.id),
        at=work.now,
        handover_needed_person=needed,
    )
    await work.add(closure)
    work.audit("conversation.closed", conversation=conversation.id, how=how)
    await emit(work, conversation.id, "closed", {"how": how, "text": text or _CLOSED_TEXT[how]})
    await outbox.put(
        work,
        jobs,
        "ticket_status",
        key=f"solved:{closure.id}",
        conversation_id=conversation.id,
        body={"status": "solved"},
    )


async def close_after_thanks(work: Work, jobs: Jobs, conversation: ConversationRow) -> None:
    """Closes it; where only the thanks themselves had opened it again, its former closure stands as if never left."""
    last = await last_closure(work, conversation.id)
    if last is None or last.reopened_at is None or await _said_since(work, last, conversation.id) > 1:
        for request in await open_requests(work, conversation.id):
            await set_state(work, request.id, "dropped")
        how = (
            await _how(work, conversation.id) if await _was_done(work, last, conversation.id) else "abandoned"
        )
        return await close(work, jobs, conversation, how, text=_THANKED)
    c = _CONVERSATION.c
    await work.run(update(_CLOSURE).where(_CLOSURE.c.id == last.id).values(reopened_at=None))
    await work.run(
        update(_CONVERSATION).where(c.id == conversation.id).values(state="closed", closed_at=work.now)
    )
    how = cast(ClosedHow, last.how)
    await emit(work, conversation.id, "closed", {"how": how, "text": _CLOSED_TEXT[how]})
    key, body = f"solved:{last.id}:{conversation.reopened}", {"status": "solved"}
    await outbox.put(work, jobs, "ticket_status", key=key, conversation_id=conversation.id, body=body)


async def _was_done(work: Work, last: ClosureRow | None, conversation_id: str) -> bool:
    """True when a wish was fulfilled since the last closure: thanks for nothing are no success."""
    r = _REQUEST.c
    query = select(func.count()).where(r.conversation_id == conversation_id, r.state == "done")
    if last is not None:
        query = query.where(r.done_at > last.at)
    return bool(await work.value(query))


async def _how(work: Work, conversation_id: str) -> ClosedHow:
    """By the agent alone, or with a colleague who had a part in it."""
    return "assisted" if len(await touched_by(work, conversation_id)) > 1 else "agent"


async def _said_since(work: Work, closure: ClosureRow, conversation_id: str) -> int:
    m = _MESSAGE.c
    query = select(func.count()).where(
        m.conversation_id == conversation_id, m.author == "customer", m.at >= closure.reopened_at
    )
    return int(await work.value(query) or 0)


async def close_if_settled(work: Work, jobs: Jobs, conversation: ConversationRow) -> bool:
    """Closes it when nothing is wanted and nothing is waiting any more."""
    if conversation.state != "open" or await open_requests(work, conversation.id):
        return False
    if await undecided(work, conversation.id):
        return False
    await close(work, jobs, conversation, await _how(work, conversation.id))
    return True


async def undecided(work: Work, conversation_id: str) -> list[ActionRow]:
    """Actions of the conversation that still wait for something."""
    query = select(_ACTION).where(
        _ACTION.c.conversation_id == conversation_id, _ACTION.c.state.in_(UNDECIDED)
    )
    return await work.rows(ActionRow, query.order_by(_ACTION.c.created_at))


async def reopen(work: Work, conversation_id: str) -> None:
    """Opens a closed conversation again; its last closure remembers when. The ticket follows with the next turn."""
    c = _CONVERSATION.c
    opened = await work.run(
        update(_CONVERSATION)
        .where(c.id == conversation_id, c.state == "closed")
        .values(state="open", closed_at=None, reopened=c.reopened + 1)
    )
    if not opened:
        return
    last = await last_closure(work, conversation_id)
    if last is not None:
        await work.run(update(_CLOSURE).where(_CLOSURE.c.id == last.id).values(reopened_at=work.now))
    work.audit("conversation.reopened", conversation=conversation_id)
    await emit(work, conversation_id, "reopened", {})


async def touched_by(work: Work, conversation_id: str) -> list[str]:
    """Who had a part in it: the agent, then the colleagues who reviewed or took over."""
    reviewers = (
        select(_REVIEW.c.reviewer_id)
        .join(_ACTION, _ACTION.c.id == _REVIEW.c.action_id)
        .where(_ACTION.c.conversation_id == conversation_id)
        .distinct()
    )
    takers = select(_HANDOFF.c.taken_by).where(
        _HANDOFF.c.conversation_id == conversation_id, _HANDOFF.c.taken_by.is_not(None)
    )
    people = {str(one) for query in (reviewers, takers) for one in (await work.conn.execute(query)).scalars()}
    return ["agent", *sorted(people)]


async def _handover_needed(work: Work, conversation_id: str) -> bool | None:
    query = select(_HANDOFF.c.needed_person).where(_HANDOFF.c.conversation_id == conversation_id)
    found: bool | None = await work.value(query.order_by(_HANDOFF.c.at.desc()).limit(1))
    return found
