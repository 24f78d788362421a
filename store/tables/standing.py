"""Where categories stand, who moved them, and the switches that stop everything."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from store.columns import json_field, utc


class StandingRow(SQLModel, table=True):
    """A category's place; an autonomous one names the version whose evidence carries it, and the signed change."""

    __tablename__ = "standing"
    category: str = Field(primary_key=True)
    standing: str
    since: datetime = utc()
    version: int | None = None
    agent_version: str | None = None
    change_id: str | None = None
    # Every ticket is audited from here on, for the next hundred.
    burst_from: datetime | None = utc(null=True)


class StandingChangeRow(SQLModel, table=True):
    """Who moved a category and why; a graduation with the evidence it saw, signed by the house's key."""

    __tablename__ = "standing_change"
    id: str = Field(primary_key=True)
    category: str = Field(index=True)
    before: str
    after: str
    by: str
    reason: str
    evidence: dict[str, Any] | None = json_field(null=True)
    signature: str | None = None
    at: datetime = utc()


class StandingVersionRow(SQLModel, table=True):
    """A stretch of one agent version in a category; each starts its evidence anew at its own share of the risk."""

    __tablename__ = "standing_version"
    category: str = Field(primary_key=True)
    v: int = Field(primary_key=True)
    agent_version: str
    began_at: datetime = utc()
    why: str


class EvidenceRow(SQLModel, table=True):
    """What the present version has shown when it was last weighed: a copy, recomputed from the reviews themselves."""

    __tablename__ = "evidence"
    category: str = Field(primary_key=True)
    v: int
    n: int
    k: int
    log_e: float
    supports: str
    weighed_at: datetime = utc()


class CanaryRow(SQLModel, table=True):
    """A known-bad proposal made from a real action by breaking one thing; `broke` names the argument."""

    __tablename__ = "canary"
    action_id: str = Field(foreign_key="action.id", primary_key=True)
    made_from: str
    broke: str
    what: str
    at: datetime = utc()
    answered_by: str | None = None
    missed: bool | None = None
    answered_at: datetime | None = utc(null=True)


class LateErrorRow(SQLModel, table=True):
    """What was found out about an action after it was decided: a failed refund, a dispute, a colleague's report."""

    __tablename__ = "late_error"
    __table_args__ = (UniqueConstraint("action_id", "kind"),)
    id: str = Field(primary_key=True)
    action_id: str = Field(foreign_key="action.id", index=True)
    category: str = Field(index=True)
    kind: str
    by: str
    at: datetime = utc()


class ShadowRow(SQLModel, table=True):
    """Whether people did what the agent proposed in shadow, looked up a day after the ticket was solved."""

    __tablename__ = "shadow"
    action_id: str = Field(foreign_key="action.id", primary_key=True)
    agreed: bool
    at: datetime = utc()


class SwitchRow(SQLModel, table=True):
    """A kill switch: scope `all`, `category` or `tool`; on means nothing of it runs."""

    __tablename__ = "switch"
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    on: bool = True
    by: str
    reason: str
    at: datetime = utc()
