"""The only executor: everything is checked again, the intent is durable, then the vendor is called once.

A stated exception to "one unit of work": a vendor cannot be rolled back, so each step here is its own.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import func, select, update

from approvals import cards, limits
from approvals.again import Seen, mandate_of, see_again
from approvals.attempts import close_attempt, later, note_not_sent, tries_of, was_lost
from approvals.context import Mandate, is_urgent, waiting_times
from approvals.gate import route
from approvals.judge import Judged, evidence, judge
from approvals.parts import Parts
from approvals.record import (
    action_of,
    action_row,
    move,
    outcome_of,
    preview_of,
    stored_facts,
    stored_verdict,
)
from approvals.undo import run_after_window
from core.actions import (
    Ask,
    Execute,
    HandOver,
    Held,
    Hold,
    Outcome,
    Permit,
    Receipt,
    Refuse,
    Route,
)
from core.errors import Conflict, RemitError, VendorBusy, VendorDown, VendorError, VendorRefused
from core.ids import ActionId
from store.columns import table
from store.tables.action import ActionRow, AttemptRow, ReviewRow, StepUpRow
from store.work import Work

_ACTION = table(ActionRow)
_ATTEMPT = table(AttemptRow)
_REVIEW = table(ReviewRow)
_STEP_UP = table(StepUpRow)
# Stripe forgets idempotency keys after a day, so past this an absent effect is a person's question.
KEY_HONOURED = timedelta(hours=23)
MOST_TRIES = 5
# From the decision to the call, and of the call with all it reads. Together well under the silence after which
# another worker takes over (`settle.SILENT`), so that the two never call at the same time.
TOO_LATE = timedelta(seconds=10)
LONGEST_CALL = timedelta(seconds=30)
_OPEN = ("proposed", "asked", "approved")


async def execute(action_id: str, parts: Parts, *, tell: bool = False) -> Outcome:
    """Takes an action as far as the gate lets it; `tell` follows up with the customer when no turn is running."""
    try:
        seen = await see_again(action_id, parts)
    except VendorError:
        return await _wait_for_vendor(action_id, parts, tell=tell)
    except Conflict as gone:
        return await _cannot(action_id, str(gone), parts, tell=tell)
    decided_at = parts.clock.now()
    passed = await _pass_gate(seen, parts, tell=tell)
    if not isinstance(passed, Permit):
        return passed
    return await perform(seen, passed, parts, fence=1, decided_at=decided_at, tell=tell)


def key_of(action_id: str) -> str:
    """The idempotency key: a function of the action's id and of nothing else."""
    return f"remit-{action_id}"


def permit_for(row: ActionRow) -> Permit:
    """The permit of an action whose intent is recorded; raises Conflict for any other."""
    if row.canary or row.state not in ("executing", "unsure"):
        raise Conflict(f"An action that is {row.state} has no permit.")
    return Permit(ActionId(row.id), row.digest, key_of(row.id))


async def _cannot(action_id: str, why: str, parts: Parts, *, tell: bool) -> Outcome:
    """Ends what this code can no longer do, as when a tool has changed since it was proposed."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if row.state not in _OPEN:
            return outcome_of(row)
        work.audit("action.outdated", action=row.id, digest=row.digest, why=why[:200])
        return await end(work, row, "refused", "This can no longer be done.", parts, tell=tell)


async def _wait_for_vendor(action_id: str, parts: Parts, *, tell: bool) -> Outcome:
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if row.state not in _OPEN:
            return outcome_of(row)
        if row.expires_at <= work.now:
            return await end(work, row, "expired", "This waited too long and was closed.", parts, tell=tell)
        await parts.jobs.defer(
            work, "execute_action", once=f"later:{action_id}", in_seconds=30, action_id=action_id
        )
        await cards.show(work, row, "waiting", text=cards.VENDOR_SILENT)
    return Held(action_id=ActionId(action_id), because=(cards.VENDOR_SILENT,), preview=preview_of(row))


async def _pass_gate(seen: Seen, parts: Parts, *, tell: bool) -> Permit | Outcome:
    """The gate once more, and the intent in the same transaction when it says execute."""
    async with parts.store.begin() as work:
        row = await action_row(work, seen.action.id, lock=True)
        if row.state not in _OPEN:
            return outcome_of(row)
        if row.expires_at <= work.now:
            return await end(work, row, "expired", "This waited too long and was closed.", parts, tell=tell)
        if row.runs_at is not None and row.runs_at > work.now:
            # Whoever approved it can still take it back, whatever woke this up.
            await run_after_window(work, row, parts)
            return outcome_of(row)
        under = await mandate_of(work, row, parts)
        if row.canary or under is None or action_of(row).digest != row.digest:
            return await end(work, row, "refused", "This can no longer be done.", parts, tell=tell)
        await limits.hold_still(work, seen.action, under.policy)
        judged = await judge(work, seen.action, seen.facts, under, parts)
        proof = await evidence(work, seen.action, judged, under, given=True, owned=seen.owned)
        decided = route(proof)
        work.audit(
            "action.rechecked",
            action=row.id,
            digest=row.digest,
            verdict=judged.verdict.kind,
            route=_name(decided),
        )
        match decided:
            case Execute(review_after=after):
                if proof.approved is None:
                    await _runs_alone(work, row, under, after=after)
                await _intend(work, row)
                await limits.reserve(work, seen.action, under.policy)
                return permit_for(row)
            case Ask(needs=needs):
                return await _ask_again(work, row, needs, parts)
            case Hold(because=because):
                return await _hold(work, row, judged, because, under)
            case Refuse(because=because) | HandOver(because=because):
                return await end(work, row, "refused", because, parts, tell=tell)
            case _:
                assert_never(decided)


def _name(decided: Route) -> str:
    return type(decided).__name__.lower()


async def _intend(work: Work, row: ActionRow) -> None:
    """Durable with this transaction, before any vendor hears of it."""
    if row.state != "approved":
        await move(work, row, "approved", because=[])
    await move(work, row, "executing")
    await work.add(
        AttemptRow(
            action_id=row.id,
            key=key_of(row.id),
            digest=row.digest,
            first_sent_at=work.now,
            tries=1,
            fence=1,
        )
    )
    await _use_up(work, row)
    work.audit("action.intended", action=row.id, digest=row.digest, key=key_of(row.id))


async def _runs_alone(work: Work, row: ActionRow, under: Mandate, *, after: bool) -> None:
    """Notes under which standing it runs without a review, and whether somebody looks at it afterwards."""
    row.standing, row.review_after = under.standing, after
    values = {"standing": row.standing, "review_after": row.review_after}
    await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(**values))


async def _use_up(work: Work, row: ActionRow) -> None:
    """Approvals and codes count once."""
    for used in (_REVIEW, _STEP_UP):
        await work.run(
            update(used).where(used.c.action_id == row.id, used.c.used_at.is_(None)).values(used_at=work.now)
        )


async def _ask_again(work: Work, row: ActionRow, needs: str, parts: Parts) -> Outcome:
    if row.state == "asked" and row.because == [needs]:
        return outcome_of(row)
    if needs == "step_up":
        # Whoever called this may be gone in a moment: the code goes out all the same.
        await parts.jobs.defer(work, "send_code", once=f"code:{row.id}", in_seconds=10, action_id=row.id)
    if row.state == "asked":
        await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(because=[needs]))
        row.because = [needs]
    else:
        await move(work, row, "asked", because=[needs])
    await cards.show_state(work, row)
    return outcome_of(row)


async def _hold(
    work: Work, row: ActionRow, judged: Judged, because: tuple[str, ...], under: Mandate
) -> Outcome:
    # What was approved is not what would run: the next approval must show the new reason.
    used = update(_REVIEW).where(_REVIEW.c.action_id == row.id, _REVIEW.c.used_at.is_(None))
    await work.run(used.values(used_at=work.now))
    await move(
        work,
        row,
        "held",
        because=list(because),
        facts=stored_facts(judged.facts),
        verdict=stored_verdict(judged.verdict, judged.breaches),
        allowed_by_rules=judged.verdict.kind == "allow" and not judged.breaches,
        opened_at=None,
        claimed_by=None,
        runs_at=None,
        **waiting_times(under.policy, work.now, urgent=is_urgent(judged.facts)),
    )
    await cards.show_state(work, row)
    await work.notify("remit_queue", row.id)
    return outcome_of(row)


async def perform(
    seen: Seen, permit: Permit, parts: Parts, *, fence: int, decided_at: datetime, tell: bool
) -> Outcome:
    """Calls the vendor under a recorded intent and records what it said; a worker that wakes too late calls nobody."""
    if not timedelta(0) <= parts.clock.now() - decided_at <= TOO_LATE:
        return await _try_later(seen, "woke too late", parts, fence=fence)
    about = {"remit.tool": seen.action.tool, "remit.action.id": seen.action.id}
    try:
        with parts.watch.span("remit.execute", seen.action.conversation_id, about):
            async with asyncio.timeout(LONGEST_CALL.total_seconds()):
                receipt = await seen.tool.execute(seen.args, permit, seen.scope)
    except VendorRefused as refused:
        return await _refused(seen, str(refused), parts, fence=fence, tell=tell)
    except (VendorBusy, VendorDown) as busy:
        wait = getattr(busy, "retry_after", None)
        return await _try_later(seen, type(busy).__name__, parts, fence=fence, at_least=int(wait or 0))
    except Exception as error:  # noqa: BLE001 - after sending, no error of any kind proves that nothing happened
        return await record_unsure(seen, type(error).__name__, parts, fence=fence)
    if not fits(receipt, seen):
        return await record_unsure(seen, "the answer names another amount", parts, fence=fence)
    return await record_executed(seen, receipt, parts, fence=fence, tell=tell)


async def _refused(seen: Seen, why: str, parts: Parts, *, fence: int, tell: bool) -> Outcome:
    """A refused call did nothing; but after a lost one, what the vendor refuses may be the repeat of our own effect."""
    async with parts.store.begin() as work:
        lost = await was_lost(work, seen.action.id)
    if lost:
        try:
            receipt = await seen.tool.look_up(seen.args, seen.action.id, seen.scope)
        except RemitError:
            return await record_unsure(seen, "refused, and nobody can look", parts, fence=fence)
        if receipt is not None and fits(receipt, seen):
            return await record_executed(seen, receipt, parts, fence=fence, tell=tell)
    return await record_failed(seen, why, parts, fence=fence, tell=tell)


def fits(receipt: Receipt, seen: Seen) -> bool:
    """True when the vendor says it did what we asked, to the cent."""
    money = seen.action.money
    return money is None or (receipt.amount, receipt.currency) == (money.amount, money.currency)


async def record_executed(seen: Seen, receipt: Receipt, parts: Parts, *, fence: int, tell: bool) -> Outcome:
    """The receipt, the limits and the customer's card in one transaction; a late worker changes nothing."""
    async with parts.store.begin() as work:
        row = await _mine(work, seen.action.id, fence)
        if row is None:
            return await _came_late(work, seen.action.id, receipt)
        await move(work, row, "executed", receipt=receipt.model_dump(mode="json"))
        await close_attempt(work, row.id, "done")
        await limits.settle(work, row.id, "done")
        work.audit("action.executed", action=row.id, digest=row.digest, reference=receipt.reference)
        await cards.show_state(work, row)
        if tell:
            await parts.jobs.defer(work, "follow_up", once=f"follow:{row.id}:{row.state}", action_id=row.id)
        return outcome_of(row)


async def _came_late(work: Work, action_id: str, receipt: Receipt) -> Outcome:
    """Somebody else has decided it; what this worker was told is evidence all the same."""
    row = await action_row(work, action_id)
    if row.state != "executed":
        work.audit("action.came_late", action=row.id, digest=row.digest, reference=receipt.reference)
    return outcome_of(row)


async def record_failed(seen: Seen, why: str, parts: Parts, *, fence: int, tell: bool) -> Outcome:
    """It surely did not happen: the limits get their room back and the customer is told."""
    async with parts.store.begin() as work:
        row = await _mine(work, seen.action.id, fence)
        if row is None:
            return outcome_of(await action_row(work, seen.action.id))
        sentence = "The system concerned refused this. Nothing was changed."
        await move(work, row, "failed", failure=sentence)
        await close_attempt(work, row.id, "refused")
        await limits.settle(work, row.id, "released")
        work.audit("action.failed", action=row.id, digest=row.digest, vendor_said=why[:200])
        await cards.show_state(work, row)
        if tell:
            await parts.jobs.defer(work, "follow_up", once=f"follow:{row.id}:{row.state}", action_id=row.id)
        return outcome_of(row)


async def record_unsure(seen: Seen, why: str, parts: Parts, *, fence: int) -> Outcome:
    """Sent and not known: it is looked up before anything else is tried."""
    async with parts.store.begin() as work:
        row = await _mine(work, seen.action.id, fence)
        if row is None:
            return outcome_of(await action_row(work, seen.action.id))
        if row.state == "executing":
            await move(work, row, "unsure")
        work.audit("action.unsure", action=row.id, digest=row.digest, why=why[:200])
        await cards.show_state(work, row)
        await later(work, row.id, parts.jobs, tries=await tries_of(work, row.id))
        return outcome_of(row)


async def _try_later(seen: Seen, why: str, parts: Parts, *, fence: int, at_least: int = 0) -> Outcome:
    """This call did nothing: the same again later, a bounded number of times."""
    async with parts.store.begin() as work:
        row = await _mine(work, seen.action.id, fence)
        if row is None:
            return outcome_of(await action_row(work, seen.action.id))
        if row.state == "executing":
            await move(work, row, "unsure")
        await note_not_sent(work, row.id)
        work.audit("action.delayed", action=row.id, digest=row.digest, why=why)
        await later(work, row.id, parts.jobs, tries=await tries_of(work, row.id), at_least=at_least)
        return outcome_of(row)


async def _mine(work: Work, action_id: str, fence: int) -> ActionRow | None:
    """The locked row if this worker still holds the attempt; None for one that woke up too late."""
    row = await action_row(work, action_id, lock=True)
    held = await work.value(select(func.max(_ATTEMPT.c.fence)).where(_ATTEMPT.c.action_id == action_id))
    return row if held == fence and row.state in ("executing", "unsure") else None


async def end(work: Work, row: ActionRow, state: Any, because: str, parts: Parts, *, tell: bool) -> Outcome:
    """Ends an action that was never sent."""
    await move(work, row, state, failure=because)
    await cards.show_state(work, row)
    if tell:
        await parts.jobs.defer(work, "follow_up", once=f"follow:{row.id}:{state}", action_id=row.id)
    return outcome_of(row)
