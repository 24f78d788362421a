"""Where each category stands: read for every decision, moved only by people in ops."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from approvals.parts import Parts, Reviewer
from core.errors import Forbidden, Invalid, NotFound
from core.ids import new_id
from core.standing import STRICTEST_FIRST, Standing, Tier
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.standing import StandingChangeRow, StandingRow
from store.work import Work

_STANDING = table(StandingRow)
_ACTION = table(ActionRow)
_REVIEW = table(ReviewRow)
START: Standing = "observation"


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


async def standing_of(work: Work, category: str, tier: Tier) -> Standing:
    """The standing in force; a category nobody moved is in observation, and tier 2 never rises above it."""
    found = await work.value(select(_STANDING.c.standing).where(_STANDING.c.category == category))
    standing = START if found is None else found
    if standing not in STRICTEST_FIRST:
        return "suspended"  # a word we do not know, perhaps of a newer version: never run on it
    return capped(cast(Standing, standing), tier)


def capped(standing: Standing, tier: Tier) -> Standing:
    """What a tier lets a standing be: 3 belongs to people, 2 is always held."""
    if tier == 1 or STRICTEST_FIRST.index(standing) <= STRICTEST_FIRST.index(START):
        return standing
    return START


async def standings(parts: Parts) -> list[Place]:
    """Every category of the catalog, by title."""
    async with parts.store.begin() as work:
        rows = {r.category: r for r in await work.rows(StandingRow, select(_STANDING))}
        waiting = await _counts(work, _ACTION.c.state == "held")
        reviewed = await _reviewed(work)
        places = []
        for policy in parts.catalog.categories.values():
            standing = await standing_of(work, policy.category, policy.tier)
            row = rows.get(policy.category)
            reviews, errors = reviewed.get(policy.category, (0, 0))
            places.append(
                Place(
                    category=policy.category,
                    title=policy.title,
                    tier=policy.tier,
                    standing=standing,
                    since=row.since if row else None,
                    reviews=reviews,
                    errors=errors,
                    waiting=waiting.get(policy.category, 0),
                )
            )
        return sorted(places, key=lambda p: p.title)


async def demote(
    category: str, *, to: Standing = "observation", by: Reviewer, reason: str, parts: Parts
) -> Standing:
    """Moves a category down at once, queued items included; raises Forbidden, Invalid or NotFound."""
    if not by.roles & {"ops", "admin"}:
        raise Forbidden("Only ops may move a category.")
    policy = parts.catalog.get(category)
    if policy is None:
        raise NotFound(f"There is no category {category!r}.")
    if not reason.strip():
        raise Invalid("Say why: the reason is kept in the log.")
    async with parts.store.begin() as work:
        await work.lock(f"standing:{category}")
        before = await standing_of(work, category, policy.tier)
        if STRICTEST_FIRST.index(to) > STRICTEST_FIRST.index(before):
            raise Invalid(f"{to} is freer than {before}: autonomy is earned, not set.")
        await _set(work, category, before=before, after=to, by=by.id, reason=reason)
    return to


async def _set(work: Work, category: str, *, before: str, after: str, by: str, reason: str) -> None:
    values = {"category": category, "standing": after, "since": work.now}
    await work.run(
        insert(_STANDING)
        .values(**values)
        .on_conflict_do_update(index_elements=["category"], set_={"standing": after, "since": work.now})
    )
    await work.add(
        StandingChangeRow(
            id=new_id("chg"), category=category, before=before, after=after, by=by, reason=reason, at=work.now
        )
    )
    work.audit("standing.moved", category=category, before=before, after=after, by=by)


async def _counts(work: Work, where: object) -> dict[str, int]:
    query = select(_ACTION.c.category, func.count()).where(where).group_by(_ACTION.c.category)  # type: ignore[arg-type]
    return {category: n for category, n in (await work.conn.execute(query)).all()}


async def _reviewed(work: Work) -> dict[str, tuple[int, int]]:
    wrong = func.count().filter(_REVIEW.c.decision.in_(("reject", "edit")))
    query = (
        select(_ACTION.c.category, func.count(), wrong)
        .join(_REVIEW, _REVIEW.c.action_id == _ACTION.c.id)
        .where(_REVIEW.c.decision.in_(("approve", "edit", "reject")))
        .group_by(_ACTION.c.category)
    )
    return {category: (n, bad) for category, n, bad in (await work.conn.execute(query)).all()}
