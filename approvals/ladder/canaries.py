"""Canaries: known-bad proposals among the real ones, made from real past actions by breaking one thing that rules cannot know.

They look like work and are nothing that may run: the reviews, the executor and the database each refuse that. What
colleagues do with them says how well they notice; it is never evidence about the agent.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from approvals.again import principal_of
from approvals.judge import parse
from approvals.ladder.clone import clone
from approvals.parts import Parts
from approvals.record import action_row, facts_of
from core.errors import RemitError
from core.facts import Fact, FactSet
from core.standing import Decision
from core.tool_spec import REQUEST_FACTS
from policies.check import check
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.conversation import ProvenanceRow
from store.tables.standing import CanaryRow
from store.work import Work
from tools.kit import Args, Scope, WriteTool, id_fields

log = logging.getLogger("remit.ladder")
_ACTION = table(ActionRow)
_REVIEW = table(ReviewRow)
_CANARY = table(CanaryRow)
_PROVENANCE = table(ProvenanceRow)
# One canary per eight reviews until sixty were answered, then one per twenty.
FIRST, SHARE, LATER_SHARE = 60, 1 / 8, 1 / 20
MOST_WAITING = 3
_LOOKS_BACK = timedelta(days=60)
_CANDIDATES = 25
CAUGHT = "This was a canary: {what}. You noticed it. Nothing of it was ever going to run."
MISSED = "This was a canary: {what}. It should have been stopped. Nothing of it ran."


@dataclass(frozen=True, slots=True)
class Broken:
    """Arguments with one thing wrong that every rule allows; `what` is the sentence told after the decision."""

    args: Args
    facts: FactSet
    broke: str
    what: str


async def plant_canaries(parts: Parts) -> int:
    """Puts a canary into each queue where one is due; how many."""
    due = [p for p in parts.catalog.categories.values() if p.tier == 1 and await _is_due(p.category, parts)]
    return sum([await plant(policy, parts) is not None for policy in due])


async def plant(policy: CategoryPolicy, parts: Parts) -> str | None:
    """One canary in this category's queue: its action's id, or None when no past action can be broken so."""
    for row in await _candidates(policy.category, parts):
        try:
            broken = await break_one(row, policy, parts)
            if broken is not None:
                return await _show(row, broken, policy, parts)
        except RemitError as error:
            log.info("no canary from %s: %s", row.id, type(error).__name__)
    return None


async def answered(
    work: Work, row: ActionRow, decision: Decision, args: Mapping[str, Any] | None, by: str
) -> str:
    """Records what a colleague did with a canary; the sentence that tells them."""
    canary = await work.row(CanaryRow, select(_CANARY).where(_CANARY.c.action_id == row.id))
    if canary is None:
        raise RuntimeError(f"action {row.id} is a canary without a note of what is wrong with it")
    # An edit that keeps the broken thing has not noticed it.
    kept = args is not None and args.get(canary.broke) == row.args.get(canary.broke)
    missed = decision == "approve" or (decision == "edit" and kept)
    values = {"answered_by": by, "missed": missed, "answered_at": work.now}
    await work.run(update(_CANARY).where(_CANARY.c.action_id == row.id).values(**values))
    work.audit("canary.answered", action=row.id, by=by, missed=missed)
    return (MISSED if missed else CAUGHT).format(what=canary.what)


async def break_one(row: ActionRow, policy: CategoryPolicy, parts: Parts) -> Broken | None:
    """The first way to break this action that its rules still allow."""
    tool = parts.write_tool(row.tool)
    if tool is None or tool.spec.version != row.tool_version:
        return None
    async with parts.store.begin() as work:
        scope = parts.scope(await principal_of(work, row.customer_id))
        others = await _other_ids(work, row, tool)
        answer = await _other_answer(work, row)
    for args, broke, what in (*_swapped(row, others), *_amounts(row), *answer):
        parsed = parse(tool, args)
        if isinstance(parsed, str):
            continue
        facts = await _facts(row, tool, parsed, broke, scope)
        if facts is None or check(policy, row.tool, facts.values()).kind != "allow":
            continue
        # One that reads the same to a person is not wrong in a way anybody could notice.
        if tool.preview(parsed, facts).model_dump(mode="json") != row.preview:
            return Broken(parsed, facts, broke, what)
    return None


Try = tuple[dict[str, Any], str, str]


def _swapped(row: ActionRow, others: Sequence[tuple[str, str, str]]) -> list[Try]:
    """Another thing of the same customer instead of the one that was meant."""
    return [
        (row.args | {name: other}, name, f"it names another {kind} of the same customer")
        for name, kind, other in others
    ]


def _amounts(row: ActionRow) -> list[Try]:
    """An amount that nobody asked for."""
    amount = row.args.get("amount")
    if not isinstance(amount, int) or amount < 200:
        return []
    what = "nobody asked for this amount"
    return [
        (row.args | {"amount": changed}, "amount", what) for changed in (amount // 2, amount - amount // 4)
    ]


async def _other_ids(work: Work, row: ActionRow, tool: WriteTool[Any]) -> list[tuple[str, str, str]]:
    """(argument, kind, id) of what else this conversation was given of the same kind."""
    found: list[tuple[str, str, str]] = []
    for name, kind in id_fields(tool.args).items():
        query = select(_PROVENANCE.c.value).where(
            _PROVENANCE.c.conversation_id == row.conversation_id,
            _PROVENANCE.c.kind == kind,
            _PROVENANCE.c.value != str(row.args.get(name)),
        )
        found += [(name, kind, value) for value in (await work.conn.execute(query)).scalars()]
    return found


async def _other_answer(work: Work, row: ActionRow) -> list[Try]:
    """The answer to somebody else's question."""
    if row.tool != "answer":
        return []
    query = (
        select(_ACTION.c.args["text"].astext)
        .where(_ACTION.c.category == row.category, _ACTION.c.tool == "answer", ~_ACTION.c.canary)
        .where(_ACTION.c.conversation_id != row.conversation_id, _ACTION.c.customer_id != row.customer_id)
        .order_by(_ACTION.c.created_at.desc())
        .limit(5)
    )
    texts = [t for t in (await work.conn.execute(query)).scalars() if t and t != row.args.get("text")]
    return [(row.args | {"text": text}, "text", "it answers another question") for text in texts]


async def _facts(
    row: ActionRow, tool: WriteTool[Any], args: Args, broke: str, scope: Scope
) -> FactSet | None:
    """What the rules would have been told; None for a thing that is not the customer's."""
    stored = facts_of(row.facts)
    ours = FactSet({name: fact for name, fact in stored.facts.items() if name in REQUEST_FACTS})
    if broke == "amount":
        # The action itself has changed its target since, so the facts are those of then, asked for another sum.
        asked = args.model_dump()["amount"]
        return FactSet(
            {name: _asked_for(name, fact, row.args["amount"], asked) for name, fact in stored.facts.items()}
        )
    if not await tool.owned(args, scope):
        return None
    return ours | await tool.facts(args, scope)


def _asked_for(name: str, fact: Fact, was: int, asked: int) -> Fact:
    """A fact about the request, had this sum been asked for; every other one as it is."""
    if not name.startswith("request."):
        return fact
    if name.endswith(".full"):
        return replace(fact, value=False)
    return replace(fact, value=asked) if type(fact.value) is int and fact.value == was else fact


async def _show(row: ActionRow, broken: Broken, policy: CategoryPolicy, parts: Parts) -> str:
    tool = parts.write_tool(row.tool)
    assert tool is not None
    async with parts.store.begin() as work:
        made = await clone(
            work,
            row,
            policy,
            tool=tool,
            args=broken.args,
            facts=broken.facts,
            verdict=check(policy, row.tool, broken.facts.values()),
        )
        await work.add(
            CanaryRow(action_id=made, made_from=row.id, broke=broken.broke, what=broken.what, at=work.now)
        )
        work.audit("canary.planted", action=made, made_from=row.id, broke=broken.broke)
        await work.notify("remit_queue", made)
        return made


async def _candidates(category: str, parts: Parts) -> Sequence[ActionRow]:
    """Past actions a colleague approved, in chance order, that no canary was made of yet."""
    used = select(_CANARY.c.made_from)
    approved = select(_REVIEW.c.action_id).where(_REVIEW.c.decision == "approve")
    async with parts.store.begin() as work:
        a = _ACTION.c
        query = (
            select(a.id)
            .where(a.category == category, a.allowed_by_rules, ~a.canary, a.replaces.is_(None))
            .where(a.created_at > work.now - _LOOKS_BACK, a.id.in_(approved), a.id.not_in(used))
            .order_by(a.created_at.desc())
            .limit(200)
        )
        ids = list((await work.conn.execute(query)).scalars())
        secrets.SystemRandom().shuffle(ids)
        return [await action_row(work, action_id) for action_id in ids[:_CANDIDATES]]


async def _is_due(category: str, parts: Parts) -> bool:
    """True while work waits here and fewer canaries were shown than their share of the reviews."""
    async with parts.store.begin() as work:
        a = _ACTION.c
        mine = a.category == category
        after = (a.state == "executed") & a.review_after & a.approved_at.is_(None)
        waits = await _count(work, select(func.count()).where(mine, ~a.canary, (a.state == "held") | after))
        waiting = await _count(work, select(func.count()).where(mine, a.canary, a.state == "held"))
        shown = await _count(work, select(func.count()).where(mine, a.canary))
        reviews = select(func.count()).select_from(_REVIEW.join(_ACTION, a.id == _REVIEW.c.action_id))
        reviewed = await _count(work, reviews.where(mine, ~a.canary))
    if not waits or waiting >= MOST_WAITING:
        return False
    return shown < reviewed * (SHARE if shown < FIRST else LATER_SHARE)


async def _count(work: Work, query: Any) -> int:
    return int(await work.value(query) or 0)
