"""Who talks, what they want, and what a person needs to take over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from core.frozen import Frozen
from core.ids import Category, ConversationId, CustomerId, RequestId, TicketId

Assurance = Literal["anonymous", "identified"]
Author = Literal["customer", "agent", "person", "system"]
Sentiment = Literal["positive", "neutral", "negative", "angry"]
Urgency = Literal["low", "normal", "high"]
Vendor = Literal["stripe", "okta", "auth0", "hubspot", "shopify", "zendesk"]
ClosedHow = Literal["agent", "assisted", "person", "abandoned"]


class Principal(Frozen):
    """The verified customer the gate acts for; `links` are their ids at each vendor, found by external id."""

    id: CustomerId
    assurance: Assurance
    links: Mapping[str, str] = Field(default_factory=dict)
    name: str = ""
    email: str = ""


class Signals(Frozen):
    """What triage reads from one message; confidence is calibrated, 0 to 1."""

    category: Category
    confidence: float
    sentiment: Sentiment
    urgency: Urgency
    language: str
    wants_person: bool
    # Words that always bring a person: which lists they came from ("security", "legal", "compliance").
    flags: tuple[str, ...] = ()


class Request(Frozen):
    """What the customer wants now, with the category code decided from their own words."""

    id: RequestId
    conversation_id: ConversationId
    category: Category
    confidence: float
    opened_at: datetime


class Said(Frozen):
    """One line of a conversation as a person reads it."""

    author: Author
    text: str
    at: datetime


class Attempt(Frozen):
    """One thing the agent tried, and how it ended, in words."""

    what: str
    result: str
    at: datetime


class HandoffPacket(Frozen):
    """Everything a person needs to go on without asking again."""

    version: Literal[1] = 1
    conversation_id: ConversationId
    customer_id: CustomerId
    ticket_id: TicketId | None
    reason: str
    category: str
    conversation: tuple[Said, ...]
    facts: Mapping[str, str] = Field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    next_step: str


class Closure(Frozen):
    """How a conversation ended."""

    how: ClosedHow
    touched_by: tuple[str, ...]
    at: datetime
    handover_needed_person: bool | None = None
    csat: int | None = None
