"""One category as ops reads it: may it run alone, why not, what would it take, and what happened lately."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log
from typing import Literal, cast

from sqlalchemy import select

from approvals.ladder.bars import MIN_TICKETS, RUNGS
from approvals.ladder.detector import ALARM, Watched
from approvals.ladder.eprocess import log_e
from approvals.ladder.evidence import (
    MIN_DAYS,
    Evidence,
    Ticket,
    audits,
    blockers,
    evidence,
    watched,
)
from approvals.ladder.history import History, Version
from approvals.ladder.outcomes import LATE_ERRORS
from approvals.ladder.reading import history_of, terms_of
from approvals.ladder.reviewers import Sensitivity, sensitivities
from approvals.ladder.versions import current_version
from approvals.ladder.weighing import autonomous_since
from approvals.ladder.words import guarantee, in_words
from approvals.parts import Parts
from approvals.standing import capped, next_rung, standing_of, standing_row
from core.errors import NotFound
from core.standing import AUTONOMOUS, STRICTEST_FIRST, Standing
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.standing import LateErrorRow, StandingChangeRow, StandingRow
from store.work import Work

_CHANGE = table(StandingChangeRow)
_LATE = table(LateErrorRow)
# The rate of the last two weeks is what a forecast goes by.
LATELY = timedelta(days=14)
# A curve of more points than this is not read better.
MOST_POINTS = 400
Tone = Literal["good", "bad", "warn", ""]


@dataclass(frozen=True, slots=True)
class Step:
    """A point of the evidence curve: after `n` tickets, log E at the threshold, and whether the last was an error."""

    n: int
    at: datetime
    log_e: float
    error: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is still needed if no error comes: tickets and days; None for days that nobody can foretell."""

    tickets: int | None
    per_day: float
    days: int | None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a category."""

    at: datetime
    what: str
    by: str
    why: str
    tone: Tone = ""
    action_id: str | None = None


@dataclass(frozen=True, slots=True)
class CategoryView:
    """Everything the page of a category says; `shown` is None until something was proposed under this version."""

    policy: CategoryPolicy
    standing: Standing
    stored: Standing
    since: datetime | None
    next: Standing | None
    shown: Evidence | None
    stands: Sequence[str]
    """What keeps it off the next rung, in sentences; nothing means that a person may move it up."""
    bar: float | None
    """log E that the next rung asks."""
    curve: Sequence[Step]
    forecast: Forecast | None
    guarantee: str
    audits: Sequence[Ticket]
    detector: Watched | None
    reviewers: Sequence[Sensitivity]
    versions: Sequence[Version]
    lately: Sequence[Happening]
    alarm: float = ALARM

    @property
    def may_rise(self) -> bool:
        """True when a person in ops may move it one rung up now."""
        return self.next is not None and not self.stands


async def category_view(category: str, parts: Parts) -> CategoryView:
    """The category as it stands; raises NotFound."""
    policy = parts.catalog.get(category)
    if policy is None:
        raise NotFound(f"There is no category {category!r}.")
    async with parts.store.begin() as work:
        return await _view(work, policy, parts)


async def _view(work: Work, policy: CategoryPolicy, parts: Parts) -> CategoryView:
    row = await standing_row(work, policy.category)
    standing = await standing_of(work, policy, parts)
    history = await history_of(work, policy.category)
    shown = await _evidence(work, row, history, policy, parts)
    rung = _rung_above(standing, policy)
    above = rung if rung is not None and rung in RUNGS else None
    runs_alone = row is not None and row.standing in AUTONOMOUS
    since = autonomous_since(row, history) if row is not None and runs_alone else None
    known = sensitivities(a for a in history.canaries if a.category == policy.category)
    return CategoryView(
        policy=policy,
        standing=standing,
        stored=_stored(row, policy),
        since=row.since if row else None,
        next=rung,
        shown=shown,
        stands=_stands(shown, rung, policy),
        bar=log(shown.weighed.bar * RUNGS[above]) if shown is not None and above is not None else None,
        curve=curve_of(shown) if shown is not None else (),
        forecast=forecast_of(shown, above, work.now) if shown is not None and above is not None else None,
        guarantee=guarantee(policy.autonomy.threshold),
        audits=audits(history, since, work.now) if since else (),
        detector=watched(history, policy.autonomy.threshold, since, work.now) if since else None,
        reviewers=sorted(known.values(), key=lambda one: one.at_least),
        versions=history.versions,
        lately=await _lately(work, policy.category, shown, history.versions),
    )


async def _evidence(
    work: Work, row: StandingRow | None, history: History, policy: CategoryPolicy, parts: Parts
) -> Evidence | None:
    """What the version that runs alone has shown, else the present one."""
    version = await current_version(work, policy, parts)
    if row is not None and row.standing in AUTONOMOUS:
        mine = (row.version, row.agent_version)
        version = next((one for one in history.versions if (one.v, one.agent_version) == mine), version)
    return None if version is None else evidence(history, terms_of(policy), version, work.now)


def _rung_above(standing: Standing, policy: CategoryPolicy) -> Standing | None:
    rung = next_rung(standing)
    return rung if rung is not None and capped(rung, policy.tier) == rung else None


def _stored(row: StandingRow | None, policy: CategoryPolicy) -> Standing:
    if row is None:
        return "observation"
    # A word we do not know, perhaps of a newer version, stands nowhere.
    return capped(row.standing, policy.tier) if row.standing in STRICTEST_FIRST else "suspended"


def _stands(shown: Evidence | None, rung: Standing | None, policy: CategoryPolicy) -> Sequence[str]:
    if rung is None:
        tier = {2: "Categories of tier 2 are always decided by people", 3: "Tier 3 belongs to people"}
        return [tier[policy.tier]] if policy.tier in tier else []
    if rung not in RUNGS:
        return []
    if shown is None:
        return ["Nothing was proposed and reviewed under the present version yet"]
    return in_words(shown, rung, blockers(shown, rung))


def curve_of(shown: Evidence) -> Sequence[Step]:
    """log E after each counted ticket; on a long history every so many, and always where an error fell."""
    threshold = shown.weighed.effective_threshold or shown.terms.threshold
    every = max(1, ceil(shown.n / MOST_POINTS))
    k, steps = 0, []
    for n, ticket in enumerate(shown.counted, start=1):
        wrong = ticket.reads == "error"
        k += wrong
        if wrong or n % every == 0 or n == shown.n:
            steps.append(Step(n, ticket.at, log_e(n, k, threshold), wrong))
    return tuple(steps)


def forecast_of(shown: Evidence, rung: Standing, now: datetime) -> Forecast:
    """How many more tickets without an error, and how long that takes at the rate of the last two weeks."""
    needed = shown.weighed.clean_needed(RUNGS[rung])
    lately = [t for t in (*shown.counted, *shown.behind) if t.at > now - LATELY]
    # Of a category that began three days ago, three days are its rate.
    first = min((t.at for t in (*shown.counted, *shown.behind)), default=now)
    days_seen = min(LATELY, max(now - first, timedelta(days=1))) / timedelta(days=1)
    per_day = len(lately) / days_seen
    if needed is None:
        return Forecast(None, per_day, None)
    tickets = max(needed, MIN_TICKETS - shown.n)
    wait = max(0, max(MIN_DAYS, shown.terms.min_days) - shown.days)
    if not tickets:
        return Forecast(0, per_day, wait)
    return Forecast(tickets, per_day, max(wait, ceil(tickets / per_day)) if per_day else None)


async def _lately(
    work: Work, category: str, shown: Evidence | None, versions: Iterable[Version]
) -> Sequence[Happening]:
    """Moves, versions, errors and what was found out later, the newest first."""
    c = _CHANGE.c
    moves = select(_CHANGE).where(c.category == category).order_by(c.at.desc()).limit(50)
    late = select(_LATE).where(_LATE.c.category == category).order_by(_LATE.c.at.desc()).limit(50)
    happened = [_move(one) for one in await work.rows(StandingChangeRow, moves)]
    happened += [_found_out(one) for one in await work.rows(LateErrorRow, late)]
    happened += [
        Happening(one.began_at, f"Version {one.v} began: evidence starts anew", "system", one.why)
        for one in versions
    ]
    for ticket in shown.errors if shown is not None else ():
        happened.append(
            Happening(ticket.at, "Counted as an error", "", ticket.why, "bad", ticket.action_ids[0])
        )
    return sorted(happened, key=lambda one: one.at, reverse=True)[:60]


def _move(change: StandingChangeRow) -> Happening:
    order: Sequence[str] = STRICTEST_FIRST
    known = change.before in order and change.after in order
    rises = known and order.index(change.after) > order.index(change.before)
    what = f"Moved from {_words(change.before)} to {_words(change.after)}"
    return Happening(change.at, what, change.by, change.reason, "good" if rises else "warn")


def _found_out(late: LateErrorRow) -> Happening:
    said: Mapping[str, str] = {str(kind): words for kind, words in LATE_ERRORS.items()}
    why = said.get(late.kind, late.kind)
    return Happening(late.at, "Found out later", late.by, why, "bad", late.action_id)


def _words(standing: str) -> str:
    return RUNG_TITLES.get(cast(Standing, standing), standing).lower()


# The ladder as people read it, lowest first; `off` and `suspended` stand beside it.
RUNG_TITLES: Mapping[Standing, str] = {
    "off": "Off",
    "suspended": "Suspended",
    "shadow": "Shadow",
    "observation": "Observation",
    "autonomous_20": "Alone, 20 % checked",
    "autonomous_5": "Alone, 5 % checked",
    "autonomous_2": "Alone, 2 % checked",
}
