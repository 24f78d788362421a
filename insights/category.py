"""One category as ops reads it: the ladder's own view of it, what it would take, and what happened lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Literal, cast

from sqlalchemy import select

from approvals.ladder.bars import MIN_TICKETS, RUNGS
from approvals.ladder.evidence import MIN_DAYS
from approvals.ladder.outcomes import LATE_ERRORS
from approvals.ladder.shadow import Agreement, agreement_of, may_leave
from approvals.ladder.views import CategoryView, Point, category_view
from approvals.parts import Parts
from approvals.standing import capped, standing_row
from core.errors import NotFound
from core.standing import STRICTEST_FIRST, Standing
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.standing import LateErrorRow, StandingChangeRow, StandingRow
from store.work import Work

_CHANGE = table(StandingChangeRow)
_LATE = table(LateErrorRow)
_MOST = 60
Tone = Literal["good", "bad", "warn", ""]
# The ladder as people read it; `off` and `suspended` stand beside it.
RUNG_TITLES: Mapping[Standing, str] = {
    "off": "Off",
    "suspended": "Suspended",
    "shadow": "Shadow",
    "observation": "Observation",
    "autonomous_20": "Alone, 20 % checked",
    "autonomous_5": "Alone, 5 % checked",
    "autonomous_2": "Alone, 2 % checked",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What is still needed if no error comes: tickets and days; None where nobody can say."""

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
class Judgement:
    """Everything the page of a category says. `stands` is what keeps it off the next rung, in sentences."""

    policy: CategoryPolicy
    view: CategoryView
    stored: Standing
    next: Standing | None
    stands: Sequence[str]
    bar: float | None
    need: Need | None
    agreement: Agreement | None
    lately: Sequence[Happening]

    @property
    def may_rise(self) -> bool:
        """True when a person in ops may move it one rung up now."""
        return self.next is not None and not self.stands


async def judgement(category: str, parts: Parts) -> Judgement:
    """The category as it stands; raises NotFound."""
    policy = parts.catalog.get(category)
    if policy is None:
        raise NotFound(f"There is no category {category!r}.")
    view = await category_view(category, parts)
    async with parts.store.begin() as work:
        row = await standing_row(work, category)
        shadow = None
        if view.standing == "shadow" and row is not None:
            shadow = await agreement_of(work, category, row.since)
        days = (work.now - row.since).days if row is not None else 0
        lately = await _lately(work, view)
    above = view.next_rung if view.next_rung is None or _reaches(view.next_rung, policy) else None
    alone = above is not None and above in RUNGS
    return Judgement(
        policy=policy,
        view=view,
        stored=_stored(row, policy),
        next=above,
        stands=_stands(view, above, shadow, days),
        bar=next((bar.log_e for bar in view.bars if bar.rung == above), None),
        need=need_of(view) if alone else None,
        agreement=shadow,
        lately=lately,
    )


def _reaches(rung: Standing, policy: CategoryPolicy) -> bool:
    return capped(rung, policy.tier) == rung


def _stored(row: StandingRow | None, policy: CategoryPolicy) -> Standing:
    if row is None:
        return "observation"
    # A word we do not know, perhaps of a newer version, stands nowhere.
    return capped(row.standing, policy.tier) if row.standing in STRICTEST_FIRST else "suspended"


def _stands(view: CategoryView, above: Standing | None, shadow: Agreement | None, days: int) -> Sequence[str]:
    if above is None:
        people = {2: "Categories of tier 2 are always decided by people", 3: "Tier 3 belongs to people"}
        return [people[view.tier]] if view.tier in people else []
    if shadow is not None:
        return may_leave(shadow, days)
    return view.blocked_by if above in RUNGS else []


def need_of(view: CategoryView) -> Need:
    """How many more tickets without an error, and how long that takes: by the rate, but no sooner than the rules ask."""
    found = view.forecast
    if found.clean_needed is None:
        return Need(None, found.per_day, None)
    tickets = max(found.clean_needed, MIN_TICKETS - view.n, 0)
    wait = max(0, max(MIN_DAYS, view.min_days) - view.days)
    if not tickets:
        return Need(0, found.per_day, wait)
    return Need(tickets, found.per_day, max(wait, ceil(tickets / found.per_day)) if found.per_day else None)


def falls(curve: Sequence[Point]) -> Sequence[Point]:
    """The points at which an error took the evidence down; without one it only grows."""
    return [now for n, now in enumerate(curve) if now.log_e < (curve[n - 1].log_e if n else 0.0)]


async def _lately(work: Work, view: CategoryView) -> Sequence[Happening]:
    """Moves, versions, errors and what was found out later, the newest first."""
    late = select(_LATE).where(_LATE.c.category == view.category).order_by(_LATE.c.at.desc()).limit(_MOST)
    happened = [_found_out(one) for one in await work.rows(LateErrorRow, late)]
    for change in view.changes:
        what = f"Moved from {_words(change.before)} to {_words(change.after)}"
        tone: Tone = "good" if _rises(change.before, change.after) else "warn"
        happened.append(Happening(change.at, what, change.by, change.reason, tone))
    for version in view.versions:
        what = f"Version {version.v} began: evidence starts anew"
        happened.append(Happening(version.began_at, what, "system", version.why))
    for ticket in view.errors:
        first = ticket.action_ids[0]
        happened.append(Happening(ticket.at, "Counted as an error", "", ticket.why, "bad", first))
    return sorted(happened, key=lambda one: one.at, reverse=True)[:_MOST]


def _found_out(late: LateErrorRow) -> Happening:
    said: Mapping[str, str] = {str(kind): words for kind, words in LATE_ERRORS.items()}
    return Happening(
        late.at, "Found out later", late.by, said.get(late.kind, late.kind), "bad", late.action_id
    )


def _rises(before: str, after: str) -> bool:
    order: Sequence[str] = STRICTEST_FIRST
    return before in order and after in order and order.index(after) > order.index(before)


def _words(standing: str) -> str:
    return RUNG_TITLES.get(cast(Standing, standing), standing).lower()
