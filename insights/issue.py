"""What a conversation is about, for counting: the first wish that was understood."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, String, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from agent.requests import OTHER
from store.columns import table
from store.tables.conversation import RequestRow

_REQUEST = table(RequestRow)


def issue(conversation_id: ColumnElement[Any]) -> FromClause:
    """One row with `category`, to join to a conversation; `other` when no wish was understood."""
    r = _REQUEST.c
    in_order = func.array_agg(aggregate_order_by(r.category, r.opened_at, r.id), type_=ARRAY(String))
    first = func.coalesce(in_order[1], OTHER).label("category")
    return select(first).where(r.conversation_id == conversation_id, r.category != OTHER).lateral("issue")
