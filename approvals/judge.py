"""From an action to the gate's evidence: facts, rules, limits, switches, consent and approval, all read anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from approvals import limits
from approvals.context import Mandate, request_facts
from approvals.four_eyes import needs_four_eyes
from approvals.gate import Evidence
from approvals.parts import Parts
from approvals.switches import is_stopped
from core.actions import Action, Fired, Verdict
from core.facts import FactSet
from policies.check import check
from store.columns import table
from store.tables.action import ConfirmationRow, ReviewRow, StepUpRow
from store.work import Work
from tools.kit import Args, WriteTool, id_fields

_CONFIRMATION = table(ConfirmationRow)
_STEP_UP = table(StepUpRow)
_REVIEW = table(ReviewRow)
# An approval is used within an hour, or somebody looks again (INVARIANTS I15).
APPROVAL_LIVES = timedelta(minutes=60)
# A fact is read right before it is judged; one that is older, or from the future, is from a clock that jumped.
FRESH = timedelta(minutes=5)
STALE = Fired(
    rule="facts_stale",
    kind="escalate",
    sentence="The facts behind this are not of this moment, so a person looks.",
)
OWN_WRITES = Fired(
    rule="own_writes",
    kind="escalate",
    sentence="This conversation has already changed the same thing.",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules and limits say of an action on these facts."""

    facts: FactSet
    verdict: Verdict
    breaches: tuple[Fired, ...]


def parse(tool: WriteTool[Any], args: object) -> Args | str:
    """The arguments as the tool's own strict type, or one sentence on what is wrong with them."""
    if not isinstance(args, Mapping):
        return f"The arguments of {tool.spec.name} must be an object."
    try:
        parsed: Args = tool.args.model_validate(dict(args))
        return parsed
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()
        )
        return f"{tool.spec.name} was called wrongly: {wrong[:500]}"


def ids_of(tool: WriteTool[Any], args: Args) -> list[tuple[str, str]]:
    """The (kind, id) pairs among the arguments."""
    given = [(kind, getattr(args, name)) for name, kind in id_fields(tool.args).items()]
    return [(kind, value) for kind, value in given if value is not None]


async def judge(work: Work, action: Action, tool_facts: FactSet, mandate: Mandate, parts: Parts) -> Judged:
    """Rules on facts and limits on what was used; call under the limits' locks when it is to be acted on."""
    ours = await request_facts(work, mandate.request, action.targets, action.customer_id)
    facts = tool_facts | ours
    verdict = check(mandate.policy, action.tool, facts.values())
    crossed = await limits.breaches(work, action, mandate.policy)
    if ours.get("agent.writes_on_target") != 0:
        crossed = (*crossed, OWN_WRITES)
    if any(abs(work.now - fact.read_at) > FRESH for fact in tool_facts.facts.values()):
        crossed = (*crossed, STALE)
    return Judged(facts, verdict, crossed)


async def evidence(
    work: Work, action: Action, judged: Judged, mandate: Mandate, *, given: bool, owned: bool
) -> Evidence:
    """Everything the gate decides on."""
    policy = mandate.policy
    is_answer = action.tool == "answer"
    return Evidence(
        given=given,
        owned=owned,
        verdict=judged.verdict,
        breaches=judged.breaches,
        stopped=await is_stopped(work, action.category, action.tool),
        confirm_needed=action.tool in policy.confirm,
        confirmed=await _is_confirmed(work, action),
        step_up_needed=action.tool in policy.step_up,
        stepped_up=await _is_stepped_up(work, action),
        standing=mandate.standing,
        tier=policy.tier,
        review_after=is_answer and policy.answers == "send_then_review",
        audited=mandate.audited,
        approved=await _approved(work, action),
    )


async def _is_confirmed(work: Work, action: Action) -> bool:
    c = _CONFIRMATION.c
    query = select(c.action_id).where(c.action_id == action.id, c.digest == action.digest)
    return await work.value(query) is not None


async def _is_stepped_up(work: Work, action: Action) -> bool:
    s = _STEP_UP.c
    query = select(s.id).where(
        s.action_id == action.id,
        s.digest == action.digest,
        s.customer_id == action.customer_id,
        s.verified_at.is_not(None),
        s.used_at.is_(None),
    )
    return await work.value(query) is not None


async def _approved(work: Work, action: Action) -> frozenset[str] | None:
    """The escalations an unused, fresh approval of exactly this digest satisfies."""
    r = _REVIEW.c
    counts = ("approve",) if needs_four_eyes(action.money) else ("approve", "edit")
    query = (
        select(r.shown_rules, r.at)
        .where(
            r.action_id == action.id,
            r.digest == action.digest,
            r.decision.in_(counts),
            r.used_at.is_(None),
        )
        .order_by(r.at.desc())
        .limit(1)
    )
    found = (await work.conn.execute(query)).first()
    if found is None:
        return None
    since = await _last_answered(work, action) or found.at
    # An approval from the future is a clock that stepped back, and nobody knows how old it is.
    fresh = -FRESH <= work.now - max(found.at, since) <= APPROVAL_LIVES
    return frozenset(found.shown_rules) if fresh else None


async def _last_answered(work: Work, action: Action) -> Any:
    confirmed = await work.value(select(_CONFIRMATION.c.at).where(_CONFIRMATION.c.action_id == action.id))
    entered = await work.value(select(_STEP_UP.c.verified_at).where(_STEP_UP.c.action_id == action.id))
    return max([at for at in (confirmed, entered) if at is not None], default=None)
