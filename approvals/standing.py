"""Where each category stands: read for every decision, raised only by people in ops and only on proof."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from approvals.four_eyes import LOGIN_LIVES
from approvals.ladder.evidence import Evidence, blockers, evidence, supported
from approvals.ladder.reading import history_of, terms_of
from approvals.ladder.shadow import agreement_of, may_leave
from approvals.ladder.versions import agent_version, begin_version, current_version
from approvals.ladder.words import in_words
from approvals.parts import Parts, Reviewer
from core.canonical import canonical_json
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from core.standing import AUTONOMOUS, LADDER, STRICTEST_FIRST, Standing, Tier
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.action import ActionRow, ReviewRow, stands
from store.tables.standing import StandingChangeRow, StandingRow
from store.work import Work

_STANDING = table(StandingRow)
_CHANGE = table(StandingChangeRow)
_ACTION = table(ActionRow)
_REVIEW = table(ReviewRow)
START: Standing = "observation"
# Who moved a category when nobody did: the rules of the ladder.
LADDER_ITSELF = "ladder"


@dataclass(frozen=True, slots=True)
class Place:
    """One category on the ladder, with the counts an ops person looks for first."""

    category: str
    title: str
    tier: Tier
    standing: Standing
    since: datetime | None
    reviews: int
    errors: int
    waiting: int


async def standing_of(
    work: Work, policy: CategoryPolicy, parts: Parts, *, used: str | None = None
) -> Standing:
    """The standing in force for agent version `used` (None: whichever earned it); observation where nobody moved it.

    An autonomous one counts only while its signed change and the evidence from raw reviews carry it.
    """
    row = await standing_row(work, policy.category)
    if row is None:
        return START
    if row.standing not in STRICTEST_FIRST:
        return "suspended"  # a word we do not know, perhaps of a newer version: never run on it
    standing = capped(row.standing, policy.tier)
    if standing not in AUTONOMOUS:
        return standing
    if used is not None and used != row.agent_version:
        return START
    key = (row.category, row.standing, row.since, row.version, row.agent_version, row.change_id)
    holds = await parts.proofs.holds(key, work.now, lambda: is_earned(work, row, policy, parts))
    return standing if holds else START


def capped(standing: Standing, tier: Tier) -> Standing:
    """What a tier lets a standing be: 3 belongs to people, 2 is always held."""
    if tier == 1 or STRICTEST_FIRST.index(standing) <= STRICTEST_FIRST.index(START):
        return standing
    return START


async def standing_row(work: Work, category: str) -> StandingRow | None:
    """What is stored about a category's place."""
    return await work.row(StandingRow, select(_STANDING).where(_STANDING.c.category == category))


async def is_earned(work: Work, row: StandingRow, policy: CategoryPolicy, parts: Parts) -> bool:
    """True when a signed change says so and the evidence of its version, recomputed, supports that rung."""
    change = await work.row(StandingChangeRow, select(_CHANGE).where(_CHANGE.c.id == row.change_id))
    if change is None or (change.category, change.after) != (row.category, row.standing):
        return False
    if not hmac.compare_digest(change.signature or "", _signature(change, parts)):
        return False
    shown = await evidence_for(work, policy, row.version, row.agent_version)
    return shown is not None and _rank(supported(shown)) >= _rank(cast(Standing, row.standing))


async def evidence_for(
    work: Work, policy: CategoryPolicy, version: int | None, used: str | None
) -> Evidence | None:
    """The evidence of one version of a category; None when there is no such version."""
    history = await history_of(work, policy.category)
    found = next((one for one in history.versions if (one.v, one.agent_version) == (version, used)), None)
    return None if found is None else evidence(history, terms_of(policy), found, work.now)


async def standings(parts: Parts) -> list[Place]:
    """Every category of the catalog, by title."""
    async with parts.store.begin() as work:
        waiting = await _counts(work, (_ACTION.c.state == "held") & ~_ACTION.c.canary)
        reviewed = await _reviewed(work)
        places = []
        for policy in parts.catalog.categories.values():
            row = await standing_row(work, policy.category)
            reviews, errors = reviewed.get(policy.category, (0, 0))
            places.append(
                Place(
                    category=policy.category,
                    title=policy.title,
                    tier=policy.tier,
                    standing=await standing_of(work, policy, parts),
                    since=row.since if row else None,
                    reviews=reviews,
                    errors=errors,
                    waiting=waiting.get(policy.category, 0),
                )
            )
        return sorted(places, key=lambda p: p.title)


async def graduate(category: str, *, by: Reviewer, reason: str, parts: Parts) -> Standing:
    """Moves a category one rung up, signed by a person in ops; raises Forbidden, NotFound, Invalid or Conflict."""
    policy = _asked(category, by, reason, parts)
    if parts.clock.now() - by.authenticated_at > LOGIN_LIVES:
        raise Forbidden("A category is moved up within 15 minutes of logging in. Log in again.")
    async with parts.store.begin() as work:
        await work.lock(f"standing:{category}")
        before = await standing_of(work, policy, parts)
        after = next_rung(before)
        if after is None:
            raise Invalid(f"{category} stands as high as it can.")
        if after not in AUTONOMOUS:
            await _may_leave(work, before, category, await standing_row(work, category))
            await set_standing(work, category, before, after, by=by.id, reason=reason, parts=parts)
            return after
        current = await current_version(work, policy, parts)
        shown = (
            None if current is None else await evidence_for(work, policy, current.v, current.agent_version)
        )
        if shown is None:
            raise Conflict("Nothing was reviewed under the present version yet.")
        if stands := blockers(shown, after):
            raise Conflict(
                f"The evidence does not allow it yet: {'; '.join(in_words(shown, after, stands))}."
            )
        await set_standing(work, category, before, after, by=by.id, reason=reason, parts=parts, shown=shown)
    return after


async def _may_leave(work: Work, before: Standing, category: str, row: StandingRow | None) -> None:
    """Below observation people decide everything, so that only shadow asks for something before it is left."""
    if before != "shadow" or row is None:
        return
    agreement = await agreement_of(work, category, row.since)
    if lacks := may_leave(agreement, (work.now - row.since).days):
        raise Conflict(f"It stays in shadow: {'; '.join(lacks)}.")


def next_rung(standing: Standing) -> Standing | None:
    """The rung above; what was suspended goes back to observation first."""
    if standing == "suspended":
        return START
    at = LADDER.index(standing)
    return LADDER[at + 1] if at + 1 < len(LADDER) else None


async def demote(
    category: str, *, to: Standing = "observation", by: Reviewer, reason: str, parts: Parts
) -> Standing:
    """Moves a category down at once, queued items included; raises Forbidden, Invalid or NotFound."""
    policy = _asked(category, by, reason, parts)
    async with parts.store.begin() as work:
        await work.lock(f"standing:{category}")
        row = await standing_row(work, category)
        # What is stored, not what is in force: one that its evidence no longer carries can be pulled back too.
        stored = _stored(row, policy.tier)
        if _rank(to) > _rank(stored):
            raise Invalid(f"{to} is freer than {stored}: autonomy is earned, not set.")
        await pull_back(work, policy, to, by=by.id, reason=reason, parts=parts)
    return to


async def pull_back(
    work: Work, policy: CategoryPolicy, to: Standing, *, by: str, reason: str, parts: Parts
) -> None:
    """Moves a category down; what ran alone begins its evidence anew, as the next version."""
    row = await standing_row(work, policy.category)
    before = cast(Standing, row.standing) if row else START
    await set_standing(work, policy.category, before, to, by=by, reason=reason, parts=parts)
    used = await agent_version(work, policy, parts)
    # Another version than the one that ran alone begins by itself, with its first proposal.
    if before in AUTONOMOUS and to not in AUTONOMOUS and row is not None and row.agent_version == used:
        await begin_version(work, policy.category, used, why=f"pulled back: {reason}"[:200])


def _asked(category: str, by: Reviewer, reason: str, parts: Parts) -> CategoryPolicy:
    if not by.roles & {"ops", "admin"}:
        raise Forbidden("Only ops may move a category.")
    policy = parts.catalog.get(category)
    if policy is None:
        raise NotFound(f"There is no category {category!r}.")
    if not reason.strip():
        raise Invalid("Say why: the reason is kept in the log.")
    return policy


async def set_standing(
    work: Work,
    category: str,
    before: Standing,
    after: Standing,
    *,
    by: str,
    reason: str,
    parts: Parts,
    shown: Evidence | None = None,
) -> None:
    """Stores the place with its signed change; `shown` is the evidence that carries an autonomous one."""
    change = StandingChangeRow(
        id=new_id("chg"),
        category=category,
        before=before,
        after=after,
        by=by,
        reason=reason,
        evidence=_seen(shown),
        at=work.now,
    )
    change.signature = _signature(change, parts)
    version = shown.version if shown else None
    values: dict[str, Any] = {
        "standing": after,
        "since": work.now,
        "version": version.v if version else None,
        "agent_version": version.agent_version if version else None,
        "change_id": change.id,
        "burst_from": None,
    }
    await work.run(
        insert(_STANDING)
        .values(category=category, **values)
        .on_conflict_do_update(index_elements=["category"], set_=values)
    )
    await work.add(change)
    work.audit("standing.moved", category=category, before=before, after=after, by=by, change=change.id)


def _seen(shown: Evidence | None) -> dict[str, Any] | None:
    """What the decision was made on, kept with it."""
    if shown is None or shown.version is None:
        return None
    return {
        "v": shown.version.v,
        "agent_version": shown.version.agent_version,
        "n": shown.n,
        "k": shown.k,
        "days": shown.days,
        "canaries": shown.canaries.shown,
        "missed": shown.canaries.missed,
        "log_e": shown.weighed.log_e,
        "upper_bound": shown.weighed.upper_bound,
    }


def _signature(change: StandingChangeRow, parts: Parts) -> str:
    said = change.model_dump(mode="json", exclude={"signature", "at"}) | {"at": change.at.isoformat()}
    return hmac.new(parts.secret, f"standing:{canonical_json(said)}".encode(), sha256).hexdigest()


def _stored(row: StandingRow | None, tier: Tier) -> Standing:
    known = row is not None and row.standing in STRICTEST_FIRST
    return capped(cast(Standing, row.standing), tier) if row is not None and known else START


def _rank(standing: Standing) -> int:
    return STRICTEST_FIRST.index(standing)


async def _counts(work: Work, where: object) -> dict[str, int]:
    query = select(_ACTION.c.category, func.count()).where(where).group_by(_ACTION.c.category)  # type: ignore[arg-type]
    return {category: n for category, n in (await work.conn.execute(query)).all()}


async def _reviewed(work: Work) -> dict[str, tuple[int, int]]:
    wrong = func.count().filter(_REVIEW.c.decision.in_(("reject", "edit")))
    query = (
        select(_ACTION.c.category, func.count(), wrong)
        .join(_REVIEW, _REVIEW.c.action_id == _ACTION.c.id)
        .where(_REVIEW.c.decision.in_(("approve", "edit", "reject")), stands(_REVIEW.c), ~_ACTION.c.canary)
        .group_by(_ACTION.c.category)
    )
    return {category: (n, bad) for category, n, bad in (await work.conn.execute(query)).all()}
