"""The first step of the path: a customer's message is stored, then it answers a proposal or starts a turn."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from agent.closing import reopen
from agent.turn import run_turn
from approvals import consent
from approvals.parts import Parts
from core.conversation import Principal
from core.errors import Conflict, Gone, Invalid, NotFound, TooLarge, TooMany
from core.ids import new_id
from service.answers import Code, exact_answer
from service.parts import ServiceParts
from store.columns import table
from store.events import emit
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, MessageRow
from store.work import Work

_CONVERSATION = table(ConversationRow)
_MESSAGE = table(MessageRow)
LONGEST_MESSAGE = 16_000
_MOST_LISTED = 50
# Long enough that a living turn is done or holds its lease, short enough that nobody waits for a dead one.
_FINISH_AFTER = 45
# A message with this mark instead of a turn is an exact answer to a proposal: no turn may take it up as well.
ANSWERED = "answered:"
_HIDDEN_CODE = "••••••"
_KEPT_CONTROLS = frozenset("\n\t\u200d")  # the joiner holds compound emoji together


@dataclass(frozen=True, slots=True)
class Posted:
    """One message as sent; `key` is the sender's own name for it, so that a repeat is recognised."""

    text: str
    key: str


async def start(page: str, who: Principal, parts: Parts) -> ConversationRow:
    """A new conversation of this customer, opened from `page` of the host app."""
    async with parts.store.begin() as work:
        row = ConversationRow(
            id=new_id("con"), customer_id=who.id, page=page, opened_at=work.now, last_at=work.now
        )
        await work.add(row)
        work.audit("conversation.opened", conversation=row.id, customer=who.id)
    return row


async def mine(who: Principal, parts: Parts) -> Sequence[ConversationRow]:
    """This customer's conversations, the latest first."""
    query = select(_CONVERSATION).where(_CONVERSATION.c.customer_id == who.id)
    async with parts.store.begin() as work:
        return await work.rows(
            ConversationRow, query.order_by(_CONVERSATION.c.last_at.desc()).limit(_MOST_LISTED)
        )


async def owned(work: Work, conversation_id: str, who: Principal) -> ConversationRow:
    """The conversation; NotFound for a missing one and for somebody else's alike."""
    query = select(_CONVERSATION).where(
        _CONVERSATION.c.id == conversation_id, _CONVERSATION.c.customer_id == who.id
    )
    row = await work.row(ConversationRow, query)
    if row is None:
        raise NotFound("There is no such conversation.")
    return row


async def post(conversation_id: str, posted: Posted, who: Principal, parts: ServiceParts) -> MessageRow:
    """Stores the message and lets it act once: the same key again is the same message."""
    text = cleaned(posted.text)
    proposal = await _answered(conversation_id, text, parts)
    shown = _HIDDEN_CODE if proposal and isinstance(exact_answer(text), Code) else text
    mark = f"{ANSWERED}{proposal.id}" if proposal else None
    message, is_new = await _keep(conversation_id, Posted(shown, posted.key), mark, who, parts)
    if not is_new:
        return message
    if proposal is not None:
        await _answer(proposal, message, text, who, parts)
    else:
        turn = run_turn(conversation_id, message.id, parts.agent)
        parts.turns.start(turn, name=f"turn of {conversation_id}")
    return message


def cleaned(text: str) -> str:
    """The text without control characters; raises TooLarge or Invalid."""
    if len(text.encode("utf-8", "replace")) > LONGEST_MESSAGE:
        raise TooLarge("This is too long. Please send it in two or three parts.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in lines if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cs"))
    if not kept.strip():
        raise Invalid("The message is empty. Write what you need.")
    return kept.strip()


async def _keep(
    conversation_id: str, posted: Posted, mark: str | None, who: Principal, parts: ServiceParts
) -> tuple[MessageRow, bool]:
    """The stored message, and whether it is new; a job finds its turn if this process dies."""
    async with parts.store.begin() as work:
        await work.lock(f"messages:{conversation_id}")
        conversation = await owned(work, conversation_id, who)
        same = select(_MESSAGE).where(
            _MESSAGE.c.conversation_id == conversation_id, _MESSAGE.c.key == f"c:{posted.key}"
        )
        if (known := await work.row(MessageRow, same)) is not None:
            return known, False
        if conversation.state == "closed":
            await reopen(work, conversation_id)
        message = _message(conversation_id, posted, mark, work)
        await work.add(message)
        await emit(work, conversation_id, "message", as_event(message))
        if mark is None:
            await _owe_turn(work, message, parts)
    return message, True


async def _owe_turn(work: Work, message: MessageRow, parts: ServiceParts) -> None:
    await parts.approvals.jobs.defer(
        work,
        "finish_turn",
        in_seconds=_FINISH_AFTER,
        lock=f"turn:{message.conversation_id}",
        conversation_id=message.conversation_id,
        message_id=message.id,
    )


def _message(conversation_id: str, posted: Posted, mark: str | None, work: Work) -> MessageRow:
    return MessageRow(
        id=new_id("msg"),
        conversation_id=conversation_id,
        key=f"c:{posted.key}",
        author="customer",
        text=posted.text,
        turn_id=mark,
        at=work.now,
    )


def as_event(message: MessageRow) -> dict[str, str]:
    """The body of its event."""
    return {
        "id": message.id,
        "author": message.author,
        "text": message.text,
        "at": message.at.isoformat(timespec="milliseconds"),
    }


async def _answered(conversation_id: str, text: str, parts: ServiceParts) -> ActionRow | None:
    """The one open proposal that this text answers exactly; with several open it answers none."""
    answer = exact_answer(text)
    if answer is None:
        return None
    proposals = await consent.open_proposals(conversation_id, parts.approvals)
    if len(proposals) != 1:
        return None
    steps_up = proposals[0].because == ["step_up"]
    fits = answer == "no" or steps_up == isinstance(answer, Code)
    return proposals[0] if fits else None


async def _answer(
    proposal: ActionRow, message: MessageRow, text: str, who: Principal, parts: ServiceParts
) -> None:
    try:
        await _say_it(proposal, text, who, parts.approvals)
    except (Conflict, Gone, Invalid, TooMany) as refused:
        await _tell(message.conversation_id, f"{message.key}:refused", str(refused), parts.approvals)


async def _say_it(proposal: ActionRow, text: str, who: Principal, parts: Parts) -> None:
    match exact_answer(text):
        case "yes":
            digest = proposal.digest
            await consent.confirm(proposal.id, digest=digest, who=who, event="exact_yes", parts=parts)
        case "no":
            await consent.decline(proposal.id, who=who, parts=parts)
        case Code(digits=digits):
            await consent.enter_code(proposal.id, digits, who=who, parts=parts)
        case None:
            raise Invalid("That answers nothing that is open.")


async def _tell(conversation_id: str, key: str, text: str, parts: Parts) -> None:
    """A line by the service itself: what was wrong with a code, or why a yes came too late."""
    async with parts.store.begin() as work:
        message = MessageRow(
            id=new_id("msg"),
            conversation_id=conversation_id,
            key=key,
            author="system",
            text=text,
            turn_id=ANSWERED,
            at=work.now,
        )
        await work.add(message)
        await emit(work, conversation_id, "message", as_event(message))
