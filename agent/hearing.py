"""Hearing messages: each is read by triage, placed with a request, and may bring a person or a stop at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import select, update

from agent.closing import undecided
from agent.entries import Entry, Heard
from agent.parts import AgentParts
from agent.requests import means_stop, means_thanks, open_requests, place
from agent.saying import say
from agent.wishes import in_turns, wishes
from approvals.gate import BESIDE_PEOPLE
from approvals.standing import standing_of
from core.conversation import Signals
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.conversation import ConversationRow, MessageRow, RequestRow
from store.work import Work

_MESSAGE = table(MessageRow)
SORRY = "I am sorry that this has gone so badly for you."
Plan = Literal["work", "stop", "thanks", "person"]


@dataclass(frozen=True, slots=True)
class Wish:
    """One of several wishes in a message, not yet taken up."""

    message_id: str
    text: str
    signals: Signals
    at: datetime


@dataclass
class Hearing:
    """What the latest messages come to; `reason` says why a person is needed."""

    plan: Plan = "work"
    request: RequestRow | None = None
    signals: Signals | None = None
    reason: str = ""
    entries: list[Heard] = field(default_factory=list)
    # What else the same message wants, in order.
    others: list[Wish] = field(default_factory=list)


async def unheard(work: Work, conversation_id: str) -> Sequence[MessageRow]:
    """The customer's messages that no turn has taken up, in order."""
    m = _MESSAGE.c
    query = select(_MESSAGE).where(
        m.conversation_id == conversation_id, m.author == "customer", m.turn_id.is_(None)
    )
    return await work.rows(MessageRow, query.order_by(m.at, m.id))


async def hear(
    work: Work, conversation: ConversationRow, messages: Sequence[MessageRow], turn_id: str, parts: AgentParts
) -> Hearing:
    """Takes the messages up; the last one decides the request, the strictest one the plan."""
    hearing = Hearing()
    for message in messages:
        signals = parts.triage.read(message.text)
        await _keep(work, message, signals, turn_id)
        hearing.signals = signals
        several = wishes(message.text, parts.triage.read)
        if several:
            await _take_several(work, conversation, message, several, hearing, parts)
        else:
            await _take(work, conversation, message, signals, hearing, parts)
            hearing.entries.append(_heard(message, message.text, hearing.request))
    return hearing


def _heard(message: MessageRow, text: str, request: RequestRow | None) -> Heard:
    request_id = request.id if request else None
    return Heard(text=text, message_id=message.id, request_id=request_id, at=message.at)


async def _take_several(
    work: Work,
    conversation: ConversationRow,
    message: MessageRow,
    several: Sequence[tuple[str, Signals]],
    hearing: Hearing,
    parts: AgentParts,
) -> None:
    """The first wish is worked on now, the others wait for it; any of them may bring a person."""
    hearing.others = [Wish(message.id, text, signals, message.at) for text, signals in several]
    await next_wish(work, conversation.id, hearing, parts)
    for _, signals in several:
        needed = person_needed(signals, parts.approvals.catalog.get(signals.category))
        if needed is not None:
            hearing.plan, hearing.reason = "person", needed
    if hearing.plan == "work":
        titles = [parts.approvals.catalog.get(signals.category) for _, signals in several]
        text = in_turns([policy.title for policy in titles if policy is not None])
        await say(work, conversation.id, text, key=f"wishes:{message.id}", turn_id=None)


async def next_wish(work: Work, conversation_id: str, hearing: Hearing, parts: AgentParts) -> Heard:
    """Opens the request of the next wish only now, so that what is proposed for one never counts for another."""
    wish = hearing.others.pop(0)
    catalog = parts.approvals.catalog
    placed = await place(work, conversation_id, wish.message_id, wish.text, wish.signals, catalog)
    hearing.request = placed.request
    heard = Heard(text=wish.text, message_id=wish.message_id, request_id=placed.request.id, at=wish.at)
    hearing.entries.append(heard)
    return heard


async def left_over(work: Work, entries: Sequence[Entry], parts: AgentParts) -> list[Wish]:
    """Wishes of the last message that a turn which died had not come to."""
    last = next((e for e in reversed(entries) if isinstance(e, Heard)), None)
    query = select(_MESSAGE).where(_MESSAGE.c.id == (last.message_id if last else None))
    message = await work.row(MessageRow, query)
    if message is None:
        return []
    heard = {e.text for e in entries if isinstance(e, Heard) and e.message_id == message.id}
    several = wishes(message.text, parts.triage.read)
    return [Wish(message.id, text, signals, message.at) for text, signals in several if text not in heard]


async def _take(
    work: Work,
    conversation: ConversationRow,
    message: MessageRow,
    signals: Signals,
    hearing: Hearing,
    parts: AgentParts,
) -> None:
    waiting = await undecided(work, conversation.id)
    if waiting and means_stop(message.text):
        hearing.plan, hearing.request = "stop", await _current(work, conversation.id)
        return
    if means_thanks(message.text) and hearing.plan == "work":
        # Thanks before other words of the same moment are no more than politeness: the others decide.
        hearing.plan = "thanks" if hearing.request is None else "work"
        hearing.request = hearing.request or await _current(work, conversation.id)
        return
    catalog = parts.approvals.catalog
    placed = await place(work, conversation.id, message.id, message.text, signals, catalog)
    hearing.request = placed.request
    needed = person_needed(signals, catalog.get(placed.request.category))
    needed = needed or await beside_people(work, placed.request, parts)
    if needed is not None:
        hearing.plan, hearing.reason = "person", needed
        if signals.sentiment == "angry":
            await say(work, conversation.id, SORRY, key=f"sorry:{message.id}", turn_id=None)
    elif hearing.plan == "thanks":
        hearing.plan = "work"


def person_needed(signals: Signals, policy: CategoryPolicy | None) -> str | None:
    """Why this message goes to a person, None when the agent may try."""
    if signals.wants_person:
        return "The customer asked for a person."
    if policy is None:
        return "There is no policy for this."
    always = policy.always_escalate
    if signals.sentiment == "angry" and always.angry:
        return "The customer is angry."
    flagged = [flag for flag in signals.flags if flag in always.words]
    if flagged:
        return f"The message has words about {flagged[0]}."
    if policy.tier == 3:
        return f"{policy.title}: only people do this."
    return None


async def beside_people(work: Work, request: RequestRow, parts: AgentParts) -> str | None:
    """In shadow a person answers at once, and the agent works beside them, unheard; None for every other standing."""
    policy = parts.approvals.catalog.get(request.category)
    if policy is None or await standing_of(work, policy, parts.approvals) != "shadow":
        return None
    await parts.approvals.jobs.defer(
        work,
        "work_in_shadow",
        once=f"shadow:{request.id}",
        conversation_id=request.conversation_id,
        request_id=request.id,
    )
    return BESIDE_PEOPLE


async def _current(work: Work, conversation_id: str) -> RequestRow | None:
    found = await open_requests(work, conversation_id)
    return found[0] if found else None


async def _keep(work: Work, message: MessageRow, signals: Signals, turn_id: str) -> None:
    await work.run(
        update(_MESSAGE)
        .where(_MESSAGE.c.id == message.id)
        .values(turn_id=turn_id, signals=signals.model_dump(mode="json"))
    )
