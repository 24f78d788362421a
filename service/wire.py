"""What the API takes and gives, as OpenAPI shows it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from core.actions import State
from core.standing import Decision, ReasonCode, Standing

Short = Annotated[str, StringConstraints(max_length=200)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


def is_storable(value: Any) -> bool:
    """False when any string inside holds what PostgreSQL cannot keep: NUL or half a surrogate pair."""
    match value:
        case str():
            return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)
        case dict():
            return all(is_storable(key) and is_storable(one) for key, one in value.items())
        case list():
            return all(is_storable(one) for one in value)
        case _:
            return True


class In(BaseModel):
    """Base of every body: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    @field_validator("*", mode="after")
    @classmethod
    def _storable(cls, value: Any, info: ValidationInfo) -> Any:
        # A message is cleaned instead: nobody loses a pasted text to an invisible character.
        if info.field_name != "text" and not is_storable(value):
            raise ValueError("holds characters that are not text")
        return value


class Out(BaseModel):
    """Base of every answer; read from our own values."""

    model_config = ConfigDict(from_attributes=True)


class NewConversation(In):
    page: Short = ""


class NewMessage(In):
    """`key` is the sender's own name for it: the same key again is the same message."""

    text: str
    key: Key


class Confirmation(In):
    """`digest` of the card that was shown: a yes to anything else is refused."""

    digest: Digest


class EnteredCode(In):
    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{6}$")]


class Rating(In):
    csat: Annotated[int, Field(ge=1, le=5)]


class NewReview(In):
    """A decision on exactly `digest`; an edit carries the new arguments, a rejection its reason."""

    digest: Digest
    decision: Decision
    reason_code: ReasonCode | None = None
    note: Annotated[str, StringConstraints(max_length=2000)] = ""
    args: dict[str, Any] | None = None


class Demotion(In):
    """Why a category is moved, up or down; it is kept with who did it."""

    reason: Reason


class Throw(In):
    """A kill switch: `on` stops everything it covers. `key` is a category or a write tool, empty for `all`."""

    scope: Literal["all", "category", "tool"]
    key: Short = ""
    on: bool
    reason: Reason


class PersonsReply(In):
    text: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class PersonsEnd(In):
    """`needed_person`: whether a person was needed, or the agent could have done it."""

    needed_person: bool
    text: Annotated[str, StringConstraints(max_length=4000)] = ""


class Handoff(Out):
    conversation_id: str
    customer_name: str
    reason: str
    category: str
    at: datetime
    taken_by: str | None
    packet: dict[str, Any]


class Handoffs(Out):
    handoffs: list[Handoff]


class Conversation(Out):
    id: str
    state: Literal["open", "with_person", "closed"]
    page: str
    opened_at: datetime
    last_at: datetime


class Conversations(Out):
    """The customer and their conversations, latest first."""

    customer_name: str
    conversations: list[Conversation]


class Message(Out):
    id: str
    author: str
    text: str
    at: datetime


class Line(Out):
    label: str
    before: str | None
    after: str


class Preview(Out):
    title: str
    lines: list[Line]
    note: str


class Receipt(Out):
    title: str
    reference: str
    at: datetime
    lines: list[Line]


class Outcome(Out):
    """What became of an action for now; the card in the stream follows."""

    kind: Literal["executed", "asked", "held", "refused", "handed_over", "failed", "unsure"]
    action_id: str | None
    text: str


class Done(Out):
    ok: Literal[True] = True


class Challenge(Out):
    """Okta's challenge, given back."""

    verification: str


class Entry(Out):
    """One action that waits for a colleague."""

    action_id: str
    customer_name: str
    tier: str
    title: str
    category: str
    category_title: str
    because: str
    amount_text: str | None
    waiting_since: datetime
    due_at: datetime
    risk: str
    claimed_by: str | None
    review_after: bool
    confidence_pct: int
    state: State
    digest: str
    language: str
    urgent: bool
    claimed_until: datetime | None
    is_seen: bool
    is_batchable: bool


class Queue(Out):
    """A part of the queue: `total` fit the filters, `next` is the `after` of the part that follows."""

    waiting: list[Entry]
    total: int
    next: str | None


class FactView(Out):
    name: str
    value: str
    source: str
    read_at: datetime


class Fired(Out):
    rule: str
    kind: Literal["allow", "escalate", "deny"]
    sentence: str


class Said(Out):
    author: str
    text: str
    at: datetime


class Similar(Out):
    action_id: str
    title: str
    state: str
    at: datetime
    because: str


class Told(Out):
    """What the customer sees now."""

    card: str
    card_text: str
    words: str


class Note(Out):
    by: str
    text: str
    at: datetime


class Successor(Out):
    action_id: str
    title: str


class Step(Out):
    what: str
    by: str
    at: datetime


class Detail(Out):
    """Everything a colleague decides on."""

    entry: Entry
    digest: str
    conversation_id: str
    tool: str
    request_text: str
    said: list[Said]
    preview: Preview
    args: dict[str, Any]
    args_schema: dict[str, Any]
    facts: list[FactView]
    verdict: Literal["allow", "escalate", "deny"]
    fired: list[Fired]
    policy_version: str
    similar: list[Similar]
    history: list[Step]
    receipt: Receipt | None
    expires_at: datetime
    decidable: bool
    told: Told
    notes: list[Note]
    runs_at: datetime | None
    undo_by: str | None
    successor: Successor | None


class Reviewed(Out):
    """Where the action stands after a decision; an edit made a new action. `undo_seconds`: so long it can be taken back."""

    action_id: str
    state: State
    sentence: str
    undo_seconds: int


class Place(Out):
    """One category on the ladder."""

    category: str
    title: str
    tier: Literal[1, 2, 3]
    standing: Standing
    since: datetime | None
    reviews: int
    errors: int
    waiting: int


class Standings(Out):
    standings: list[Place]


class Moved(Out):
    """Where a category stands after it was moved."""

    standing: Standing


class Switch(Out):
    scope: Literal["all", "category", "tool"]
    key: str
    on: bool
    by: str
    reason: str
    at: datetime


class Switches(Out):
    switches: list[Switch]


class DemoToken(Out):
    token: str
    expires_in: int
