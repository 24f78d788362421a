"""Where categories stand, who moved them, and the switches that stop everything."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.columns import utc


class StandingRow(SQLModel, table=True):
    __tablename__ = "standing"
    category: str = Field(primary_key=True)
    standing: str
    since: datetime = utc()


class StandingChangeRow(SQLModel, table=True):
    __tablename__ = "standing_change"
    id: str = Field(primary_key=True)
    category: str = Field(index=True)
    before: str
    after: str
    by: str
    reason: str
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
