"""The help desk straight on the world: Zendesk's tickets and comments, without HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.errors import VendorBusy, VendorRefused
from core.ids import TicketId
from tools.desk.port import Comment, Ticket, TicketStatus
from tools.sandbox.direct.line import Line
from tools.sandbox.world import Record
from tools.sandbox.zendesk import tickets

_TICKET, _USER = "zendesk.ticket", "zendesk.user"
_MARK = "remit_key"
_MOST = 50


class DirectDesk:
    """The Desk port on Zendesk's records; each write is made once per key."""

    vendor = "zendesk"

    def __init__(self, line: Line) -> None:
        self._line = line

    async def find_requester(self, external_id: str) -> str | None:
        records = self._line.ask(f"GET /api/v2/users/search?external_id={external_id}")
        found = records.find(_USER, external_id=external_id)
        return str(found[0]["id"]) if len(found) == 1 else None

    async def history(self, requester: str) -> Sequence[Ticket]:
        """The requester's newest fifty tickets, newest first."""
        if not requester.isdecimal():
            return ()
        records = self._line.ask(f"GET /api/v2/users/{requester}/tickets/requested?")
        found = records.find(_TICKET, requester=int(requester))
        found.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return tuple(_ticket(row) for row in found[:_MOST])

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        row = self._line.ask(f"GET /api/v2/tickets/{ticket}?").get(_TICKET, ticket)
        return None if row is None else _ticket(row)

    async def comments(self, ticket: TicketId) -> Sequence[Comment]:
        row = self._line.ask(f"GET /api/v2/tickets/{ticket}/comments?").get(_TICKET, ticket)
        return tuple(
            Comment(
                id=str(one["id"]),
                ticket=ticket,
                public=one["public"],
                text=one["body"],
                at=_time(one["created_at"]),
            )
            for one in (row["comments"] if row else ())
        )

    async def create(
        self, *, requester: str, subject: str, text: str, tags: Sequence[str], key: str
    ) -> Ticket:
        earlier = self._line.records.find(_TICKET, external_id=key)
        if earlier:
            return _ticket(earlier[0])
        asked = {
            "requester_id": int(requester),
            "external_id": key,
            "subject": subject,
            "comment": {"body": text, "author_id": int(requester)},
            "tags": list(tags),
        }
        async with self._line.message(f"POST /api/v2/tickets?\n{key}") as change:
            try:
                return _ticket(tickets.create(change, asked))
            except tickets.Invalid as wrong:
                raise VendorRefused(self.vendor, str(wrong)) from None

    async def comment(self, ticket: TicketId, text: str, *, public: bool, key: str) -> None:
        known = self._line.records.get(_TICKET, ticket)
        if known and any(one["custom"].get(_MARK) == key for one in known["comments"]):
            return
        asked = {"comment": {"body": text, "public": public}, "metadata": {_MARK: key}}
        await self._update(ticket, asked)

    async def tag(self, ticket: TicketId, tags: Sequence[str]) -> None:
        """Adds tags and leaves the others."""
        await self._update(ticket, {"additional_tags": list(tags)})

    async def set_status(self, ticket: TicketId, status: TicketStatus) -> Ticket:
        return await self._update(ticket, {"status": status})

    async def _update(self, ticket: TicketId, asked: dict[str, Any]) -> Ticket:
        async with self._line.message(f"PUT /api/v2/tickets/{ticket}?") as change:
            row = change.get(_TICKET, ticket)
            if row is None:
                raise VendorRefused(self.vendor, "no such ticket")
            try:
                tickets.update(change, row, asked)
            except tickets.Invalid as wrong:
                raise VendorRefused(self.vendor, str(wrong)) from None
            except tickets.Stale:
                raise VendorBusy(self.vendor, "the ticket kept changing") from None
            return _ticket(row)


def _ticket(row: Record) -> Ticket:
    return Ticket(
        id=TicketId(str(row["id"])),
        requester=str(row["requester"]),
        subject=row["subject"],
        status=row["status"],
        tags=tuple(row["tags"]),
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
