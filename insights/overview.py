"""All categories on one ladder, each with the one thing that wants attention, if anything does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select

from approvals.ladder.bars import RUNGS
from approvals.parts import Parts
from approvals.standing import Place, standings
from core.standing import AUTONOMOUS, STRICTEST_FIRST
from insights.category import CategoryView, category_view
from insights.watch import watches
from store.columns import table
from store.tables.action import ActionRow

_ACTION = table(ActionRow)
Wants = Literal["can_rise", "not_carried", "canaries", "drifting", "csat", "overdue", ""]
# Half of what rings the alarm is worth a look before it rings.
NEAR = 0.1


@dataclass(frozen=True, slots=True)
class Spot:
    """One category on the picture: its place, how far it is to the next rung (0 to 1), and what wants attention."""

    place: Place
    view: CategoryView
    progress: float | None
    wants: Wants
    why: str


async def overview(parts: Parts) -> Sequence[Spot]:
    """Every category of the catalog, by title."""
    places = await standings(parts)
    overdue = await _overdue(parts)
    fell = {
        one.category for one in await watches(parts.store, since=timedelta(days=7)) if one.finding == "worse"
    }
    spots = []
    for place in places:
        view = await category_view(place.category, parts)
        wants, why = _wants(view, late=overdue.get(place.category), fell=place.category in fell)
        spots.append(Spot(place, view, progress_of(view), wants, why))
    return spots


def progress_of(view: CategoryView) -> float | None:
    """How much of the evidence for the next rung is there; None where evidence does not move it."""
    if view.shown is None or view.next is None or view.next not in RUNGS or view.policy.tier != 1:
        return None
    needed = view.shown.weighed.clean_needed(RUNGS[view.next])
    if needed is None:
        return 0.0
    return view.shown.n / (view.shown.n + needed) if view.shown.n + needed else 0.0


def _wants(view: CategoryView, *, late: datetime | None, fell: bool) -> tuple[Wants, str]:
    """The most pressing thing first; nothing for a category that needs nobody."""
    if view.stored in AUTONOMOUS and view.standing not in AUTONOMOUS:
        return "not_carried", "It was graduated, but its evidence no longer carries it: everything is held."
    if any(one.found_out for one in view.reviewers):
        return "canaries", "A reviewer lets canaries pass; their reviews no longer count."
    if view.detector is not None and view.detector.now >= NEAR * view.alarm:
        return "drifting", "Audits find more errors than they should."
    if fell:
        return "csat", "Satisfaction fell in the week after its graduation."
    if view.next in RUNGS and view.may_rise:
        return "can_rise", "Its evidence allows the next rung."
    if late is not None:
        return "overdue", "Reviews are overdue, and evidence waits for them."
    return "", ""


async def _overdue(parts: Parts) -> Mapping[str, datetime]:
    a = _ACTION.c
    async with parts.store.begin() as work:
        query = (
            select(a.category, func.min(a.due_at))
            .where(a.state == "held", a.due_at < work.now, ~a.canary)
            .group_by(a.category)
        )
        return {category: at for category, at in (await work.conn.execute(query)).all()}


def by_rung(spots: Sequence[Spot]) -> Sequence[tuple[str, Sequence[Spot]]]:
    """The rungs from the freest down, each with its categories; an empty one shows where the ladder goes on."""
    found = [(rung, [s for s in spots if s.place.standing == rung]) for rung in reversed(STRICTEST_FIRST)]
    return [(rung, here) for rung, here in found if here or rung not in ("off", "suspended")]
