"""Column types: UTC times, JSON, and a mark on columns that hold personal text."""

from typing import Any

from sqlalchemy import Column, DateTime, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def utc(*, null: bool = False, index: bool = False) -> Any:
    """A `timestamptz` field."""
    return Field(
        default=None if null else ..., sa_column=Column(DateTime(timezone=True), nullable=null, index=index)
    )


def json_field(*, personal: bool = False, null: bool = False) -> Any:
    """A `jsonb` field; `personal` ones are blanked when a customer is erased."""
    return Field(
        default=None if null else ..., sa_column=Column(JSONB, nullable=null, info={"personal": personal})
    )


def personal_text(*, null: bool = False) -> Any:
    """A text field that holds personal text; blanked when a customer is erased."""
    return Field(
        default=None if null else ..., sa_column=Column(Text, nullable=null, info={"personal": True})
    )


def table(row: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a row class, for typed statements: `t = table(ActionRow); t.c.state`."""
    return row.__table__  # type: ignore[attr-defined,no-any-return]
