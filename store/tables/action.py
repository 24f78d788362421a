"""Actions and everything that was decided about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, Computed, Index, Text, or_, text
from sqlmodel import Field, SQLModel

from core.actions import ARROWS
from store.columns import json_field, personal_text, utc

_STATES = sorted({*ARROWS, *(state for ends in ARROWS.values() for state in ends)})
# Kept by the database itself, so that the queue is read from an index and never from the facts of each row.
WAITS = "state = 'held' or (state = 'executed' and review_after and approved_at is null)"
URGENT = (
    "coalesce(facts #>> '{customer.tier,value}', '') = 'vip'"
    " or coalesce(facts #>> '{customer.health,value}', '') = 'at_risk'"
    " or coalesce(facts #>> '{request.urgent,value}', '') = 'true'"
)
TIER = "coalesce(facts #>> '{customer.tier,value}', 'unknown')"
ENDED = (
    "state in ('approved', 'executing', 'executed', 'failed', 'unsure', 'needs_person', 'rejected', 'expired', "
    "'withdrawn')"
)


def _computed(kind: Any, expression: str) -> Any:
    """A column the database works out; what is inserted for it is ignored."""
    return Field(default=None, sa_column=Column(kind, Computed(expression, persisted=True)))


class ActionRow(SQLModel, table=True):
    """One proposed write; `state` moves only by compare-and-set along core.actions.ARROWS."""

    __tablename__ = "action"
    __table_args__ = (
        CheckConstraint(f"state in ({', '.join(repr(s) for s in _STATES)})", name="action_state"),
        CheckConstraint("amount is null or amount >= 0", name="action_amount"),
        # The same digest within a request is the same action, until it was replaced or ended unexecuted.
        Index(
            "action_once",
            "request_id",
            "digest",
            unique=True,
            postgresql_where=text("state not in ('replaced', 'expired', 'withdrawn', 'refused', 'failed')"),
        ),
        Index("action_queue", "state", "due_at"),
        Index("action_category", "category", "created_at"),
        # A canary is shown to colleagues and is never anything that may run.
        CheckConstraint(
            "not canary or state in ('held', 'rejected', 'withdrawn', 'expired', 'refused')",
            name="action_canary",
        ),
        Index("action_waiting", "review_after", "due_at", "id", postgresql_where=text("waits")),
        Index("action_lately", "state_at", postgresql_where=text(ENDED)),
        Index("action_alike", "category", "tool", "state_at"),
        Index(
            "action_targets", "targets", postgresql_using="gin", postgresql_ops={"targets": "jsonb_path_ops"}
        ),
    )
    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    request_id: str = Field(foreign_key="request.id")
    customer_id: str = Field(foreign_key="customer.id", index=True)
    category: str
    tool: str
    tool_version: int
    version: int = 1
    args: dict[str, Any] = json_field(personal=True)
    targets: list[str] = json_field()
    amount: int | None = None
    currency: str | None = None
    digest: str
    state: str
    state_at: datetime = utc()
    facts: dict[str, Any] = json_field()
    verdict: dict[str, Any] = json_field()
    preview: dict[str, Any] = json_field(personal=True)
    because: list[str] = json_field()
    risk: str = "low"
    allowed_by_rules: bool = False
    standing: str = "observation"
    review_after: bool = False
    # The hash of model, prompt, tool schemas and policy that proposed it; evidence is kept per hash.
    agent_version: str = ""
    canary: bool = False
    created_at: datetime = utc()
    due_at: datetime = utc()
    expires_at: datetime = utc()
    approved_at: datetime | None = utc(null=True)
    opened_at: datetime | None = utc(null=True)
    claimed_by: str | None = None
    claimed_until: datetime | None = utc(null=True)
    # Approved, and not to be sent before this: until then the approval can be undone.
    runs_at: datetime | None = utc(null=True)
    replaces: str | None = None
    receipt: dict[str, Any] | None = json_field(personal=True, null=True)
    failure: str | None = None
    waits: bool | None = _computed(Boolean, WAITS)
    urgent: bool | None = _computed(Boolean, URGENT)
    tier: str | None = _computed(Text, TIER)


class ConfirmationRow(SQLModel, table=True):
    """The customer's own yes to exactly this digest; used once."""

    __tablename__ = "confirmation"
    action_id: str = Field(foreign_key="action.id", primary_key=True)
    digest: str
    event: str  # button, exact_yes
    at: datetime = utc()


class StepUpRow(SQLModel, table=True):
    """A one-time code sent for exactly this digest; only its keyed digest is kept."""

    __tablename__ = "step_up"
    id: str = Field(primary_key=True)
    action_id: str = Field(foreign_key="action.id", index=True)
    customer_id: str = Field(index=True)
    digest: str
    code_mac: str
    sent_to_mac: str
    sent_to_masked: str
    tries: int = 0
    sent_at: datetime = utc()
    verified_at: datetime | None = utc(null=True)
    used_at: datetime | None = utc(null=True)


class ReviewRow(SQLModel, table=True):
    """An approver's decision; `shown_rules` are the escalations the approval satisfies."""

    __tablename__ = "review"
    __table_args__ = (Index("review_at", "at"),)
    id: str = Field(primary_key=True)
    action_id: str = Field(foreign_key="action.id", index=True)
    digest: str
    reviewer_id: str
    decision: str  # approve, edit, reject, take_over
    reason_code: str | None = None
    note: str = personal_text()
    shown_rules: list[str] = json_field()
    args_before: dict[str, Any] | None = json_field(personal=True, null=True)
    args_after: dict[str, Any] | None = json_field(personal=True, null=True)
    seconds_open: float | None = None
    # For an edit: whether it changed more than wording. Kept, because the arguments may be blanked one day.
    material: bool | None = None
    used_at: datetime | None = utc(null=True)
    # Taken back within the undo window: it moved nothing and counts for nothing.
    undone_at: datetime | None = utc(null=True)
    at: datetime = utc()


def stands(review: Any) -> Any:
    """True for a decision that still says something about the agent: an approval taken back says nothing, an edit always does."""
    return or_(review.undone_at.is_(None), review.decision == "edit")


class LookRow(SQLModel, table=True):
    """A colleague's look at a waiting action, and for how long; gone once the action is decided."""

    __tablename__ = "look"
    action_id: str = Field(foreign_key="action.id", primary_key=True)
    reviewer_id: str = Field(primary_key=True)
    opened_at: datetime | None = utc(null=True)  # empty while the page is left
    seconds: float = 0.0  # of earlier looks


class NoteRow(SQLModel, table=True):
    """A word among colleagues about an action; the customer and the model never see it."""

    __tablename__ = "note"
    id: str = Field(primary_key=True)
    action_id: str = Field(foreign_key="action.id", index=True)
    by: str
    text: str = personal_text()
    at: datetime = utc()


class AttemptRow(SQLModel, table=True):
    """The intent, durable before the vendor is called; its answer, after."""

    __tablename__ = "attempt"
    action_id: str = Field(foreign_key="action.id", primary_key=True)
    key: str = Field(unique=True)
    digest: str
    first_sent_at: datetime = utc()
    tries: int = 0
    # open (it may have arrived), not_sent (it surely did nothing), lost (an earlier one may have), done, refused
    state: str = "open"
    fence: int = 0
    next_at: datetime | None = utc(null=True)
    ended_at: datetime | None = utc(null=True)


class ReservationRow(SQLModel, table=True):
    """What an action takes from one limit; counted while reserved and once done."""

    __tablename__ = "reservation"
    __table_args__ = (Index("reservation_scope", "scope", "key", "at"),)
    action_id: str = Field(foreign_key="action.id", primary_key=True)
    scope: str = Field(primary_key=True)  # object, customer, category, overall
    key: str = Field(primary_key=True)
    currency: str | None = None
    amount: int = 0
    state: str = "reserved"  # reserved, done, released
    at: datetime = utc()
