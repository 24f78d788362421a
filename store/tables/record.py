"""What is kept for the record and for sending: audit, outbox, help articles."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Computed, Index, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from store.columns import json_field, personal_text, utc


class AuditRow(SQLModel, table=True):
    """One link of the hash chain; the database refuses to change or delete it."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_anchored", "seq", postgresql_where=text("kind = 'audit.anchored'")),)
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = 1
    at: datetime = utc()
    kind: str
    body: dict[str, Any] = json_field()
    prev: str
    hash: str


class OutboxRow(SQLModel, table=True):
    """A service message to send at least once; `key` lets the receiver drop repeats."""

    __tablename__ = "outbox"
    id: str = Field(primary_key=True)
    key: str = Field(unique=True)
    kind: str  # see store.outbox.Kind
    conversation_id: str | None = Field(default=None, index=True)
    body: dict[str, Any] = json_field(personal=True)
    state: str = "waiting"  # waiting, sent, failed
    tries: int = 0
    error: str | None = None
    at: datetime = utc()
    sent_at: datetime | None = utc(null=True)


class AnnouncedRow(SQLModel, table=True):
    """How far the audit log was told to those who want to hear of it."""

    __tablename__ = "announced"
    what: str = Field(primary_key=True)
    seq: int = 0


class SlackMessageRow(SQLModel, table=True):
    """Where the message about an action stands, so that its outcome is written there too."""

    __tablename__ = "slack_message"
    action_id: str = Field(foreign_key="action.id", primary_key=True)
    channel: str
    ts: str


class ArticleRow(SQLModel, table=True):
    __tablename__ = "article"
    __table_args__ = (Index("article_words", "tsv", postgresql_using="gin"),)
    id: str = Field(primary_key=True)
    title: str = Field(sa_column=Column(Text, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    url: str = Field(sa_column=Column(Text, nullable=False))
    tsv: Any = Field(
        default=None,
        sa_column=Column(
            TSVECTOR,
            Computed(
                "setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')",
                persisted=True,
            ),
        ),
    )


class FindingRow(SQLModel, table=True):
    """Something in which a vendor and our record disagree; open until it is so no more or a colleague has explained it."""

    __tablename__ = "finding"
    __table_args__ = (Index("finding_open", "opened_at", postgresql_where=text("closed_at is null")),)
    id: str = Field(primary_key=True)
    key: str = Field(unique=True)  # kind and what it is about: the same finding again is the same row
    kind: str  # mismatch, orphan, unsure
    action_id: str | None = Field(default=None, index=True)
    vendor: str
    object: str
    why: str
    owner: str  # who looks into it: the colleague who approved it, else ops
    opened_at: datetime = utc()
    seen_at: datetime = utc()
    closed_at: datetime | None = utc(null=True)
    closed_by: str | None = None
    explained: str = personal_text()
