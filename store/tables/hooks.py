"""What vendors told by webhook: ids only, kept so that a repeat is known."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.columns import utc


class WebhookRow(SQLModel, table=True):
    """One event of a vendor; nothing of its body but which object to read anew."""

    __tablename__ = "webhook"
    __table_args__ = (Index("webhook_object", "vendor", "object", "state"), Index("webhook_at", "at"))
    vendor: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    kind: str
    object: str
    came_by: str  # webhook, poll
    deliveries: int = 1
    state: str = "waiting"  # waiting, done, set_aside
    tries: int = 0
    vendor_at: datetime | None = utc(null=True)
    at: datetime = utc()
    done_at: datetime | None = utc(null=True)


class WebhookCursorRow(SQLModel, table=True):
    """Up to when a vendor was asked what changed."""

    __tablename__ = "webhook_cursor"
    vendor: str = Field(primary_key=True)
    asked_until: datetime = utc()
    problem: str | None = None
