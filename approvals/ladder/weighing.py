"""Weighs a category again when something about it was decided or found out, and pulls it back when it must be."""

import logging
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from approvals.ladder.audits import begin_burst
from approvals.ladder.evidence import Evidence, audits, evidence, supported, watched
from approvals.ladder.history import History, Version
from approvals.ladder.outcomes import LATE, says
from approvals.ladder.reading import history_of, terms_of
from approvals.ladder.reviewers import sensitivity
from approvals.ladder.versions import agent_version, current_version
from approvals.parts import Parts
from approvals.record import action_row
from approvals.standing import LADDER_ITSELF, is_earned, pull_back, standing_row
from core.errors import RemitError
from core.ids import new_id
from core.standing import AUTONOMOUS
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.action import ActionRow, ReviewRow, stands
from store.tables.standing import EvidenceRow, LateErrorRow, StandingRow
from store.work import Work

_EVIDENCE = table(EvidenceRow)
_LATE = table(LateErrorRow)
_ACTION = table(ActionRow)
_REVIEW = table(ReviewRow)
log = logging.getLogger("remit.ladder")


async def weigh_category(category: str, parts: Parts) -> None:
    """Stores what a category's evidence is now; pulls it back where the ladder's rules say so."""
    policy = parts.catalog.get(category)
    if policy is None:
        return
    async with parts.store.begin() as work:
        await weigh_again(work, policy, parts)


async def weigh_all(parts: Parts) -> None:
    """The same for every category: time itself turns what nobody decided into errors."""
    for policy in parts.catalog.categories.values():
        if policy.tier == 1:
            await weigh_category(policy.category, parts)


async def weigh_again(work: Work, policy: CategoryPolicy, parts: Parts) -> None:
    """The same inside a unit of work, so that a demotion is durable with what caused it."""
    await work.lock(f"standing:{policy.category}")
    history = await history_of(work, policy.category)
    row = await standing_row(work, policy.category)
    version = await _version(work, row, history, policy, parts)
    shown = evidence(history, terms_of(policy), version, work.now)
    await _keep(work, shown)
    if row is not None and row.standing in AUTONOMOUS:
        why = await _falls(work, row, history, policy, parts)
        if why is not None:
            await pull_back(work, policy, "observation", by=LADDER_ITSELF, reason=why, parts=parts)


async def weigh_after(action_id: str, parts: Parts) -> None:
    """What a review of this action means for its category: at once where something runs alone, else by a job.

    The review itself is durable already; what fails here is made up for by the next weighing of all.
    """
    try:
        async with parts.store.begin() as work:
            row = await action_row(work, action_id)
            policy = parts.catalog.get(row.category)
            if policy is None or row.canary:
                return
            if not (row.review_after and row.standing in AUTONOMOUS):
                once = f"weigh:{row.category}"
                await parts.jobs.defer(work, "weigh_category", once=once, category=row.category)
                return
            if await _was_wrong(work, action_id):
                await begin_burst(work, row.category)
            await weigh_again(work, policy, parts)
    except (RemitError, SQLAlchemyError):
        log.exception("the category of action %s could not be weighed", action_id)


async def _was_wrong(work: Work, action_id: str) -> bool:
    query = select(_REVIEW).where(_REVIEW.c.action_id == action_id, stands(_REVIEW.c))
    found = await work.rows(ReviewRow, query)
    return any(says(r.decision, r.reason_code, r.material) == "error" for r in found)  # type: ignore[arg-type]


async def note_late(work: Work, action_id: str, kind: LATE, *, by: str, parts: Parts) -> bool:
    """Counts something found out later as an error of its action; False when it was known already."""
    query = select(_ACTION.c.category, _ACTION.c.standing).where(_ACTION.c.id == action_id)
    found = (await work.conn.execute(query)).first()
    if found is None:
        return False
    values = {"id": new_id("late"), "action_id": action_id, "category": found.category, "kind": kind}
    if not await work.insert_once(insert(_LATE).values(**values, by=by, at=work.now)):
        return False
    work.audit("action.late_error", action=action_id, error=kind, by=by)
    if found.standing in AUTONOMOUS:
        await begin_burst(work, found.category)
    await parts.jobs.defer(work, "weigh_category", once=f"weigh:{found.category}", category=found.category)
    return True


async def _version(
    work: Work, row: StandingRow | None, history: History, policy: CategoryPolicy, parts: Parts
) -> Version | None:
    """The version that carries an autonomous category, else the present one."""
    if row is not None and row.standing in AUTONOMOUS:
        mine = (row.version, row.agent_version)
        return next((one for one in history.versions if (one.v, one.agent_version) == mine), None)
    return await current_version(work, policy, parts)


async def _keep(work: Work, shown: Evidence) -> None:
    values = {
        "v": shown.version.v if shown.version else 0,
        "n": shown.n,
        "k": shown.k,
        "log_e": shown.weighed.log_e,
        "supports": supported(shown),
        "weighed_at": work.now,
    }
    await work.run(
        insert(_EVIDENCE)
        .values(category=shown.terms.category, **values)
        .on_conflict_do_update(index_elements=["category"], set_=values)
    )


async def _falls(
    work: Work, row: StandingRow, history: History, policy: CategoryPolicy, parts: Parts
) -> str | None:
    """Why an autonomous category must go back to observation, or None."""
    if row.agent_version != await agent_version(work, policy, parts):
        return "The agent's version changed; its evidence begins anew."
    since = autonomous_since(row, history)
    checked = audits(history, since, work.now)
    if any(ticket.critical for ticket in checked):
        return "A critical error was found."
    rang = watched(history, policy.autonomy.threshold, since, work.now).alarm_at
    if rang is not None:
        return f"The drift detector rang at audit {rang}."
    mine = [a for a in history.canaries if a.category == policy.category]
    if sensitivity("", len(mine), sum(a.missed for a in mine)).found_out:
        return "Reviewers let too many canaries pass."
    if not await is_earned(work, row, policy, parts):
        return "The evidence no longer carries it."
    return None


def autonomous_since(row: StandingRow, history: History) -> datetime:
    """When its version began to run alone; moving from one such rung to the next does not start the watch anew."""
    mine = [p.at for p in history.proposals if p.audited and p.version == row.agent_version]
    began = next((v.began_at for v in history.versions if v.v == row.version), row.since)
    return min([at for at in mine if at >= began], default=row.since)
