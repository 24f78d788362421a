"""Compares what the agent proposed in shadow with what people did on the ticket until a day after it was solved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from approvals.again import principal_of
from approvals.judge import parse
from approvals.ladder.outcomes import same_said
from approvals.parts import Parts
from approvals.record import action_of, facts_of
from core.errors import RemitError, VendorError
from core.facts import FactSet
from core.money import Money
from core.tool_spec import REQUEST_FACTS
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, MessageRow
from store.tables.standing import ShadowRow
from tools.kit import Scope

_ACTION = table(ActionRow)
_CONVERSATION = table(ConversationRow)
_MESSAGE = table(MessageRow)
_SHADOW = table(ShadowRow)
# People may act on a ticket until a day after it is solved.
SETTLES = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund that carries no id of ours: a person gave it."""

    charge: str
    money: Money


def same_refund(charge: str, money: Money, done: Sequence[Refunded]) -> bool:
    """True when a person gave back exactly this on this payment, and nothing else."""
    return list(done) == [Refunded(charge, money)]


def has_changed(before: FactSet, now: FactSet) -> bool:
    """True when the thing itself is in another state: a flag or a word about it differs (numbers grow with the days)."""
    return any(
        isinstance(fact.value, (bool, str)) and fact.value != now.get(name)
        for name, fact in before.facts.items()
        if name not in REQUEST_FACTS and not name.startswith(("request.", "customer.", "answer."))
    )


async def compare_all(parts: Parts) -> int:
    """Compares every shadow proposal whose ticket was solved a day ago; how many."""
    async with parts.store.begin() as work:
        query = (
            select(_ACTION)
            .join(_CONVERSATION, _CONVERSATION.c.id == _ACTION.c.conversation_id)
            .outerjoin(_SHADOW, _SHADOW.c.action_id == _ACTION.c.id)
            .where(
                _ACTION.c.standing == "shadow", _ACTION.c.state == "refused", _SHADOW.c.action_id.is_(None)
            )
            .where(_CONVERSATION.c.closed_at <= work.now - SETTLES)
            .limit(200)
        )
        due = await work.rows(ActionRow, query)
    return sum([await _compare(row, parts) for row in due])


async def _compare(row: ActionRow, parts: Parts) -> bool:
    """Stores whether people did what was proposed; False when a vendor does not answer now."""
    try:
        agreed = await is_same(row, parts)
    except VendorError:
        return False
    except RemitError:
        agreed = False  # not comparable is not the same
    async with parts.store.begin() as work:
        values = {"action_id": row.id, "agreed": agreed, "at": work.now}
        if await work.insert_once(insert(_SHADOW).values(**values)):
            work.audit("shadow.compared", action=row.id, agreed=agreed)
    return True


async def is_same(row: ActionRow, parts: Parts) -> bool:
    """Whether a person did on this ticket what the agent proposed; raises VendorError."""
    tool = parts.write_tool(row.tool)
    if tool is None or tool.spec.version != row.tool_version:
        return False
    if row.tool == "answer":
        return await _same_reply(row, parts)
    args = parse(tool, row.args)
    if isinstance(args, str):
        return False
    async with parts.store.begin() as work:
        scope = parts.scope(await principal_of(work, row.customer_id))
    money = action_of(row).money
    if money is not None and tool.spec.family == "billing":
        return same_refund(str(row.args.get("charge_id")), money, await _refunds(row, scope))
    return has_changed(facts_of(row.facts), await tool.facts(args, scope))


async def _refunds(row: ActionRow, scope: Scope) -> list[Refunded]:
    """What people gave back to this customer since the proposal."""
    billing = scope.systems.billing
    customer = await billing.find_customer(scope.who.id)
    found: list[Refunded] = []
    for charge in await billing.charges(customer) if customer else ():
        found += [
            Refunded(done.charge, Money(done.amount, done.currency))
            for done in await billing.refunds(charge.id)
            if done.action_id is None and done.created_at >= row.created_at
        ]
    return found


async def _same_reply(row: ActionRow, parts: Parts) -> bool:
    """Whether a person wrote the same to the customer, in the chat or at the help desk."""
    async with parts.store.begin() as work:
        m = _MESSAGE.c
        query = select(m.text).where(
            m.conversation_id == row.conversation_id, m.author == "person", m.at >= row.created_at
        )
        said = list((await work.conn.execute(query)).scalars())
        ticket = await work.value(
            select(_CONVERSATION.c.ticket_id).where(_CONVERSATION.c.id == row.conversation_id)
        )
    if ticket:
        said += [
            c.text for c in await parts.systems.desk.comments(ticket) if c.public and c.at >= row.created_at
        ]
    return any(same_said(row.args.get("text"), text) for text in said)
