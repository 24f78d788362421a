"""The help desk on Zendesk's Support API, over the shared HTTP client."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from core.errors import VendorBusy, VendorUnsure
from core.ids import TicketId
from tools import http
from tools.desk.port import Comment, Ticket, TicketStatus
from tools.hooks import Hint, hint

M = TypeVar("M", bound=BaseModel)
VENDOR = "zendesk"
_MISSING = frozenset({404})
# What marks an update as ours in its audit; Zendesk keeps it and shows it to nobody.
_MARK = "remit_key"
_MOST_PAGES = 10


def connect(
    base_url: str, *, email: str, token: SecretStr, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client for this desk; its writes are service messages and need no permit. The caller closes it."""
    pair = f"{email}/token:{token.get_secret_value()}".encode()
    header = SecretStr(f"Basic {base64.b64encode(pair).decode()}")
    return http.client(
        VENDOR,
        base_url=base_url,
        auth={"Authorization": header},
        service_messages=True,
        transport=transport,
    )


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Ticket(_Wire):
    id: int
    requester_id: int
    subject: str | None
    status: TicketStatus
    tags: tuple[str, ...] = ()
    created_at: datetime
    updated_at: datetime


class _Changed(_Wire):
    tickets: tuple[_Ticket, ...]
    after_cursor: str | None = None
    end_of_stream: bool


class _OneTicket(_Wire):
    ticket: _Ticket


class _Tickets(_Wire):
    tickets: tuple[_Ticket, ...]


class _Metadata(_Wire):
    custom: dict[str, Any] = Field(default_factory=dict)


class _Comment(_Wire):
    id: int
    body: str
    public: bool
    created_at: datetime
    metadata: _Metadata = _Metadata()


class _Comments(_Wire):
    comments: tuple[_Comment, ...]


class _User(_Wire):
    id: int
    external_id: str | None


class _Users(_Wire):
    users: tuple[_User, ...]


class ZendeskDesk:
    """The Desk port on one Zendesk account."""

    vendor = VENDOR

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def find_requester(self, external_id: str) -> str | None:
        """The user's id, or None when there is none or the external id is ambiguous."""
        found = await self._read(_Users, "/api/v2/users/search", external_id=external_id)
        exact = [u.id for u in found.users if u.external_id == external_id] if found else []
        return str(exact[0]) if len(exact) == 1 else None

    async def history(self, requester: str) -> Sequence[Ticket]:
        """The requester's newest fifty tickets, newest first."""
        if not requester.isdecimal():
            return ()
        path = f"/api/v2/users/{requester}/tickets/requested"
        found = await self._read(_Tickets, path, sort_by="created_at", sort_order="desc", per_page="50")
        return tuple(_ticket(t) for t in found.tickets if str(t.requester_id) == requester) if found else ()

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        found = await self._read(_OneTicket, _path(ticket)) if ticket.isdecimal() else None
        return None if found is None else _ticket(found.ticket)

    async def comments(self, ticket: TicketId) -> Sequence[Comment]:
        """The newest hundred comments, oldest first."""
        rows = await self._newest(ticket)
        return tuple(
            Comment(id=str(c.id), ticket=ticket, public=c.public, text=c.body, at=c.created_at)
            for c in reversed(rows)
        )

    async def changed_since(self, since: datetime) -> Sequence[Hint]:
        """Tickets updated since then, by the incremental export; VendorUnsure when there are more than we look through."""
        query, found = {"start_time": str(int(since.timestamp()))}, list[_Ticket]()
        for _ in range(_MOST_PAGES):
            page = await self._read(_Changed, "/api/v2/incremental/tickets/cursor", **query)
            if page is None:
                return ()
            found += page.tickets
            if page.end_of_stream or page.after_cursor is None:
                told = [(t.id, t.updated_at) for t in found]
                seen = [
                    hint(VENDOR, f"poll-{i}-{at:%Y%m%dT%H%M%S}", "polled", "ticket", i, at) for i, at in told
                ]
                return [one for one in seen if one is not None]
            query = {"cursor": page.after_cursor}
        raise VendorUnsure(VENDOR, f"more than {_MOST_PAGES} pages of changed tickets")

    async def create(
        self, *, requester: str, subject: str, text: str, tags: Sequence[str], key: str
    ) -> Ticket:
        """A ticket in the requester's own words; the same key again gives the same ticket."""
        # Zendesk forgets an Idempotency-Key after two hours, an external id never.
        earlier = await self._read(_Tickets, "/api/v2/tickets", external_id=key)
        if earlier is not None and earlier.tickets:
            return _ticket(earlier.tickets[0])
        asked = {
            "requester_id": int(requester),
            "external_id": key,
            "subject": subject,
            "comment": {"body": text, "author_id": int(requester)},
            "tags": list(tags),
        }
        return await self._write("POST", "/api/v2/tickets", asked, headers={"Idempotency-Key": key})

    async def comment(self, ticket: TicketId, text: str, *, public: bool, key: str) -> None:
        """Adds it once: an update carrying this key already is the answer."""
        for _ in range(3):
            if await self._commented(ticket, text, public=public, key=key):
                return
        raise VendorBusy(VENDOR, "the ticket kept changing while a comment was added")

    async def tag(self, ticket: TicketId, tags: Sequence[str]) -> None:
        """Adds tags and leaves the others."""
        await http.send(self._client, VENDOR, "PUT", f"{_path(ticket)}/tags", json={"tags": list(tags)})

    async def set_status(self, ticket: TicketId, status: TicketStatus) -> Ticket:
        return await self._write("PUT", _path(ticket), {"status": status})

    async def _commented(self, ticket: TicketId, text: str, *, public: bool, key: str) -> bool:
        """False when another update came between; the ticket is read first, so that none goes unseen."""
        response: httpx.Response = await http.retrying()(self._get, _path(ticket))
        seen = http.parsed(VENDOR, response, _OneTicket).ticket
        if any(c.metadata.custom.get(_MARK) == key for c in await self._newest(ticket)):
            return True
        asked = {
            "comment": {"body": text, "public": public},
            "metadata": {_MARK: key},
            "safe_update": True,
            "updated_stamp": seen.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        answer = await http.send(
            self._client, VENDOR, "PUT", _path(ticket), expect=frozenset({409}), json={"ticket": asked}
        )
        return answer.status_code != 409

    async def _newest(self, ticket: TicketId) -> Sequence[_Comment]:
        path = f"{_path(ticket)}/comments"
        found = await self._read(_Comments, path, sort_order="desc", per_page="100")
        return found.comments if found else ()

    async def _write(
        self, method: str, path: str, ticket: dict[str, Any], *, headers: dict[str, str] | None = None
    ) -> Ticket:
        sent = await http.send(self._client, VENDOR, method, path, json={"ticket": ticket}, headers=headers)
        return _ticket(http.parsed(VENDOR, sent, _OneTicket).ticket)

    async def _read(self, model: type[M], path: str, **query: str) -> M | None:
        async def once() -> M | None:
            response = await self._get(path, expect=_MISSING, **query)
            return None if response.status_code == 404 else http.parsed(VENDOR, response, model)

        return await http.retrying()(once)

    async def _get(self, path: str, *, expect: frozenset[int] = frozenset(), **query: str) -> httpx.Response:
        return await http.send(self._client, VENDOR, "GET", path, expect=expect, params=query)


def _path(ticket: TicketId) -> str:
    return f"/api/v2/tickets/{int(ticket)}"


def _ticket(wire: _Ticket) -> Ticket:
    return Ticket(
        id=TicketId(str(wire.id)),
        requester=str(wire.requester_id),
        subject=wire.subject or "",
        status=wire.status,
        tags=wire.tags,
        created_at=wire.created_at,
        updated_at=wire.updated_at,
    )
