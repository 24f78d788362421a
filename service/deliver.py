"""Sends what the outbox holds: tickets, comments, notes, statuses and mails; at least once, told apart by key."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from approvals.parts import Parts
from core.errors import NotFound, VendorError, VendorRefused
from core.ids import TicketId
from core.watch import trace_id
from service.announce import Channels
from service.slack import write_message
from store.columns import table
from store.tables.conversation import ConversationRow, CustomerRow
from store.tables.record import OutboxRow
from store.work import Work
from tools.desk.port import TicketStatus
from tools.mail.port import Letter

_OUTBOX = table(OutboxRow)
_CONVERSATION = table(ConversationRow)
_CUSTOMER = table(CustomerRow)
MOST_TRIES = 12
LOST_AFTER = timedelta(minutes=10)
# Longer than any vendor call with its retries may take.
TAKE_OVER = timedelta(minutes=5)
# Until it is sent or failed, `error` says since when somebody is sending it.
_CLAIMED = "sending since "
_STATUSES: frozenset[TicketStatus] = frozenset({"new", "open", "pending", "hold", "solved", "closed"})


async def deliver(outbox_id: str, parts: Parts, channels: Channels | None = None) -> None:
    """Sends one message that nobody else is sending; a VendorError rises, so that the job tries again later."""
    row = await _claim(outbox_id, parts)
    if row is None:
        return
    try:
        await _send(row, parts, channels or Channels())
    except VendorRefused as refused:
        await _give_up(row, str(refused), parts)
    except VendorError as down:
        if row.tries >= MOST_TRIES:
            await _give_up(row, str(down), parts)
            return
        await _mark(row, parts, state="waiting")
        raise
    else:
        await _mark(row, parts, state="sent", sent_at=parts.clock.now())


async def _claim(outbox_id: str, parts: Parts) -> OutboxRow | None:
    """The row, now `sending` by this process alone; one whose sender fell silent long ago is taken over."""
    o = _OUTBOX.c
    async with parts.store.begin() as work:
        row = await work.row(OutboxRow, select(_OUTBOX).where(o.id == outbox_id).with_for_update())
        if row is None or not (row.state == "waiting" or is_left(row, work.now)):
            return None
        if row.tries >= MOST_TRIES:
            await _failed(work, row, f"not sent after {row.tries} tries")
            return None
        tries, claimed = row.tries + 1, f"{_CLAIMED}{work.now.isoformat()}"
        await work.run(_mine(row).values(state="sending", tries=tries, error=claimed))
        return row.model_copy(update={"state": "sending", "tries": tries, "error": claimed})


def is_left(row: OutboxRow, now: datetime) -> bool:
    """True when a sender took it and has not been heard of for some minutes."""
    if row.state != "sending" or not (row.error or "").startswith(_CLAIMED):
        return False
    return datetime.fromisoformat((row.error or "").removeprefix(_CLAIMED)) <= now - TAKE_OVER


def is_overdue(row: OutboxRow, now: datetime) -> bool:
    """True when its own job should have tried it by now: each try of a job waits twice as long as the last."""
    due = row.at + LOST_AFTER + timedelta(seconds=2 ** (row.tries + 2))
    return now > due and (row.state == "waiting" or is_left(row, now))


async def _give_up(row: OutboxRow, why: str, parts: Parts) -> None:
    async with parts.store.begin() as work:
        await _failed(work, row, why)


async def _failed(work: Work, row: OutboxRow, why: str) -> None:
    done = await work.run(_still(row).values(state="failed", error=why[:300]))
    if done:
        work.audit("outbox.failed", outbox=row.id, message=row.kind, conversation=row.conversation_id)


async def _send(row: OutboxRow, parts: Parts, channels: Channels) -> None:
    match row.kind:
        case "mail":
            await parts.systems.mail.send(await _letter(row, parts))
        case "slack":
            await write_message(row.body["action_id"], parts, channels)
        case "webhook":
            if parts.systems.hooks is None:
                raise VendorRefused("webhook", "no address is set in REMIT_WEBHOOKS any more")
            # Its id is the same at each try, so that a receiver drops repeats by it.
            await parts.systems.hooks.send(row.body["address"], row.body["event"], key=row.id)
        case _:
            await _to_desk(row, parts)


async def _to_desk(row: OutboxRow, parts: Parts) -> None:
    ticket = await _ticket(row, parts)
    desk, body = parts.systems.desk, row.body
    match row.kind:
        case "ticket_open":
            pass  # opening it was all there is to do
        case "ticket_comment":
            await desk.comment(ticket, body["text"], public=True, key=row.key)
        case "ticket_note":
            await desk.comment(ticket, body["text"], public=False, key=row.key)
        case "ticket_status" if body["status"] in _STATUSES:
            await desk.set_status(ticket, body["status"])
        case _:
            raise VendorRefused("outbox", f"no way to send a {row.kind!r}")
    if tags := body.get("tags"):
        await desk.tag(ticket, tags)


async def _letter(row: OutboxRow, parts: Parts) -> Letter:
    to = row.body.get("to")
    if to is None:
        async with parts.store.begin() as work:
            customer = await _customer(work, row.body["to_customer"])
        contact = await parts.systems.crm.find_contact(customer.id)
        to = contact.email if contact else customer.email
    if not to:
        raise VendorRefused("mail", "the customer has no address on file")
    return Letter(to=to, subject=row.body["subject"], text=row.body["text"], key=row.key)


async def _ticket(row: OutboxRow, parts: Parts) -> TicketId:
    """The conversation's ticket, opened now if it has none yet."""
    async with parts.store.begin() as work:
        query = select(_CONVERSATION).where(_CONVERSATION.c.id == row.conversation_id)
        conversation = await work.row(ConversationRow, query)
        if conversation is None:
            raise NotFound(f"There is no conversation {row.conversation_id!r}.")
        if conversation.ticket_id:
            return TicketId(conversation.ticket_id)
        customer = await _customer(work, conversation.customer_id)
    requester = await parts.systems.desk.find_requester(customer.id)
    if requester is None:
        raise VendorRefused("desk", f"customer {customer.id!r} is not known to the help desk")
    opened = await parts.systems.desk.create(
        requester=requester,
        subject=row.body.get("subject", "Chat"),
        text=row.body.get("text", "A conversation in the chat."),
        tags=[*row.body.get("tags", ["remit"]), f"trace-{trace_id(conversation.id)}"],
        key=f"ticket-{conversation.id}",
    )
    async with parts.store.begin() as work:
        mine = _CONVERSATION.c.id == conversation.id
        await work.run(update(_CONVERSATION).where(mine).values(ticket_id=opened.id))
        work.audit("ticket.opened", conversation=conversation.id, ticket=opened.id)
    return opened.id


async def _customer(work: Work, customer_id: str) -> CustomerRow:
    row = await work.row(CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == customer_id))
    if row is None:
        raise NotFound(f"There is no customer {customer_id!r}.")
    return row


async def _mark(row: OutboxRow, parts: Parts, **values: Any) -> None:
    async with parts.store.begin() as work:
        await work.run(_still(row).values(error=None, **values))


def _still(row: OutboxRow) -> Any:
    """The row as this process left it: after a take-over a late sender changes nothing."""
    return _mine(row).where(_OUTBOX.c.state == row.state, _OUTBOX.c.tries == row.tries)


def _mine(row: OutboxRow) -> Any:
    return update(_OUTBOX).where(_OUTBOX.c.id == row.id)
