"""What an edit would lead to, without doing it: the same parsing, rules and gate as the real one."""

from dataclasses import dataclass
from typing import Any

from approvals.again import mandate_of, see
from approvals.again import principal_of as customer_of
from approvals.edited import edited
from approvals.four_eyes import needs_four_eyes
from approvals.gate import route
from approvals.judge import evidence, judge
from approvals.parts import Parts, Reviewer
from approvals.record import action_row
from core.actions import Ask, Fired, Preview, Refuse
from core.errors import Conflict, Forbidden, VendorError


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Whether an edit would pass, in one sentence; what would happen then, and which rules spoke."""

    passes: bool
    sentence: str
    preview: Preview | None = None
    fired: tuple[Fired, ...] = ()


async def rehearse(action_id: str, args: dict[str, Any], reviewer: Reviewer, parts: Parts) -> Rehearsed:
    """The gate's answer to edited arguments as of now; changes nothing. Raises Forbidden, NotFound or Conflict."""
    if not reviewer.roles & {"approver", "admin"}:
        raise Forbidden("Only approvers may change actions.")
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        if row.state != "held":
            raise Conflict(f"This is already {row.state}.")
        who = await customer_of(work, row.customer_id)
    try:
        seen = await see(row, args, who, parts)
    except Conflict as wrong:
        return Rehearsed(False, str(wrong))
    except VendorError:
        return Rehearsed(False, "The system that holds this record does not answer at the moment.")
    async with parts.store.begin() as work:
        under = await mandate_of(work, row, parts)
        if under is None:
            return Rehearsed(False, "This can no longer be done.")
        action = edited(row, seen)
        if action.digest == row.digest:
            return Rehearsed(False, "Nothing is changed yet.")
        judged = await judge(work, action, seen.facts, under, parts)
        proof = await evidence(work, action, judged, under, given=True, owned=seen.owned)
    fired = (*judged.verdict.fired, *judged.breaches)
    step = route(proof)
    if isinstance(step, Refuse):
        return Rehearsed(False, f"Policy does not allow this: {step.because}", None, fired)
    preview = seen.tool.preview(seen.args, seen.facts)
    if isinstance(step, Ask):
        return Rehearsed(True, "The customer is asked to confirm this.", preview, fired)
    if needs_four_eyes(action.money):
        return Rehearsed(True, "A colleague approves this sum after you.", preview, fired)
    return Rehearsed(True, "Policy leaves this to you.", preview, fired)
