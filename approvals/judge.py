"""From an action to the gate's evidence: facts, rules, limits, switches, consent and approval, all read anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import BindParameter, Select, bindparam, func, literal, select, true

from approvals import limits
from approvals.context import Mandate, request_facts
from approvals.four_eyes import needs_four_eyes
from approvals.gate import Evidence
from approvals.parts import Parts
from approvals.switches import STOPPED
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
    said = (await work.conn.execute(_SAID, _asked(action))).one()
    return Evidence(
        given=given,
        owned=owned,
        verdict=judged.verdict,
        breaches=judged.breaches,
        stopped=said.stopped,
        confirm_needed=action.tool in policy.confirm,
        confirmed=said.confirmed,
        step_up_needed=action.tool in policy.step_up,
        stepped_up=said.stepped_up,
        standing=mandate.standing,
        tier=policy.tier,
        review_after=is_answer and policy.answers == "send_then_review",
        audited=mandate.audited,
        approved=_approved(work, said),
    )


def _asked(action: Action) -> dict[str, Any]:
    return {
        "action": action.id,
        "digest": action.digest,
        "customer": action.customer_id,
        "category": action.category,
        "tool": action.tool,
        # Above the sum that needs two pairs of eyes, an editor's own approval does not count.
        "counts": ("approve",) if needs_four_eyes(action.money) else ("approve", "edit"),
    }


def _approved(work: Work, said: Any) -> frozenset[str] | None:
    """The escalations an unused, fresh approval of exactly this digest satisfies."""
    if said.approved_at is None:
        return None
    since = max(said.approved_at, said.answered_at or said.approved_at)
    # An approval from the future is a clock that stepped back, and nobody knows how old it is.
    fresh = -FRESH <= work.now - since <= APPROVAL_LIVES
    return frozenset(said.shown_rules) if fresh else None


def _statement() -> Select[Any]:
    """What customer and colleagues said about one digest, and whether it is stopped, in one round trip."""
    action: BindParameter[str] = bindparam("action")
    digest: BindParameter[str] = bindparam("digest")
    c, s, r = _CONFIRMATION.c, _STEP_UP.c, _REVIEW.c
    confirmed = select(c.action_id).where(c.action_id == action, c.digest == digest)
    stepped_up = select(s.id).where(
        s.action_id == action,
        s.digest == digest,
        s.customer_id == bindparam("customer"),
        s.verified_at.is_not(None),
        s.used_at.is_(None),
    )
    answered = func.greatest(
        select(c.at).where(c.action_id == action).scalar_subquery(),
        select(func.max(s.verified_at)).where(s.action_id == action).scalar_subquery(),
    )
    approval = (
        select(r.shown_rules, r.at)
        .where(
            r.action_id == action,
            r.digest == digest,
            r.decision.in_(bindparam("counts", expanding=True)),
            r.used_at.is_(None),
        )
        .order_by(r.at.desc())
        .limit(1)
        .subquery()
    )
    return select(
        STOPPED.label("stopped"),
        confirmed.exists().label("confirmed"),
        stepped_up.exists().label("stepped_up"),
        answered.label("answered_at"),
        approval.c.shown_rules,
        approval.c.at.label("approved_at"),
    ).select_from(select(literal(1).label("one")).subquery().outerjoin(approval, true()))


_SAID = _statement()
