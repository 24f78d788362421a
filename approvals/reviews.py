"""A colleague's decision on a held action: approve, edit, reject or take over; bound to the digest they saw."""

from dataclasses import dataclass
from typing import Any, assert_never, get_args

from sqlalchemy import select, update

from approvals import cards
from approvals.again import Seen, mandate_of, see
from approvals.again import principal_of as customer_of
from approvals.claims import forget_looks, seconds_looked
from approvals.consent import lacks_code
from approvals.context import Mandate
from approvals.edited import edited, row_like
from approvals.four_eyes import LOGIN_LIVES, needs_four_eyes
from approvals.gate import Evidence, escalations, route
from approvals.judge import Judged, evidence, judge
from approvals.ladder.canaries import answered
from approvals.ladder.outcomes import is_material
from approvals.ladder.weighing import weigh_after
from approvals.parts import Parts, Reviewer
from approvals.record import (
    action_of,
    action_row,
    breaches_of,
    move,
    same_undone,
    verdict_of,
)
from approvals.undo import run_after_window, window_end
from core.actions import Action, Ask, Refuse, State
from core.errors import Conflict, Forbidden, Gone, Invalid
from core.ids import new_id
from core.standing import Decision, ReasonCode
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.people import UserRow
from store.work import Work

_ACTION = table(ActionRow)
_USER = table(UserRow)
_REVIEW = table(ReviewRow)
SECOND_PAIR = "The sum was changed by a colleague; somebody else approves it."
REASONS: tuple[str, ...] = get_args(ReasonCode)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a colleague decided, about exactly which digest; `args` only for an edit."""

    action_id: str
    digest: str
    decision: Decision
    reason_code: str | None = None
    note: str = ""
    args: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Where the action stands after the decision, in one sentence too; an edit made a new action.

    `undo_seconds` says how long the approval can be taken back, 0 when it cannot.
    """

    action_id: str
    state: State
    sentence: str
    undo_seconds: int = 0


async def decide(decided: Decided, reviewer: Reviewer, parts: Parts) -> Reviewed:
    """Records the decision and moves the action; raises Forbidden, NotFound, Invalid, Conflict or Gone."""
    if not reviewer.roles & {"approver", "admin"}:
        raise Forbidden("Only approvers may decide on actions.")
    done = await _by_decision(decided, reviewer, parts)
    await weigh_after(decided.action_id, parts)
    return done


async def _by_decision(decided: Decided, reviewer: Reviewer, parts: Parts) -> Reviewed:
    if await _is_canary(decided.action_id, parts):
        return await _canary(decided, reviewer, parts)
    match decided.decision:
        case "approve":
            return await _approve(decided, reviewer, parts)
        case "edit":
            return await _edit(decided, reviewer, parts)
        case "reject":
            return await _reject(decided, reviewer, parts)
        case "take_over":
            return await _take_over(decided, reviewer, parts)
        case _:
            assert_never(decided.decision)


async def _is_canary(action_id: str, parts: Parts) -> bool:
    async with parts.store.begin() as work:
        return (await action_row(work, action_id)).canary


async def _canary(decided: Decided, reviewer: Reviewer, parts: Parts) -> Reviewed:
    """A known-bad proposal: whatever is decided, nothing runs, nobody else is told, and the colleague learns what it was."""
    if decided.decision == "reject" and decided.reason_code not in REASONS:
        raise Invalid(f"Say why with one of: {', '.join(REASONS)}.")
    async with parts.store.begin() as work:
        row = await _decidable(work, decided, reviewer)
        await _record(work, row, decided, reviewer, shown=_shown(row))
        sentence = await answered(work, row, decided.decision, decided.args, reviewer.id)
        ends: State = "rejected" if decided.decision == "reject" else "withdrawn"
        await move(work, row, ends, failure=sentence)
        await work.notify("remit_queue", row.id)
    return Reviewed(row.id, ends, sentence)


async def _approve(decided: Decided, reviewer: Reviewer, parts: Parts) -> Reviewed:
    async with parts.store.begin() as work:
        row = await _decidable(work, decided, reviewer)
        await _with_four_eyes(work, row, reviewer)
        if row.state == "held" and await lacks_code(work, row, parts):
            raise Conflict(
                "The customer has not proven who they are, and nobody can do it for them. Take it over or reject it."
            )
        await _record(work, row, decided, reviewer, shown=_shown(row))
        if row.state == "executed":
            await _looked_after(work, row)
            return Reviewed(row.id, "executed", "Noted: the answer was right.")
        await move(work, row, "approved", approved_at=work.now, runs_at=window_end(work, parts))
        await run_after_window(work, row, parts)
        await work.notify("remit_queue", row.id)
    return Reviewed(row.id, "approved", _approved_words(parts), _undo_seconds(parts))


def _approved_words(parts: Parts) -> str:
    seconds = _undo_seconds(parts)
    when = f"It runs in {seconds} seconds" if seconds else "It runs now"
    return f"Approved. {when}, if nothing has changed meanwhile."


def _undo_seconds(parts: Parts) -> int:
    return int(parts.undo.total_seconds())


async def _with_four_eyes(work: Work, row: ActionRow, reviewer: Reviewer) -> None:
    """Nothing for a small sum; a large one wants a fresh login and somebody else than its editor."""
    if not needs_four_eyes(action_of(row).money):
        return
    if work.now - reviewer.authenticated_at > LOGIN_LIVES:
        raise Forbidden("A sum this large is approved within 15 minutes of logging in. Log in again.")
    edits = select(_REVIEW.c.reviewer_id).where(
        _REVIEW.c.action_id == row.id, _REVIEW.c.decision == "edit", _REVIEW.c.reviewer_id == reviewer.id
    )
    if await work.value(edits) is not None:
        raise Forbidden("You changed this sum, so a colleague approves it.")


async def _reject(decided: Decided, reviewer: Reviewer, parts: Parts) -> Reviewed:
    if decided.reason_code not in REASONS:
        raise Invalid(f"Say why with one of: {', '.join(REASONS)}.")
    async with parts.store.begin() as work:
        row = await _decidable(work, decided, reviewer)
        await _record(work, row, decided, reviewer, shown=[])
        if row.state == "executed":
            await _looked_after(work, row)
            return Reviewed(row.id, "executed", "Noted: the answer was wrong.")
        await move(work, row, "rejected", failure="A colleague looked at this and decided against it.")
        await cards.show_state(work, row)
        await parts.jobs.defer(work, "follow_up", once=f"follow:{row.id}:rejected", action_id=row.id)
        await work.notify("remit_queue", row.id)
    return Reviewed(row.id, "rejected", "Rejected. The customer is told.")


async def _take_over(decided: Decided, reviewer: Reviewer, parts: Parts) -> Reviewed:
    async with parts.store.begin() as work:
        row = await _decidable(work, decided, reviewer)
        if row.state != "held":
            raise Conflict("Only a waiting action can be taken over.")
        await _record(work, row, decided, reviewer, shown=[])
        await move(work, row, "withdrawn", failure="A colleague has taken over.")
        await cards.show_state(work, row)
        await parts.jobs.defer(
            work, "take_over", once=f"take:{row.id}", conversation_id=row.conversation_id, by=reviewer.id
        )
        await work.notify("remit_queue", row.id)
    return Reviewed(row.id, "withdrawn", "The conversation is yours.")


async def _edit(decided: Decided, reviewer: Reviewer, parts: Parts) -> Reviewed:
    """The edited action is another action: parsed, judged, and asked of the customer where its category confirms."""
    if decided.args is None:
        raise Invalid("An edit needs the new arguments.")
    async with parts.store.begin() as work:
        row = await _decidable(work, decided, reviewer)
        who = await customer_of(work, row.customer_id)
    seen = await _parsed(row, decided.args, who, parts)
    async with parts.store.begin() as work:
        row = await _decidable(work, decided, reviewer)
        if row.state != "held":
            raise Conflict("Only a waiting action can be edited.")
        under = await mandate_of(work, row, parts)
        if under is None:
            raise Conflict("This can no longer be done.")
        action = edited(row, seen)
        if action.digest == row.digest:
            raise Invalid("Nothing was changed. Approve it as it is, or change something.")
        judged = await judge(work, action, seen.facts, under, parts)
        proof = await evidence(work, action, judged, under, given=True, owned=seen.owned)
        return await _replace(work, row, action, seen, judged, proof, under, decided, reviewer, parts)


async def _parsed(row: ActionRow, args: dict[str, Any], who: Any, parts: Parts) -> Seen:
    try:
        return await see(row, args, who, parts)
    except Conflict as wrong:
        raise Invalid(str(wrong)) from None


async def _replace(
    work: Work,
    row: ActionRow,
    action: Action,
    seen: Seen,
    judged: Judged,
    proof: Evidence,
    under: Mandate,
    decided: Decided,
    reviewer: Reviewer,
    parts: Parts,
) -> Reviewed:
    step = route(proof)
    if isinstance(step, Refuse):
        raise Invalid(f"Policy does not allow this: {step.because}")
    # An editor's approval of their own change is enough only below the sum that needs two pairs of eyes.
    alone: State = "held" if needs_four_eyes(action.money) else "approved"
    state: State = "asked" if isinstance(step, Ask) else alone
    needs: list[str] = [step.needs] if isinstance(step, Ask) else []
    because = needs or ([SECOND_PAIR] if state == "held" else [])
    if await same_undone(work, action) is not None:
        raise Conflict("Exactly this is already proposed in this request. Decide on that one.")
    new = row_like(row, action, seen, judged, state, because, work)
    if state == "approved":
        new.approved_at, new.runs_at = work.now, window_end(work, parts)
    await move(work, row, "replaced")
    await work.add(new)
    work.audit(
        "action.judged",
        action=new.id,
        digest=new.digest,
        category=new.category,
        tool=new.tool,
        verdict=judged.verdict.kind,
        rules=[f.rule for f in (*judged.verdict.fired, *judged.breaches)],
        policy=judged.verdict.policy_version,
        state=state,
        replaces=row.id,
    )
    # The editor saw why the old one waited; what only the new one raises is shown before it is approved.
    seen_before = [rule for rule in escalations(proof) if rule in _shown(row)]
    seconds = await seconds_looked(work, row, reviewer)
    await _record(
        work, new, decided, reviewer, shown=seen_before, before=row.args, after=new.args, seconds=seconds
    )
    await forget_looks(work, row.id)
    if state == "approved":
        await run_after_window(work, new, parts)
    await cards.show(
        work, row, "refused", text="A colleague changed this. See the new proposal below.", state="replaced"
    )
    await cards.show_state(work, new)
    await work.notify("remit_queue", new.id)
    return Reviewed(new.id, state, _CHANGED[state], _undo_seconds(parts) if state == "approved" else 0)


_CHANGED: dict[State, str] = {
    "asked": "Changed. The customer is asked to confirm it.",
    "held": "Changed. A colleague approves it.",
    "approved": "Changed and approved.",
}


async def _decidable(work: Work, decided: Decided, reviewer: Reviewer) -> ActionRow:
    """The locked row if this colleague may decide on it now."""
    row = await action_row(work, decided.action_id, lock=True)
    if reviewer.id == row.customer_id:
        raise Forbidden("Nobody decides on their own request.")
    waits_after = row.state == "executed" and row.review_after and row.approved_at is None
    if row.state in ("expired", "withdrawn"):
        raise Gone(f"This was {row.state} meanwhile. Nothing was done.")
    if row.state != "held" and not waits_after:
        raise Conflict(f"This is already {row.state}{await _by_whom(work, row)}.")
    if row.state == "held" and row.expires_at <= work.now:
        raise Gone("This waited too long and is closed. The customer is told.")
    if decided.digest != row.digest:
        raise Conflict("This is not what you looked at: it has changed. Open it again.")
    if row.opened_at is None:
        raise Conflict("Open it first: nothing is decided unseen.")
    others = row.state == "held" and row.claimed_by not in (None, reviewer.id)
    if others and row.claimed_until and row.claimed_until > work.now:
        raise Conflict(f"{await _name(work, row.claimed_by)} is looking at this.")
    await seconds_looked(work, row, reviewer)
    return row


async def _by_whom(work: Work, row: ActionRow) -> str:
    """ " by Ada, 12:05 UTC", when a colleague decided it; for one that was replaced, by whoever changed it."""
    replaced = select(_ACTION.c.id).where(_ACTION.c.replaces == row.id)
    about = _REVIEW.c.action_id.in_(replaced) if row.state == "replaced" else _REVIEW.c.action_id == row.id
    query = select(_REVIEW).where(about, _REVIEW.c.undone_at.is_(None)).order_by(_REVIEW.c.at.desc()).limit(1)
    last = await work.row(ReviewRow, query)
    return "" if last is None else f", by {await _name(work, last.reviewer_id)} at {last.at:%H:%M} UTC"


async def _name(work: Work, user_id: str | None) -> str:
    return str(await work.value(select(_USER.c.name).where(_USER.c.id == user_id)) or "A colleague")


def _shown(row: ActionRow) -> list[str]:
    fired = (*verdict_of(row).fired, *breaches_of(row))
    left = [f.rule for f in fired if f.kind == "escalate"]
    return left or ([] if verdict_of(row).kind == "allow" else ["no_rule_allows"])


async def _looked_after(work: Work, row: ActionRow) -> None:
    """An answer that was sent first is looked at once."""
    await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(approved_at=work.now))


async def _record(
    work: Work,
    row: ActionRow,
    decided: Decided,
    reviewer: Reviewer,
    *,
    shown: list[str],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    seconds: float | None = None,
) -> None:
    """Keeps the decision; `seconds` as looked at the action that was replaced, else at this one."""
    if seconds is None:
        seconds = await seconds_looked(work, row, reviewer)
        await forget_looks(work, row.id)
    material = is_material(row.tool, before, after) if before is not None and after is not None else None
    await work.add(
        ReviewRow(
            id=new_id("rev"),
            action_id=row.id,
            digest=row.digest,
            reviewer_id=reviewer.id,
            decision=decided.decision,
            reason_code=decided.reason_code,
            note=decided.note[:2000],
            shown_rules=shown,
            args_before=before,
            args_after=after,
            seconds_open=seconds,
            material=material,
            at=work.now,
        )
    )
    work.audit(
        "action.reviewed",
        action=row.id,
        digest=row.digest,
        decision=decided.decision,
        reason=decided.reason_code,
        by=reviewer.id,
    )
