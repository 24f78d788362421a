"""A reviewed proposal with what led to it: what the customer had said, what was proposed, what a colleague made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core.errors import Invalid, NotFound
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.conversation import CustomerRow, MessageRow
from store.work import Work

_ACTION = table(ActionRow)
_REVIEW = table(ReviewRow)
_CUSTOMER = table(CustomerRow)
_MESSAGE = table(MessageRow)
# A yes, a no or a code that was read by code is marked so; it is no wish.
_ANSWERED = "answered:"
TEACHES = ("edit", "reject")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """`instead` is what an edit made of the proposal; `said` are the customer's words up to the proposal."""

    proposed: ActionRow
    instead: ActionRow | None
    review: ReviewRow
    customer: CustomerRow
    said: Sequence[str]


async def reviewed(work: Work, action_id: str) -> Reviewed:
    """The edit or rejection of an action, by the id of either side; raises NotFound, or Invalid when none taught anything."""
    row = await _action(work, _ACTION.c.id == action_id)
    if row is None:
        raise NotFound(f"There is no action {action_id!r}.")
    instead = await _action(work, _ACTION.c.replaces == row.id)
    if instead is None and row.replaces is not None:
        before = await _action(work, _ACTION.c.id == row.replaces)
        row, instead = (before, row) if before is not None else (row, None)
    review = await _review(work, row, instead)
    if row.canary or review is None:
        raise Invalid("Only a proposal that a colleague changed or rejected teaches something.")
    if review.reason_code == "customer_withdrew":
        raise Invalid("The customer changed their mind: that says nothing about the agent.")
    customer = await work.row(CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == row.customer_id))
    assert customer is not None  # a foreign key
    m = _MESSAGE.c
    words = select(m.text).where(
        m.conversation_id == row.conversation_id,
        m.author == "customer",
        m.at <= row.created_at,
        m.turn_id.is_(None) | ~m.turn_id.startswith(_ANSWERED),
    )
    said = [text for text in (await work.conn.execute(words.order_by(m.at, m.id))).scalars() if text.strip()]
    return Reviewed(row, instead, review, customer, said)


async def _action(work: Work, which: object) -> ActionRow | None:
    return await work.row(ActionRow, select(_ACTION).where(which).order_by(_ACTION.c.created_at))  # type: ignore[arg-type]


async def _review(work: Work, proposed: ActionRow, instead: ActionRow | None) -> ReviewRow | None:
    """An edit stands with the action it made, a rejection with the action itself."""
    r = _REVIEW.c
    edited = (r.decision == "edit") & (r.action_id == (instead.id if instead else ""))
    rejected = (r.decision == "reject") & (r.action_id == proposed.id)
    query = select(_REVIEW).where(edited | rejected).order_by(r.at.desc(), r.id)
    return await work.row(ReviewRow, query.limit(1))
