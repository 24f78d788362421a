"""What ops people read: all categories on one ladder, and everything about one of them, as frozen values."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log
from typing import Literal, cast

from sqlalchemy import select

from approvals.ladder.bars import RUNGS
from approvals.ladder.detector import ALARM, Watched
from approvals.ladder.eprocess import log_e
from approvals.ladder.evidence import (
    Blocker,
    Evidence,
    Ticket,
    audits,
    blockers,
    evidence,
    supported,
    watched,
)
from approvals.ladder.history import History, Version
from approvals.ladder.reading import history_of, terms_of
from approvals.ladder.reviewers import Sensitivity, sensitivities
from approvals.ladder.versions import current_version
from approvals.ladder.weighing import autonomous_since
from approvals.ladder.words import guarantee, in_words
from approvals.parts import Parts
from approvals.standing import next_rung, standing_of, standing_row
from core.errors import NotFound
from core.standing import AUTONOMOUS, Standing, Tier
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.standing import StandingChangeRow, StandingRow
from store.work import Work

_CHANGE = table(StandingChangeRow)
_MOST_POINTS = 240
_RATE_OVER = timedelta(days=14)
# A category whose oldest undecided ticket is this old waits for people, not for evidence.
STALE = timedelta(days=2)
Attention = Literal["can_graduate", "drifting", "canary_missed", "stale"]


@dataclass(frozen=True, slots=True)
class Point:
    """One look at the evidence: after n tickets, the latest proposed then, log E was this."""

    n: int
    at: datetime
    log_e: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What log E must reach for a rung."""

    rung: Standing
    log_e: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many more tickets without an error are needed, and how long that takes at the rate of the last two weeks."""

    clean_needed: int | None
    per_day: float
    days: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """Who moved the category, when and why."""

    before: str
    after: str
    by: str
    reason: str
    at: datetime
    n: int | None
    k: int | None


@dataclass(frozen=True, slots=True)
class OnLadder:
    """One category in the overview; `attention` only where somebody should look."""

    category: str
    title: str
    tier: Tier
    standing: Standing
    since: datetime | None
    n: int
    k: int
    clean_needed: int | None
    attention: Attention | None


@dataclass(frozen=True, slots=True)
class CategoryView:
    """Everything about one category: may it run alone, why not, what would it take, what happened lately."""

    category: str
    title: str
    tier: Tier
    standing: Standing
    since: datetime | None
    next_rung: Standing | None
    may_graduate: bool
    supports: Standing
    threshold: float
    ceiling: Standing
    min_days: int
    guarantee: str
    blockers: tuple[Blocker, ...]
    blocked_by: tuple[str, ...]
    n: int
    k: int
    days: int
    log_e: float
    upper_bound: float
    effective_threshold: float
    curve: tuple[Point, ...]
    bars: tuple[Bar, ...]
    forecast: Forecast
    errors: tuple[Ticket, ...]
    set_aside: tuple[tuple[str, int], ...]
    waiting_for: Ticket | None
    decided_behind: int
    canaries_shown: int
    canaries_missed: int
    approvers: tuple[Sensitivity, ...]
    audits: tuple[Ticket, ...]
    drift: Watched
    alarm: float
    burst_from: datetime | None
    version: Version | None
    versions: tuple[Version, ...]
    changes: tuple[Change, ...]


async def ladder(parts: Parts) -> list[OnLadder]:
    """Every category of the catalog, by title."""
    async with parts.store.begin() as work:
        found = [await _on_ladder(work, policy, parts) for policy in parts.catalog.categories.values()]
    return sorted(found, key=lambda one: one.title)


async def category_view(category: str, parts: Parts) -> CategoryView:
    """One category with its evidence computed now; raises NotFound."""
    policy = parts.catalog.get(category)
    if policy is None:
        raise NotFound(f"There is no category {category!r}.")
    async with parts.store.begin() as work:
        return await _view(work, policy, parts)


async def _known(
    work: Work, policy: CategoryPolicy, parts: Parts
) -> tuple[Standing, StandingRow | None, History, Evidence]:
    standing = await standing_of(work, policy, parts)
    row = await standing_row(work, policy.category)
    history = await history_of(work, policy.category)
    version = await current_version(work, policy, parts)
    return standing, row, history, evidence(history, terms_of(policy), version, work.now)


async def _on_ladder(work: Work, policy: CategoryPolicy, parts: Parts) -> OnLadder:
    standing, row, history, shown = await _known(work, policy, parts)
    up = next_rung(standing)
    may = up is not None and up in AUTONOMOUS and not blockers(shown, up)
    drift = _drift(row, history, policy, standing, work.now)
    return OnLadder(
        category=policy.category,
        title=policy.title,
        tier=policy.tier,
        standing=standing,
        since=row.since if row else None,
        n=shown.n,
        k=shown.k,
        clean_needed=shown.weighed.clean_needed(RUNGS.get(up, 1)) if up else None,
        attention=_attention(shown, drift, may=may, now=work.now),
    )


def _attention(shown: Evidence, drift: Watched, *, may: bool, now: datetime) -> Attention | None:
    if drift.now >= ALARM / 10:
        return "drifting"
    if shown.canaries.missed:
        return "canary_missed"
    if may:
        return "can_graduate"
    waits = shown.waiting_for
    return "stale" if waits is not None and now - waits.at >= STALE else None


async def _view(work: Work, policy: CategoryPolicy, parts: Parts) -> CategoryView:
    standing, row, history, shown = await _known(work, policy, parts)
    up = next_rung(standing)
    asked: Standing = up if up is not None and up in AUTONOMOUS else "autonomous_20"
    stands = blockers(shown, asked)
    drift = _drift(row, history, policy, standing, work.now)
    since = autonomous_since(row, history) if row is not None and standing in AUTONOMOUS else None
    weighed = shown.weighed
    return CategoryView(
        category=policy.category,
        title=policy.title,
        tier=policy.tier,
        standing=standing,
        since=row.since if row else None,
        next_rung=up,
        may_graduate=up is not None and up in AUTONOMOUS and not stands,
        supports=supported(shown),
        threshold=policy.autonomy.threshold,
        ceiling=policy.autonomy.ceiling,
        min_days=policy.autonomy.min_days,
        guarantee=guarantee(policy.autonomy.threshold),
        blockers=stands,
        blocked_by=tuple(in_words(shown, asked, stands)),
        n=shown.n,
        k=shown.k,
        days=shown.days,
        log_e=weighed.log_e,
        upper_bound=weighed.upper_bound,
        effective_threshold=weighed.effective_threshold,
        curve=_curve(shown),
        bars=tuple(Bar(rung, log(weighed.bar * times)) for rung, times in RUNGS.items()),
        forecast=_forecast(shown, asked, work.now),
        errors=shown.errors,
        set_aside=tuple(Counter(ticket.why for ticket in shown.set_aside).most_common()),
        waiting_for=shown.waiting_for,
        decided_behind=len(shown.behind),
        canaries_shown=shown.canaries.shown,
        canaries_missed=shown.canaries.missed,
        approvers=_approvers(history),
        audits=audits(history, since, work.now) if since is not None else (),
        drift=drift,
        alarm=ALARM,
        burst_from=row.burst_from if row else None,
        version=shown.version,
        versions=history.versions,
        changes=await _changes(work, policy.category),
    )


def _drift(
    row: StandingRow | None, history: History, policy: CategoryPolicy, standing: Standing, now: datetime
) -> Watched:
    if row is None or standing not in AUTONOMOUS:
        return Watched((), None)
    return watched(history, policy.autonomy.threshold, autonomous_since(row, history), now)


def _curve(shown: Evidence) -> tuple[Point, ...]:
    """The evidence over its tickets; every error is among the points, however many tickets there are."""
    if shown.weighed.effective_threshold <= 0:
        return ()
    every, k, points = max(1, shown.n // _MOST_POINTS), 0, []
    for n, ticket in enumerate(shown.counted, start=1):
        k += ticket.reads == "error"
        if n % every == 0 or n == shown.n or ticket.reads == "error":
            points.append(Point(n, ticket.at, log_e(n, k, shown.weighed.effective_threshold)))
    return tuple(points)


def _forecast(shown: Evidence, rung: Standing, now: datetime) -> Forecast:
    needed = shown.weighed.clean_needed(RUNGS.get(rung, 1))
    lately = sum(ticket.at > now - _RATE_OVER for ticket in shown.counted)
    per_day = lately / max(1, min(_RATE_OVER.days, shown.days or 1))
    days = ceil(needed / per_day) if needed is not None and per_day > 0 else None
    if needed == 0:
        days = 0
    return Forecast(needed, per_day, days)


def _approvers(history: History) -> tuple[Sensitivity, ...]:
    """Who has reviewed here, with how well they notice canaries anywhere."""
    here = {review.by for proposal in history.proposals for review in proposal.reviews}
    known = sensitivities(history.canaries)
    return tuple(known[by] for by in sorted(here | {a.by for a in history.canaries}) if by in known)


async def _changes(work: Work, category: str) -> tuple[Change, ...]:
    query = select(_CHANGE).where(_CHANGE.c.category == category).order_by(_CHANGE.c.at.desc()).limit(50)
    rows = await work.rows(StandingChangeRow, query)
    return tuple(Change(r.before, r.after, r.by, r.reason, r.at, *_counts(r.evidence)) for r in rows)


def _counts(seen: dict[str, object] | None) -> tuple[int | None, int | None]:
    if seen is None:
        return None, None
    return cast(int, seen["n"]), cast(int, seen["k"])
