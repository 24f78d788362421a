"""What the database knows about a call before it is judged: request, category, standing, given ids, switches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, DateTime, Select, Text, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from approvals.ladder.audits import is_audited
from approvals.ladder.versions import agent_version
from approvals.parts import Asking, Parts
from approvals.standing import standing_of
from core.facts import FactSet, read_facts
from core.standing import STRICTEST_FIRST, Standing
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import (
    ConversationRow,
    HandoffRow,
    MessageRow,
    ProvenanceRow,
    RequestRow,
)
from store.work import Work

_REQUEST = table(RequestRow)
_PROVENANCE = table(ProvenanceRow)
_MESSAGE = table(MessageRow)
_CONVERSATION = table(ConversationRow)
_HANDOFF = table(HandoffRow)
_ACTION = table(ActionRow)
# For so long a fact that we changed ourselves does not speak for the customer (INVARIANTS I8).
OWN_WRITES_COUNT = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Mandate:
    """The open request under which a tool may be used, its category and where that stands for this agent version.

    `audited`: what runs alone in this ticket is looked at afterwards.
    """

    request: RequestRow
    policy: CategoryPolicy
    standing: Standing
    agent_version: str
    audited: bool


async def mandate_under(
    work: Work, request: RequestRow, policy: CategoryPolicy, used: str, parts: Parts
) -> Mandate:
    """The mandate that a request of this category gives an agent of this version."""
    standing = await standing_of(work, policy, parts, used=used)
    audited = await is_audited(work, policy.category, request.conversation_id, standing, parts)
    return Mandate(request, policy, standing, used, audited)


async def mandate(work: Work, tool: str, asking: Asking, parts: Parts) -> Mandate | None:
    """The open request whose category lists the tool; of several the one with the strictest standing; else None."""
    found: list[Mandate] = []
    for request in await open_requests(work, asking.conversation_id):
        policy = parts.catalog.get(request.category)
        if policy is not None and tool in policy.tools:
            used = await agent_version(work, policy, parts, asking.model)
            found.append(await mandate_under(work, request, policy, used, parts))
    return min(found, key=lambda m: _strictness(m, tool), default=None)


def _strictness(one: Mandate, tool: str) -> tuple[int, bool, int, bool, bool]:
    """Orders mandates for a tool from the strictest on: a newer request never loosens what an older one asks."""
    policy = one.policy
    return (
        STRICTEST_FIRST.index(one.standing),
        policy.answers != "hold",
        -policy.tier,
        tool not in policy.step_up,
        tool not in policy.confirm,
    )


def is_urgent(facts: FactSet) -> bool:
    """True for a VIP, an account at risk, or a customer in a hurry; the column `urgent` of an action says the same."""
    known = facts.values()
    is_dear = known.get("customer.tier") == "vip" or known.get("customer.health") == "at_risk"
    return is_dear or known.get("request.urgent") is True


def waiting_times(policy: CategoryPolicy, now: datetime, *, urgent: bool = False) -> dict[str, Any]:
    """When something that waits from now on is due and when it expires, by column; an urgent one is due in half the time."""
    # Twenty minutes is what the waiting card promises; what a customer confirmed comes first in the queue by it.
    # Urgency only brings the due time forward: the queue is read by due time alone, so nothing waits for ever.
    minutes = (20 if policy.confirm else 60) // (2 if urgent else 1)
    return {
        "due_at": now + timedelta(minutes=minutes),
        "expires_at": now + timedelta(hours=policy.expires_hours),
    }


async def open_requests(work: Work, conversation_id: str) -> Sequence[RequestRow]:
    """What the customer still wants, newest first."""
    query = select(_REQUEST).where(_REQUEST.c.conversation_id == conversation_id, _REQUEST.c.state == "open")
    return await work.rows(RequestRow, query.order_by(_REQUEST.c.opened_at.desc()))


async def all_given(work: Work, conversation_id: str, ids: Sequence[tuple[str, str]]) -> bool:
    """True when each (kind, id) came from a typed result of this principal's reads in this conversation."""
    if not ids:
        return True
    wanted = set(ids)
    query = select(_PROVENANCE.c.kind, _PROVENANCE.c.value).where(
        _PROVENANCE.c.conversation_id == conversation_id,
        _PROVENANCE.c.value.in_([value for _, value in wanted]),
    )
    given = {(kind, value) for kind, value in (await work.conn.execute(query)).all()}
    return wanted <= given


async def request_facts(work: Work, request: RequestRow, targets: Sequence[str], customer_id: str) -> FactSet:
    """The facts every action is judged on, whatever the tool: from our own records of this conversation."""
    asked = {
        "conversation": request.conversation_id,
        "customer": customer_id,
        "month": work.now - timedelta(days=30),
        "lately": work.now - OWN_WRITES_COUNT,
        "targets": list(targets),
    }
    known = (await work.conn.execute(_KNOWN, asked)).one()
    signals = [s for s in known.signals or () if s]
    flags = {flag for s in signals for flag in s.get("flags", ())}
    return read_facts(
        "remit",
        work.now,
        request__confidence_pct=round(request.confidence * 100),
        request__angry=any(s.get("sentiment") == "angry" for s in signals),
        request__urgent=any(s.get("urgency") == "high" for s in signals),
        request__contacts_30d=known.contacts,
        request__handovers=known.handovers,
        request__security_words="security" in flags,
        request__legal_words="legal" in flags,
        request__compliance_words="compliance" in flags,
        agent__writes_on_target=known.own_writes,
    )


def _statement() -> Select[Any]:
    """What our own records say about a request and its customer, in one round trip."""
    conversation: BindParameter[str] = bindparam("conversation")
    customer: BindParameter[str] = bindparam("customer")
    month = bindparam("month", type_=DateTime(timezone=True))
    signals = select(func.jsonb_agg(_MESSAGE.c.signals)).where(
        _MESSAGE.c.conversation_id == conversation, _MESSAGE.c.signals.is_not(None)
    )
    contacts = select(func.count()).where(
        _CONVERSATION.c.customer_id == customer, _CONVERSATION.c.opened_at > month
    )
    handovers = (
        select(func.count())
        .select_from(_HANDOFF.join(_CONVERSATION, _HANDOFF.c.conversation_id == _CONVERSATION.c.id))
        .where(_CONVERSATION.c.customer_id == customer, _HANDOFF.c.at > month)
    )
    lately = _ACTION.c.state_at > bindparam("lately", type_=DateTime(timezone=True))
    # What we did to the same things in this conversation, or lately in another one of the customer's.
    own_writes = select(func.count()).where(
        or_(_ACTION.c.conversation_id == conversation, (_ACTION.c.customer_id == customer) & lately),
        _ACTION.c.state.in_(("executing", "executed", "unsure", "needs_person")),
        func.jsonb_exists_any(_ACTION.c.targets, bindparam("targets", type_=ARRAY(Text))),
    )
    return select(
        signals.scalar_subquery().label("signals"),
        contacts.scalar_subquery().label("contacts"),
        handovers.scalar_subquery().label("handovers"),
        own_writes.scalar_subquery().label("own_writes"),
    )


_KNOWN = _statement()
