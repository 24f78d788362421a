"""An approver's own numbers: how fast, how often what, and how often colleagues decide the same kind alike."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from approvals.parts import Parts

DAYS = 30
# Fewer decisions of colleagues on the same kind say nothing about agreement.
ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """One category: my decisions, my median look in seconds, and that of everybody else."""

    category: str
    decided: int
    approved_pct: int
    median_seconds: int
    others_approved_pct: int | None
    others_median_seconds: int | None


@dataclass(frozen=True, slots=True)
class Own:
    """The last 30 days of one colleague; `agreement_pct` is None where too few colleagues decided the same kind."""

    decided: int
    approved: int
    edited: int
    rejected: int
    undone: int
    median_seconds: int | None
    compared: int
    agreement_pct: int | None
    kinds: tuple[Kind, ...]


# The same kind: one category, one tool, and the rules allowed it or left it to a person. A colleague's usual
# decision is the most common one there; agreement is how often mine was that one.
_AGREEMENT = text(
    """
    with decided as (
        select r.reviewer_id = :me as mine, r.decision, a.category, a.tool, a.allowed_by_rules
        from review r join action a on a.id = r.action_id
        where r.at > :since and r.undone_at is null and r.decision in ('approve', 'edit', 'reject')
    ), usual as (
        select category, tool, allowed_by_rules, mode() within group (order by decision) as decision
        from decided where not mine group by 1, 2, 3 having count(*) >= :enough
    )
    select count(*), count(*) filter (where d.decision = u.decision)
    from decided d join usual u using (category, tool, allowed_by_rules) where d.mine
    """
)
_COUNTS = text(
    """
    select count(*) filter (where undone_at is null and decision in ('approve', 'edit', 'reject')),
           count(*) filter (where undone_at is null and decision = 'approve'),
           count(*) filter (where undone_at is null and decision = 'edit'),
           count(*) filter (where undone_at is null and decision = 'reject'),
           count(*) filter (where undone_at is not null),
           percentile_cont(0.5) within group (order by seconds_open)
    from review where reviewer_id = :me and at > :since
    """
)
_KINDS = text(
    """
    select a.category,
           count(*) filter (where r.reviewer_id = :me),
           avg((r.decision = 'approve')::int) filter (where r.reviewer_id = :me),
           percentile_cont(0.5) within group (order by r.seconds_open) filter (where r.reviewer_id = :me),
           count(*) filter (where r.reviewer_id <> :me),
           avg((r.decision = 'approve')::int) filter (where r.reviewer_id <> :me),
           percentile_cont(0.5) within group (order by r.seconds_open) filter (where r.reviewer_id <> :me)
    from review r join action a on a.id = r.action_id
    where r.at > :since and r.undone_at is null and r.decision in ('approve', 'edit', 'reject')
    group by a.category having count(*) filter (where r.reviewer_id = :me) > 0
    order by 2 desc, 1
    """
)


async def own_numbers(reviewer_id: str, parts: Parts) -> Own:
    """What one colleague decided in the last 30 days."""
    async with parts.store.begin() as work:
        about = {"me": reviewer_id, "since": work.now - timedelta(days=DAYS)}
        decided, approved, edited, rejected, undone, median = (await work.conn.execute(_COUNTS, about)).one()
        compared, alike = (await work.conn.execute(_AGREEMENT, {**about, "enough": ENOUGH})).one()
        kinds = (await work.conn.execute(_KINDS, about)).all()
    return Own(
        decided=decided,
        approved=approved,
        edited=edited,
        rejected=rejected,
        undone=undone,
        median_seconds=None if median is None else round(median),
        compared=compared,
        agreement_pct=round(100 * alike / compared) if compared else None,
        kinds=tuple(_kind(row) for row in kinds),
    )


def _kind(row: Any) -> Kind:
    category, mine, my_share, my_median, others, others_share, others_median = row
    is_enough = others >= ENOUGH
    return Kind(
        category=category,
        decided=mine,
        approved_pct=round(100 * my_share),
        median_seconds=round(my_median or 0),
        others_approved_pct=round(100 * others_share) if is_enough else None,
        others_median_seconds=round(others_median or 0) if is_enough else None,
    )
