"""Conversations a colleague has: the list with its packets, a reply, and the end with what it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from agent.closing import close
from agent.requests import open_requests, set_state
from agent.saying import say
from approvals.parts import Parts
from core.errors import Conflict, Invalid, NotFound
from core.ids import new_id
from store import outbox
from store.columns import table
from store.tables.conversation import ConversationRow, CustomerRow, HandoffRow
from store.work import Work

_CONVERSATION = table(ConversationRow)
_CUSTOMER = table(CustomerRow)
_HANDOFF = table(HandoffRow)
_MOST = 200


@dataclass(frozen=True, slots=True)
class Handed:
    """One conversation with a person: whose, why, since when, who took it, and the packet."""

    conversation_id: str
    customer_name: str
    reason: str
    category: str
    at: datetime
    taken_by: str | None
    packet: dict[str, Any]


async def handed(parts: Parts) -> Sequence[Handed]:
    """Conversations that wait for a person or have one, the longest waiting first."""
    query = (
        select(_HANDOFF, _CUSTOMER.c.name)
        .join(_CONVERSATION, _CONVERSATION.c.id == _HANDOFF.c.conversation_id)
        .join(_CUSTOMER, _CUSTOMER.c.id == _CONVERSATION.c.customer_id)
        .where(_CONVERSATION.c.state == "with_person", _HANDOFF.c.needed_person.is_(None))
        .order_by(_HANDOFF.c.at)
        .limit(_MOST)
    )
    async with parts.store.begin() as work:
        rows = (await work.conn.execute(query)).mappings().all()
    newest = {row["conversation_id"]: row for row in rows}
    return [
        Handed(
            conversation_id=row["conversation_id"],
            customer_name=row["name"],
            reason=row["reason"],
            category=row["packet"].get("category", ""),
            at=row["at"],
            taken_by=row["taken_by"],
            packet=row["packet"],
        )
        for row in newest.values()
    ]


async def reply(conversation_id: str, text: str, *, by: str, parts: Parts) -> None:
    """Writes to the customer as a person, here and on the ticket; raises NotFound, Conflict or Invalid."""
    if not text.strip():
        raise Invalid("The reply is empty. Write what the customer should read.")
    async with parts.store.begin() as work:
        await _with_person(work, conversation_id)
        await _take(work, conversation_id, by)
        await _write(work, conversation_id, text.strip()[:4000], parts)
        work.audit("person.replied", conversation=conversation_id, by=by)


async def close_by_person(
    conversation_id: str, *, needed_person: bool, text: str, by: str, parts: Parts
) -> None:
    """Ends it as handled by a person, and says whether it needed one; raises NotFound or Conflict."""
    async with parts.store.begin() as work:
        conversation = await _with_person(work, conversation_id)
        await _take(work, conversation_id, by)
        if text.strip():
            await _write(work, conversation_id, text.strip()[:4000], parts)
        h = _HANDOFF.c
        await work.run(
            update(_HANDOFF)
            .where(h.conversation_id == conversation_id, h.needed_person.is_(None))
            .values(needed_person=needed_person)
        )
        for request in await open_requests(work, conversation_id):
            await set_state(work, request.id, "done")
        await close(work, parts.jobs, conversation, "person")
        work.audit("person.closed", conversation=conversation_id, by=by, needed_person=needed_person)


async def _with_person(work: Work, conversation_id: str) -> ConversationRow:
    query = select(_CONVERSATION).where(_CONVERSATION.c.id == conversation_id).with_for_update()
    row = await work.row(ConversationRow, query)
    if row is None:
        raise NotFound("There is no such conversation.")
    if row.state != "with_person":
        raise Conflict("This conversation is not with a person any more.")
    return row


async def _take(work: Work, conversation_id: str, by: str) -> None:
    h = _HANDOFF.c
    mine = (h.conversation_id == conversation_id) & h.taken_by.is_(None)
    await work.run(update(_HANDOFF).where(mine).values(taken_by=by))


async def _write(work: Work, conversation_id: str, text: str, parts: Parts) -> None:
    key = f"person:{new_id('rep')}"
    await say(work, conversation_id, text, key=key, turn_id=None, author="person")
    body = {"text": text}
    await outbox.put(work, parts.jobs, "ticket_comment", key=key, conversation_id=conversation_id, body=body)
