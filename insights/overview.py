"""All categories on one ladder, each with the one thing that wants attention, if anything does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import func, select

from approvals.ladder.bars import RUNGS
from approvals.ladder.reading import canary_answers
from approvals.ladder.reviewers import sensitivities
from approvals.ladder.views import Attention, OnLadder, ladder
from approvals.parts import Parts
from core.standing import AUTONOMOUS, STRICTEST_FIRST, Standing
from insights.watch import watches
from store.columns import table
from store.tables.action import ActionRow
from store.tables.standing import StandingRow

_ACTION = table(ActionRow)
_STANDING = table(StandingRow)
Wants = Literal["not_carried", "can_graduate", "drifting", "canary_missed", "stale", "csat", "overdue", ""]
_WHY: Mapping[Attention, str] = {
    "can_graduate": "Its evidence allows the next rung.",
    "drifting": "Audits find more errors than they should.",
    "canary_missed": "A reviewer let a known-bad proposal pass.",
    "stale": "Nobody has decided on a ticket for two days, and evidence waits for it.",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """One category on the picture: its place, how far it is to the next rung (0 to 1), and what wants attention."""

    place: OnLadder
    waiting: int
    progress: float | None
    wants: Wants
    why: str


@dataclass(frozen=True, slots=True)
class _Queue:
    waiting: int
    overdue: int


async def overview(parts: Parts) -> Sequence[Spot]:
    """Every category of the catalog, by title."""
    queues, alone, blind = await _queues(parts), await _stored_alone(parts), await _reviewed_blindly(parts)
    fell = {
        one.category for one in await watches(parts.store, since=timedelta(days=7)) if one.finding == "worse"
    }
    spots = []
    for place in await ladder(parts):
        queue = queues.get(place.category, _Queue(0, 0))
        lost = place.category in alone and place.standing not in AUTONOMOUS
        wants, why = _wants(place, lost=lost, fell=place.category in fell, overdue=queue.overdue)
        if place.category in blind and not lost:
            wants, why = (
                "canary_missed",
                "A reviewer lets known-bad proposals pass; their reviews do not count.",
            )
        spots.append(Spot(place, queue.waiting, progress_of(place), wants, why))
    return spots


def progress_of(place: OnLadder) -> float | None:
    """How much of the evidence for the next rung is there; None where evidence does not move it, or none is there yet."""
    if place.tier != 1 or place.n == 0 or place.standing in ("off", "shadow", "suspended"):
        return None
    if place.clean_needed is None:
        return 0.0
    return place.n / (place.n + place.clean_needed)


def _wants(place: OnLadder, *, lost: bool, fell: bool, overdue: int) -> tuple[Wants, str]:
    """The most pressing thing first; nothing for a category that needs nobody."""
    if lost:
        return "not_carried", "It was graduated, but its evidence no longer carries it: everything is held."
    if place.attention in ("drifting", "canary_missed"):
        return place.attention, _WHY[place.attention]
    if fell:
        return "csat", "Satisfaction fell in the week after its graduation."
    if place.attention is not None:
        return place.attention, _WHY[place.attention]
    if overdue:
        return "overdue", "Reviews are overdue."
    return "", ""


async def _queues(parts: Parts) -> Mapping[str, _Queue]:
    a = _ACTION.c
    async with parts.store.begin() as work:
        query = (
            select(a.category, func.count(), func.count().filter(a.due_at < work.now))
            .where(a.state == "held", ~a.canary)
            .group_by(a.category)
        )
        return {category: _Queue(*counts) for category, *counts in (await work.conn.execute(query)).all()}


async def _stored_alone(parts: Parts) -> frozenset[str]:
    """Categories that somebody graduated, whether their evidence still carries them or not."""
    s = _STANDING.c
    async with parts.store.begin() as work:
        query = select(s.category).where(s.standing.in_(tuple(RUNGS)))
        return frozenset((await work.conn.execute(query)).scalars())


async def _reviewed_blindly(parts: Parts) -> frozenset[str]:
    """Categories reviewed by somebody whose reviews were set aside: for them the evidence is silent about canaries."""
    async with parts.store.begin() as work:
        answers = await canary_answers(work)
    blind = {by for by, one in sensitivities(answers).items() if one.found_out}
    return frozenset(answer.category for answer in answers if answer.by in blind)


def by_rung(spots: Sequence[Spot]) -> Sequence[tuple[Standing, Sequence[Spot]]]:
    """The rungs from the freest down, each with its categories; an empty one shows where the ladder goes on."""
    found = [(rung, [s for s in spots if s.place.standing == rung]) for rung in reversed(STRICTEST_FIRST)]
    return [(rung, here) for rung, here in found if here or rung not in ("off", "suspended")]
