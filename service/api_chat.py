"""/v1 for customers: conversations, messages, events and their own word on what is proposed."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, assert_never

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from agent.handover import hand_over
from approvals import consent
from core.actions import Asked, Executed, Failed, HandedOver, Held, Outcome, Refused, Unsure
from core.errors import Invalid
from service import chat, closures, codes, wire
from service.auth import CustomerOf, PartsOf
from service.chat import Posted
from service.errors import ErrorBody
from service.stream import stream

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 404, 409, 410, 413, 415, 422, 429, 503)
}
router = APIRouter(prefix="/v1", tags=["chat"], responses=_ERRORS)
LastEvent = Annotated[str, Header(alias="Last-Event-ID")]


@router.post("/conversations", status_code=201)
async def start_conversation(
    body: wire.NewConversation, asks: CustomerOf, parts: PartsOf
) -> wire.Conversation:
    """Opens a conversation from a page of the host app."""
    parts.rates.take("conversation", asks.who.id)
    return wire.Conversation.model_validate(await chat.start(body.page, asks.who, parts.approvals))


@router.get("/conversations")
async def list_conversations(asks: CustomerOf, parts: PartsOf) -> wire.Conversations:
    """The customer's own conversations, latest first."""
    rows = await chat.mine(asks.who, parts.approvals)
    listed = [wire.Conversation.model_validate(row) for row in rows]
    return wire.Conversations(customer_name=asks.who.name, conversations=listed)


@router.post("/conversations/{conversation_id}/messages", status_code=202)
async def post_message(
    conversation_id: str, body: wire.NewMessage, asks: CustomerOf, parts: PartsOf
) -> wire.Message:
    """Stores a message and starts the agent's turn; what follows comes by the event stream."""
    parts.rates.take("message", asks.who.id)
    message = await chat.post(conversation_id, Posted(body.text, body.key), asks.who, parts)
    return wire.Message.model_validate(message)


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events, numbered where they last."}
    },
)
async def read_events(
    conversation_id: str,
    asks: CustomerOf,
    parts: PartsOf,
    last_event_id: LastEvent = "",
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> StreamingResponse:
    """Replays the rows above Last-Event-ID (or `after`), then streams; ends when the token does."""
    seen = int(last_event_id) if last_event_id.isdecimal() and len(last_event_id) < 10 else after
    async with parts.store.begin() as work:
        await chat.owned(work, conversation_id, asks.who)
    events: AsyncIterator[bytes] = stream(conversation_id, seen, asks.until, parts)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.post("/conversations/{conversation_id}/person", status_code=202)
async def ask_for_person(conversation_id: str, asks: CustomerOf, parts: PartsOf) -> wire.Done:
    """Brings a person in, who gets everything that was said and tried."""
    parts.rates.take("person", asks.who.id)
    async with parts.store.begin() as work:
        conversation = await chat.owned(work, conversation_id, asks.who)
    if conversation.state != "with_person":
        await hand_over(conversation_id, "The customer asked for a person.", parts.agent)
    return wire.Done()


@router.post("/conversations/{conversation_id}/rating")
async def rate(conversation_id: str, body: wire.Rating, asks: CustomerOf, parts: PartsOf) -> wire.Done:
    """How it went, 1 to 5; the last answer counts."""
    parts.rates.take("answer", asks.who.id)
    await closures.rate(conversation_id, body.csat, asks.who, parts.approvals)
    return wire.Done()


@router.post("/conversations/{conversation_id}/reopen")
async def reopen(conversation_id: str, asks: CustomerOf, parts: PartsOf) -> wire.Done:
    """It came back: the same thread goes on."""
    parts.rates.take("answer", asks.who.id)
    await closures.reopen_closed(conversation_id, asks.who, parts.approvals)
    return wire.Done()


@router.post("/actions/{action_id}/confirm")
async def confirm_action(
    action_id: str, body: wire.Confirmation, asks: CustomerOf, parts: PartsOf
) -> wire.Outcome:
    """The customer's yes to exactly this digest; a second one changes nothing."""
    parts.rates.take("answer", asks.who.id)
    return outcome(
        await consent.confirm(
            action_id, digest=body.digest, who=asks.who, event="button", parts=parts.approvals
        )
    )


@router.post("/actions/{action_id}/decline")
async def decline_action(action_id: str, asks: CustomerOf, parts: PartsOf) -> wire.Outcome:
    """The customer's no, while it is not too late."""
    parts.rates.take("answer", asks.who.id)
    return outcome(await consent.decline(action_id, who=asks.who, parts=parts.approvals))


@router.post("/actions/{action_id}/code")
async def enter_code(
    action_id: str, body: wire.EnteredCode, asks: CustomerOf, parts: PartsOf
) -> wire.Outcome:
    """The one-time code that was mailed for exactly this action."""
    parts.rates.take("answer", asks.who.id)
    entered = await consent.enter_code(action_id, body.code, who=asks.who, parts=parts.approvals)
    if isinstance(entered, Refused):
        raise Invalid(entered.because)
    return outcome(entered)


@router.post("/actions/{action_id}/code/again", status_code=202)
async def send_code_again(action_id: str, asks: CustomerOf, parts: PartsOf) -> wire.Outcome:
    """Mails a new code; the old one no longer works."""
    parts.rates.take("person", asks.who.id)
    return outcome(await codes.send_again(action_id, asks.who, parts.approvals))


def outcome(became: Outcome) -> wire.Outcome:
    """The outcome as callers of the API read it."""
    return wire.Outcome(kind=became.kind, action_id=became.action_id, text=_text(became))


def _text(became: Outcome) -> str:
    match became:
        case Executed(receipt=receipt):
            return receipt.title
        case Asked(needs=needs):
            return "Confirm it first." if needs == "confirm" else "Enter the code first."
        case Held():
            return "A colleague checks this."
        case HandedOver():
            return "A colleague takes this on."
        case Refused(because=because) | Failed(because=because):
            return because
        case Unsure():
            return "We are checking whether this went through."
        case _:
            assert_never(became)
