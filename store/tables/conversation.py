"""Customers, conversations and what was said in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.columns import json_field, personal_text, utc


class CustomerRow(SQLModel, table=True):
    """A principal we met; `links` are vendor ids found by external id."""

    __tablename__ = "customer"
    id: str = Field(primary_key=True)
    name: str = personal_text()
    email: str = personal_text()
    tier: str | None = None
    language: str = "en"
    links: dict[str, Any] = json_field()
    created_at: datetime = utc()


class ConversationRow(SQLModel, table=True):
    """A chat; the lease says which process runs its turn, the fence outdates a late one."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("conversation_opened", "opened_at"),
        Index("conversation_ticket", "ticket_id"),
    )
    id: str = Field(primary_key=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    channel: str = "chat"
    page: str = ""
    state: str = "open"  # open, with_person, closed
    ticket_id: str | None = None
    language: str = "en"
    opened_at: datetime = utc()
    last_at: datetime = utc()
    closed_at: datetime | None = utc(null=True)
    reopened: int = 0
    next_event: int = 1
    lease_by: str | None = None
    lease_until: datetime | None = utc(null=True)
    fence: int = 0
    steps: int = 0
    tokens: int = 0
    cost_micro_usd: int = 0


class MessageRow(SQLModel, table=True):
    """One line; `key` makes a repeated post the same message."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "key"),
        Index("message_first", "conversation_id", "author", "at"),
    )
    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    key: str
    author: str
    text: str = personal_text()
    signals: dict[str, Any] | None = json_field(null=True)
    turn_id: str | None = None
    at: datetime = utc()


class EventRow(SQLModel, table=True):
    """What a customer sees, numbered; SSE replays from any number."""

    __tablename__ = "event"
    conversation_id: str = Field(foreign_key="conversation.id", primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str
    body: dict[str, Any] = json_field(personal=True)
    at: datetime = utc()


class TurnRow(SQLModel, table=True):
    """One run of the agent from a message to a reply."""

    __tablename__ = "turn"
    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    message_id: str
    state: str = "running"  # running, done, failed
    model: str = ""
    steps: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost_micro_usd: int = 0
    started_at: datetime = utc()
    ended_at: datetime | None = utc(null=True)


class StepRow(SQLModel, table=True):
    """One entry of the transcript in the model's own form: a reply with calls, or their results."""

    __tablename__ = "step"
    conversation_id: str = Field(foreign_key="conversation.id", primary_key=True)
    seq: int = Field(primary_key=True)
    turn_id: str | None = None
    version: int = 1
    role: str
    content: list[Any] = json_field(personal=True)
    at: datetime = utc()


class RequestRow(SQLModel, table=True):
    """What the customer wants now; opened by a message, its category decided by code."""

    __tablename__ = "request"
    __table_args__ = (Index("request_first", "conversation_id", "opened_at"),)
    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    message_id: str
    category: str
    confidence: float
    state: str = "open"  # open, done, dropped
    slots: dict[str, Any] = json_field(personal=True)
    opened_at: datetime = utc()
    done_at: datetime | None = utc(null=True)


class ProvenanceRow(SQLModel, table=True):
    """An id that a typed result of this principal's reads gave in this conversation."""

    __tablename__ = "provenance"
    conversation_id: str = Field(foreign_key="conversation.id", primary_key=True)
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    tool: str
    at: datetime = utc()


class HandoffRow(SQLModel, table=True):
    """A conversation given to a person, with the packet they got."""

    __tablename__ = "handoff"
    __table_args__ = (Index("handoff_at", "at"),)
    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    reason: str
    packet: dict[str, Any] = json_field(personal=True)
    at: datetime = utc()
    taken_by: str | None = None
    needed_person: bool | None = None


class ClosureRow(SQLModel, table=True):
    """How a conversation ended; a reopened one gets another row.

    `repeated_at` is when the customer came back about the same issue within seven days, in `repeated_by`: this
    conversation again or another one. It is known once that one has ended too.
    """

    __tablename__ = "closure"
    __table_args__ = (Index("closure_at", "at"),)
    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    category: str = "other"
    how: str
    began_at: datetime = utc()
    touched_by: list[str] = json_field()
    at: datetime = utc()
    reopened_at: datetime | None = utc(null=True)
    repeated_at: datetime | None = utc(null=True)
    repeated_by: str | None = None
    handover_needed_person: bool | None = None
    csat: int | None = None
