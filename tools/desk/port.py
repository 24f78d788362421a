"""What the help desk can tell and do; Zendesk is one adapter. Written by the service itself, never by the model."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.frozen import Frozen
from core.ids import TicketId

TicketStatus = Literal["new", "open", "pending", "hold", "solved", "closed"]


class Ticket(Frozen):
    id: TicketId
    requester: str
    subject: str
    status: TicketStatus
    tags: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


class Comment(Frozen):
    id: str
    ticket: TicketId
    public: bool
    text: str
    at: datetime


class Desk(Protocol):
    """`key` makes each write at-most-once: the same key again returns the first result."""

    vendor: str

    async def find_requester(self, external_id: str) -> str | None: ...
    async def history(self, requester: str) -> Sequence[Ticket]: ...
    async def ticket(self, ticket: TicketId) -> Ticket | None: ...
    async def comments(self, ticket: TicketId) -> Sequence[Comment]: ...
    async def create(
        self, *, requester: str, subject: str, text: str, tags: Sequence[str], key: str
    ) -> Ticket: ...
    async def comment(self, ticket: TicketId, text: str, *, public: bool, key: str) -> None: ...
    async def tag(self, ticket: TicketId, tags: Sequence[str]) -> None: ...
    async def set_status(self, ticket: TicketId, status: TicketStatus) -> Ticket: ...
