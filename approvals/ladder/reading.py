"""Reads a category's raw history from the rows of actions, reviews, canaries and what was found out later."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, select

from approvals.ladder.evidence import Terms
from approvals.ladder.history import CanaryAnswer, History, Proposal, Review, Version
from core.standing import AUTONOMOUS
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.action import ActionRow, ReviewRow, stands
from store.tables.conversation import ClosureRow, RequestRow
from store.tables.standing import CanaryRow, LateErrorRow, StandingVersionRow
from store.work import Work

_ACTION = table(ActionRow)
_REVIEW = table(ReviewRow)
_CANARY = table(CanaryRow)
_LATE = table(LateErrorRow)
_VERSION = table(StandingVersionRow)
_CLOSURE = table(ClosureRow)
_REQUEST = table(RequestRow)
COMES_BACK = timedelta(days=7)
_OPEN = ("proposed", "asked", "held")
_ON_ITS_WAY = ("approved", "executing", "unsure")
# Decided in favour, whatever became of it: only these can turn out wrong later.
_RAN = (*_ON_ITS_WAY, "executed", "needs_person", "failed")
_ASKS = (["confirm"], ["step_up"])


def terms_of(policy: CategoryPolicy) -> Terms:
    """What the ladder needs to know of a category."""
    asks = policy.autonomy
    return Terms(policy.category, policy.tier, asks.threshold, asks.ceiling, asks.min_days)


async def history_of(work: Work, category: str) -> History:
    """All of it, in proposal order."""
    reviews = await _reviews(work, category)
    late = await _late(work, category)
    a = _ACTION.c
    query = (
        select(
            a.id,
            a.conversation_id,
            a.created_at,
            a.agent_version,
            a.state,
            a.standing,
            a.review_after,
            a.because,
            a.amount,
        )
        # An edited action is its editor's; what it says about the agent stands with the one it replaced.
        .where(a.category == category, a.allowed_by_rules, ~a.canary, a.replaces.is_(None), ~_ran_unseen())
        .order_by(a.created_at, a.id)
    )
    found = (await work.conn.execute(query)).all()
    return History(
        category=category,
        proposals=tuple(_proposal(row, reviews.get(row.id, ()), late.get(row.id, ())) for row in found),
        canaries=await canary_answers(work),
        versions=await versions_of(work, category),
    )


def _ran_unseen() -> Any:
    """What ran alone and was not chosen for a look: most of an autonomous category, and no evidence."""
    a = _ACTION.c
    reviewed = select(_REVIEW.c.id).where(_REVIEW.c.action_id == a.id).correlate(_ACTION).exists()
    return and_(
        a.standing.in_(AUTONOMOUS),
        ~a.review_after,
        a.state.in_((*_ON_ITS_WAY, "executed")),
        ~reviewed,
    )


async def versions_of(work: Work, category: str) -> tuple[Version, ...]:
    """The category's versions from the first on."""
    query = select(_VERSION).where(_VERSION.c.category == category).order_by(_VERSION.c.v)
    rows = await work.rows(StandingVersionRow, query)
    return tuple(Version(r.v, r.agent_version, r.began_at, r.why) for r in rows)


async def canary_answers(work: Work) -> tuple[CanaryAnswer, ...]:
    """Every canary that was answered, oldest first."""
    query = (
        select(_CANARY.c.answered_by, _ACTION.c.category, _CANARY.c.missed, _CANARY.c.answered_at)
        .join(_ACTION, _ACTION.c.id == _CANARY.c.action_id)
        .where(_CANARY.c.answered_at.is_not(None))
        .order_by(_CANARY.c.answered_at)
    )
    return tuple(CanaryAnswer(*row) for row in (await work.conn.execute(query)).all())


def _proposal(row: Any, reviews: Sequence[Review], late: Sequence[str]) -> Proposal:
    chosen = bool(row.review_after)
    on_its_way = row.state in _ON_ITS_WAY or row.state == "executed"
    alone = row.standing in AUTONOMOUS and on_its_way and not reviews
    return Proposal(
        action_id=row.id,
        ticket=row.conversation_id,
        at=row.created_at,
        version=row.agent_version,
        waits=row.state in _OPEN or (on_its_way and not reviews and (chosen or not alone)),
        alone=alone and not chosen,
        audited=chosen and row.standing in AUTONOMOUS,
        reviews=tuple(reviews),
        late=tuple(late),
        # One that expired before the customer said yes never came before a colleague.
        unreviewed=row.state == "expired" and row.because not in _ASKS and not reviews,
        amount=row.amount,
    )


async def _reviews(work: Work, category: str) -> Mapping[str, Sequence[Review]]:
    r = _REVIEW.c
    query = (
        select(
            r.action_id,
            _ACTION.c.replaces,
            r.reviewer_id,
            r.decision,
            r.reason_code,
            r.material,
            r.seconds_open,
            r.at,
        )
        .join(_ACTION, _ACTION.c.id == r.action_id)
        .where(_ACTION.c.category == category, ~_ACTION.c.canary, stands(r))
        .order_by(r.at, r.id)
    )
    found: dict[str, list[Review]] = defaultdict(list)
    for action_id, replaces, *said in (await work.conn.execute(query)).all():
        review = Review(*said)
        # An edit is recorded with the action it made and is about the one it replaced.
        found[replaces if review.decision == "edit" and replaces else action_id].append(review)
    return found


async def _late(work: Work, category: str) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    noted = select(_LATE.c.action_id, _LATE.c.kind).where(_LATE.c.category == category).order_by(_LATE.c.at)
    for action_id, kind in (await work.conn.execute(noted)).all():
        found[action_id].append(kind)
    for why, query in (("reopened", _came_back(category)), ("asked again", _asked_again(category))):
        for action_id in (await work.conn.execute(query)).scalars():
            found[action_id].append(why)
    return found


def _came_back(category: str) -> Any:
    """Actions of tickets that were closed after them and reopened on the same issue within seven days."""
    a, c, q = _ACTION.c, _CLOSURE.c, _REQUEST.c
    within = and_(c.conversation_id == a.conversation_id, c.at >= a.created_at)
    same_issue = and_(
        q.conversation_id == a.conversation_id,
        q.category == a.category,
        q.opened_at >= c.reopened_at,
    )
    return (
        select(a.id)
        .join(_CLOSURE, within)
        .join(_REQUEST, same_issue)
        .where(a.category == category, ~a.canary, a.replaces.is_(None))
        .where(c.reopened_at.is_not(None), c.reopened_at - c.at <= COMES_BACK)
        .where(a.state.in_(_RAN))
        .distinct()
    )


def _asked_again(category: str) -> Any:
    """Actions of tickets after which the customer came back about the same within seven days, in any conversation."""
    a, c = _ACTION.c, _CLOSURE.c
    return (
        select(a.id)
        .join(_CLOSURE, and_(c.conversation_id == a.conversation_id, c.at >= a.created_at))
        .where(a.category == category, c.category == category, ~a.canary, a.replaces.is_(None))
        .where(c.repeated_at.is_not(None), c.repeated_at - c.at <= COMES_BACK, a.state.in_(_RAN))
        .distinct()
    )
