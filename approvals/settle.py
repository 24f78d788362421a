"""Finding out what became of an unsure action: look it up by our id; absent and the key honoured: resend; else a person."""

import logging
from collections.abc import Awaitable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from approvals import cards
from approvals.again import Seen, mandate_of, see_again
from approvals.attempts import attempt_of, count_try, later, send_again
from approvals.execute import (
    KEY_HONOURED,
    MOST_TRIES,
    execute,
    fits,
    perform,
    permit_for,
    record_executed,
    record_failed,
)
from approvals.parts import Parts
from approvals.record import action_row, move, outcome_of
from approvals.switches import is_stopped
from core.actions import Outcome, Receipt
from policies.check import check
from store.columns import table
from store.tables.action import ActionRow, AttemptRow
from store.work import Work

log = logging.getLogger("remit.approvals")
_ACTION = table(ActionRow)
_ATTEMPT = table(AttemptRow)
# An executing action whose process is silent for this long is taken over.
SILENT = timedelta(seconds=60)
# What is due and was not looked at for this long has lost its job.
OVERDUE = timedelta(seconds=30)


async def settle(action_id: str, parts: Parts) -> Outcome:
    """Brings an unsure action closer to an end; harmless to call at any time, any number of times."""
    fence = await _take(action_id, parts)
    if fence is None:
        async with parts.store.begin() as work:
            return outcome_of(await action_row(work, action_id))
    try:
        seen = await see_again(action_id, parts)
        receipt = await seen.tool.look_up(seen.args, seen.action.id, seen.scope)
    except Exception as error:  # noqa: BLE001 - whatever breaks here, tries are counted and end with a person
        return await _not_now(action_id, parts, fence=fence, why=type(error).__name__)
    if receipt is not None:
        return await _found(seen, receipt, parts, fence=fence)
    return await _absent(seen, parts, fence=fence)


async def _take(action_id: str, parts: Parts) -> int | None:
    """A new fence for this worker, which outdates every earlier one; None when there is nothing to settle."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if row.state == "executing" and row.state_at <= work.now - SILENT:
            await move(work, row, "unsure")
        if row.state != "unsure":
            return None
        bump = (
            update(_ATTEMPT)
            .where(_ATTEMPT.c.action_id == action_id)
            .values(fence=_ATTEMPT.c.fence + 1)
            .returning(_ATTEMPT.c.fence)
        )
        return int((await work.conn.execute(bump)).scalar_one())


async def _found(seen: Seen, receipt: Receipt, parts: Parts, *, fence: int) -> Outcome:
    if not fits(receipt, seen):
        why = "What the vendor shows under our id is not what was asked for."
        return await _to_person(seen.action.id, why, parts, fence=fence)
    return await record_executed(seen, receipt, parts, fence=fence, tell=True)


async def _absent(seen: Seen, parts: Parts, *, fence: int) -> Outcome:
    """Surely not there now: resend the identical call, unless it must not happen any more."""
    decided_at = parts.clock.now()
    async with parts.store.begin() as work:
        # Under the lock, so that of two workers that both found nothing only the later one sends.
        row = await action_row(work, seen.action.id, lock=True)
        attempt = await attempt_of(work, seen.action.id)
        if row.state != "unsure" or attempt.fence != fence:
            return outcome_of(row)
        under = await mandate_of(work, row, parts)
        denied = under is None or check(under.policy, row.tool, seen.facts.values()).kind == "deny"
        stopped = await is_stopped(work, row.category, row.tool)
        may = not stopped and not denied and seen.owned and _may_resend(seen, attempt, work.now)
        if may:
            await send_again(work, seen.action.id)
    if may:
        permit = permit_for(row)
        return await perform(seen, permit, parts, fence=fence, decided_at=decided_at, tell=True)
    if stopped:
        return await _not_now(seen.action.id, parts, fence=fence, why="stopped")
    # A rule may forbid it because it did happen ("already refunded"): only a call that surely did nothing has failed.
    if (denied or not seen.owned) and attempt.state == "not_sent":
        return await record_failed(seen, "no longer allowed", parts, fence=fence, tell=True)
    why = "It could not be found at the vendor and may not be sent again without a look."
    return await _to_person(seen.action.id, why, parts, fence=fence)


def _may_resend(seen: Seen, attempt: AttemptRow, now: datetime) -> bool:
    """A call that did nothing may be sent again; one that may have arrived only under a key that is still honoured."""
    if attempt.tries > MOST_TRIES:
        return False
    if attempt.state == "not_sent":
        return True
    return seen.tool.honours_key and now - attempt.first_sent_at < KEY_HONOURED


async def _not_now(action_id: str, parts: Parts, *, fence: int, why: str) -> Outcome:
    """Looked in vain: again later, for a bounded number of times; a kill switch costs no try."""
    async with parts.store.begin() as work:
        attempt = await attempt_of(work, action_id)
        if attempt.fence != fence:
            return outcome_of(await action_row(work, action_id))
        if why != "stopped":
            await count_try(work, action_id)
        if attempt.tries <= MOST_TRIES * 2:
            work.audit("action.not_known_yet", action=action_id, why=why)
            await later(work, action_id, parts.jobs, tries=attempt.tries)
            return outcome_of(await action_row(work, action_id))
    return await _to_person(action_id, "The vendor could not be asked for a long time.", parts, fence=fence)


async def _to_person(action_id: str, why: str, parts: Parts, *, fence: int) -> Outcome:
    """The limits keep counting it; a colleague finds out."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if (await attempt_of(work, action_id)).fence != fence or row.state != "unsure":
            return outcome_of(row)
        await move(work, row, "needs_person", failure=why)
        await cards.show_state(work, row)
        await parts.jobs.defer(work, "follow_up", once=f"follow:{row.id}:{row.state}", action_id=row.id)
        return outcome_of(row)


async def sweep(parts: Parts) -> dict[str, int]:
    """What a lost job left: silent executions, unsure and approved actions, and what waited too long; counts of each."""
    async with parts.store.begin() as work:
        a = _ACTION.c
        silent = await _ids(work, (a.state == "executing") & (a.state_at <= work.now - SILENT))
        due = func.coalesce(
            select(_ATTEMPT.c.next_at).where(_ATTEMPT.c.action_id == a.id).scalar_subquery(), a.state_at
        )
        unsure = await _ids(work, (a.state == "unsure") & (due <= work.now - OVERDUE))
        lapsed = a.expires_at <= work.now
        approved = await _ids(work, (a.state == "approved") & (a.state_at <= work.now - SILENT) & ~lapsed)
        late = await _ids(work, a.state.in_(("asked", "held", "approved")) & lapsed)
    for action_id in (*silent, *unsure):
        await _alone(settle(action_id, parts), action_id)
    for action_id in approved:
        await _alone(execute(action_id, parts, tell=True), action_id)
    for action_id in late:
        await _alone(expire(action_id, parts), action_id)
    return {
        "silent": len(silent),
        "unsure": len(unsure),
        "approved": len(approved),
        "expired": len(late),
    }


async def _alone(step: Awaitable[object], action_id: str) -> None:
    """One action's trouble is logged and leaves the others their turn."""
    try:
        await step
    except Exception:  # a row that breaks our code must not keep the others waiting
        log.exception("action %s could not be swept", action_id)


async def expire(action_id: str, parts: Parts) -> None:
    """Closes one that waited too long and tells the customer; one decided meanwhile is left alone."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if row.state not in ("asked", "held", "approved") or row.expires_at > work.now:
            return
        await move(work, row, "expired")
        if row.canary:
            return  # nobody asked for it, so nobody is told
        await cards.show_state(work, row)
        await parts.jobs.defer(work, "follow_up", once=f"follow:{row.id}:{row.state}", action_id=row.id)


async def _ids(work: Work, where: object) -> list[str]:
    query = select(_ACTION.c.id).where(where).order_by(_ACTION.c.state_at).limit(200)  # type: ignore[arg-type]
    return list((await work.conn.execute(query)).scalars())
