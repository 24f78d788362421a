"""Customers who come back about the same issue: what an ending was about, and which earlier one it takes back."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, cast, exists, func, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY

from agent.requests import OTHER
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ClosureRow, ConversationRow, RequestRow
from store.work import Work

_ACTION = table(ActionRow)
_CLOSURE = table(ClosureRow)
_CONVERSATION = table(ConversationRow)
_REQUEST = table(RequestRow)
# A conversation that comes back within this was not resolved.
COMES_BACK = timedelta(days=7)


async def last_closure(work: Work, conversation_id: str) -> ClosureRow | None:
    """The newest ending of a conversation, if it ever ended."""
    mine = select(_CLOSURE).where(_CLOSURE.c.conversation_id == conversation_id)
    return await work.row(ClosureRow, mine.order_by(_CLOSURE.c.at.desc(), _CLOSURE.c.id).limit(1))


async def issue_of(work: Work, conversation_id: str, last: ClosureRow | None, began: datetime) -> str:
    """The category of the first wish that was understood since `began`; without one it is still the last issue."""
    r = _REQUEST.c
    first = select(r.category).where(
        r.conversation_id == conversation_id, r.category != OTHER, r.opened_at >= began
    )
    found: str | None = await work.value(first.order_by(r.opened_at, r.id).limit(1))
    if found is not None:
        return found
    return last.category if last is not None else OTHER


async def take_back(
    work: Work, conversation: ConversationRow, last: ClosureRow | None, *, category: str, began: datetime
) -> None:
    """Marks the earlier endings that this conversation shows to have settled nothing; call it when this one ends."""
    c = _CLOSURE.c
    values = {"repeated_at": began, "repeated_by": conversation.id}
    if last is not None and last.category == category and _came_back(last):
        await work.run(update(_CLOSURE).where(c.id == last.id).values(values))
    if category == OTHER:
        return  # two wishes that nobody understood need not be the same one
    others = select(_CONVERSATION.c.id).where(
        _CONVERSATION.c.customer_id == conversation.customer_id, _CONVERSATION.c.id != conversation.id
    )
    await work.run(
        update(_CLOSURE)
        .where(
            c.conversation_id.in_(others),
            c.category == category,
            c.at.between(began - COMES_BACK, began),
            c.reopened_at.is_(None),
            c.repeated_at.is_(None),
            await _same_object(work, conversation.id),
        )
        .values(values)
    )


def _came_back(closure: ClosureRow) -> bool:
    return closure.reopened_at is not None and closure.reopened_at - closure.at <= COMES_BACK


async def _same_object(work: Work, conversation_id: str) -> ColumnElement[bool]:
    """True for endings that touched an object of this conversation, or where either of the two touched none."""
    a = _ACTION.c
    mine = select(a.targets).where(a.conversation_id == conversation_id)
    targets = sorted({one for found in (await work.conn.execute(mine)).scalars() for one in found})
    if not targets:
        return true()
    theirs = (a.conversation_id == _CLOSURE.c.conversation_id) & (func.jsonb_array_length(a.targets) > 0)
    shared = a.targets.op("?|")(cast(targets, ARRAY(String)))
    return exists().where(theirs, shared) | ~exists().where(theirs)
