"""Tells other systems what becomes of actions: reads the audit log from where it last stopped, and fills the outbox."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from approvals.parts import Parts
from core.errors import RemitError
from policies.model import Catalog
from store import outbox
from store.columns import table
from store.tables.action import ActionRow
from store.tables.people import UserRow
from store.tables.record import AnnouncedRow, AuditRow
from store.work import Work

log = logging.getLogger("remit.announce")
_ANNOUNCED = table(AnnouncedRow)
_AUDIT = table(AuditRow)
_ACTION = table(ActionRow)
_USER = table(UserRow)
_KINDS = ("action.judged", "action.moved", "action.handed_on")
_AT_ONCE = 200
# What is older is history: switching a channel on does not tell of last month.
_FRESH = timedelta(hours=24)
_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Channels:
    """Who hears of waiting actions, and the address of our pages in what they hear."""

    mail: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    slack: bool = False
    console: str = ""

    @property
    def is_any(self) -> bool:
        return bool(self.mail or self.hooks or self.slack)


async def announce_for_ever(parts: Parts, channels: Channels) -> None:
    """Announces every second until cancelled; several processes may do so, one at a time reads."""
    while channels.is_any:
        try:
            while await announce(parts, channels) == _AT_ONCE:
                pass
        except RemitError as error:
            log.warning("announcing stopped for a moment: %s", error)
        await asyncio.sleep(_EVERY)


async def announce(parts: Parts, channels: Channels) -> int:
    """Queues what happened since the last time, exactly once; how many entries were read."""
    async with parts.store.begin() as work:
        after = await _cursor(work)
        if after is None:
            return 0  # another process is at it
        a = _AUDIT.c
        query = select(_AUDIT).where(a.seq > after, a.kind.in_(_KINDS)).order_by(a.seq).limit(_AT_ONCE)
        entries = await work.rows(AuditRow, query)
        for entry in entries:
            if work.now - entry.at <= _FRESH:
                await _tell(work, entry, parts, channels)
        head = entries[-1].seq if len(entries) == _AT_ONCE else await _head(work)
        if head > after:
            await work.run(update(_ANNOUNCED).where(_ANNOUNCED.c.what == "audit").values(seq=head))
    return len(entries)


async def _cursor(work: Work) -> int | None:
    """How far it was told, locked; None while somebody else tells."""
    first = insert(_ANNOUNCED).values(what="audit", seq=0)
    await work.insert_once(first)
    mine = select(_ANNOUNCED.c.seq).where(_ANNOUNCED.c.what == "audit").with_for_update(skip_locked=True)
    found: int | None = await work.value(mine)
    return found


async def _head(work: Work) -> int:
    return int(await work.value(select(func.max(_AUDIT.c.seq))) or 0)


async def _tell(work: Work, entry: AuditRow, parts: Parts, channels: Channels) -> None:
    body = entry.body
    row = await work.row(ActionRow, select(_ACTION).where(_ACTION.c.id == body["action"]))
    if row is None:
        return
    if entry.kind == "action.handed_on":
        await _tell_colleague(work, entry, row, parts, channels)
        return
    state = body["state"] if entry.kind == "action.judged" else body["after"]
    for address in channels.hooks:
        event = _event(row, state, body.get("before"), entry, channels)
        message = {"address": address, "event": event}
        await _put(work, row, parts, "webhook", f"hook:{entry.seq}:{address}", message)
    # Only what waited is of interest to colleagues; and what a message says is read when it is sent.
    if channels.slack and (
        state == "held" or body.get("before") in ("held", "approved", "executing", "unsure")
    ):
        await _put(work, row, parts, "slack", f"slack:{entry.seq}", {"action_id": row.id})
    if state == "held":
        for to in channels.mail:
            await _put(
                work, row, parts, "mail", f"waiting:{entry.seq}:{to}", _letter(row, to, parts, channels)
            )


async def _put(
    work: Work, row: ActionRow, parts: Parts, kind: outbox.Kind, key: str, body: dict[str, Any]
) -> None:
    # In order for one action and one receiver, so that one that is down holds up nobody else.
    lock = f"{kind}:{row.id}:{body.get('address', body.get('to', ''))}"
    await outbox.put(work, parts.jobs, kind, key=key, conversation_id=None, body=body, lock=lock)


def _event(
    row: ActionRow, state: str, before: str | None, entry: AuditRow, channels: Channels
) -> dict[str, Any]:
    """Ids, amounts and states; no names, no words of anybody, no arguments."""
    return {
        "type": f"action.{state}",
        "timestamp": entry.at.isoformat(),
        "data": {
            "action_id": row.id,
            "digest": row.digest,
            "conversation_id": row.conversation_id,
            "category": row.category,
            "tool": row.tool,
            "state": state,
            "before": before,
            "amount": row.amount,
            "currency": row.currency,
            "risk": row.risk,
            "due_at": row.due_at.isoformat(),
            "url": page_of(row, channels),
        },
    }


def page_of(row: ActionRow, channels: Channels) -> str:
    """The address of an action's page."""
    return f"{channels.console}/console/actions/{row.id}"


def title_of(row: ActionRow, catalog: Catalog) -> str:
    """What a message outside may say of an action: its category, nothing of the customer."""
    policy = catalog.get(row.category)
    return policy.title if policy else row.category


def _letter(row: ActionRow, to: str, parts: Parts, channels: Channels) -> dict[str, Any]:
    title = title_of(row, parts.catalog)
    lines = [
        f"{title}: an action waits for a colleague.",
        "",
        f"Risk: {row.risk}",
        f"Due: {row.due_at:%Y-%m-%d %H:%M} UTC",
        "",
        f"Open it: {page_of(row, channels)}",
    ]
    return {"to": to, "subject": f"Waiting for review: {title}", "text": "\n".join(lines)}


async def _tell_colleague(
    work: Work, entry: AuditRow, row: ActionRow, parts: Parts, channels: Channels
) -> None:
    """A colleague who was handed something hears of it at their login, when that is a mail address."""
    to = await work.row(UserRow, select(_USER).where(_USER.c.id == entry.body["to"]))
    by = await work.value(select(_USER.c.name).where(_USER.c.id == entry.body["by"]))
    if not channels.mail or to is None or "@" not in to.login:
        return
    text = f"{by or 'A colleague'} handed an action on to you. It is yours for half an hour.\n\n{page_of(row, channels)}"
    letter = {"to": to.login, "subject": f"For you: {title_of(row, parts.catalog)}", "text": text}
    await _put(work, row, parts, "mail", f"handed:{entry.seq}", letter)
