"""An invented past for a category, as raw rows: what it takes to stand on a rung in tests and evals, and nothing less."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, text, update

from approvals.ladder.bars import RUNGS, Canaries, alpha_of, weigh
from approvals.ladder.versions import agent_version, begin_version
from approvals.parts import Parts, Reviewer
from approvals.standing import graduate, standing_row
from core.ids import Category, new_id
from core.standing import Standing
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.standing import StandingRow, StandingVersionRow
from store.work import Work

_STANDING, _VERSION = table(StandingRow), table(StandingVersionRow)
CANARIES = 60
DAYS = 30
REVIEWER = "usr_of_the_past"


async def earn(
    parts: Parts, category: str, standing: Standing, *, spare: int = 0
) -> Mapping[Standing, StandingRow]:
    """Raises a category to a rung the way it is done: clean reviews, answered canaries, signed graduations.

    Each rung's row on the way comes back, so that a category can be put there again.
    """
    policy = parts.catalog.categories[Category(category)]
    async with parts.store.begin() as work:
        await work.run(delete(_STANDING).where(_STANDING.c.category == category))
        used = await agent_version(work, policy, parts)
        version = await begin_version(work, category, used, why="an invented past")
        await _past(work, policy, used, _tickets(policy, standing, version.v) + spare)
    ops = Reviewer("usr_ops_of_the_past", "Ops", frozenset({"ops"}), parts.clock.now())
    rungs: dict[Standing, StandingRow] = {}
    while standing not in rungs:
        reached = await graduate(category, by=ops, reason="an invented past", parts=parts)
        async with parts.store.begin() as work:
            row = await standing_row(work, category)
        if row is None:
            raise RuntimeError(f"{category} was raised and stands nowhere")
        rungs[reached] = row
    return rungs


def _tickets(policy: CategoryPolicy, standing: Standing, v: int) -> int:
    times = RUNGS[standing]
    clean = weigh(0, 0, policy.autonomy.threshold, alpha=alpha_of(v), canaries=Canaries(CANARIES, 0))
    return max(100, clean.clean_needed(times) or 0)


async def _past(work: Work, policy: CategoryPolicy, used: str, tickets: int) -> None:
    """So many tickets with one approved action each, and canaries that were all noticed."""
    began = work.now - timedelta(days=DAYS)
    # A version begins with its first proposal, and this one was proposed long ago.
    mine = (_VERSION.c.category == policy.category) & (_VERSION.c.agent_version == used)
    await work.run(update(_VERSION).where(mine).values(began_at=began))
    told = {
        "tag": new_id("past"),
        "began": began,
        "category": policy.category,
        "tool": min(policy.writes),
        "used": used,
        "by": REVIEWER,
        "tickets": tickets,
        "all": tickets + CANARIES,
    }
    for statement in _ROWS:
        await work.run(statement, told)


# In SQL, because a thousand tickets are made before many a test.
_ROWS = tuple(
    text(statement)
    for statement in (
        """insert into customer (id, name, email, language, links, created_at)
        values (:tag, '', '', 'en', '{}', :began)""",
        """insert into conversation (id, customer_id, channel, page, state, language, opened_at, last_at, closed_at,
            reopened, next_event, fence, steps, tokens, cost_micro_usd)
        select :tag || '_con' || i, :tag, 'past', '', 'closed', 'en', :began, :began, :began, 0, 1, 0, 0, 0, 0
        from generate_series(1, :all) i""",
        """insert into request (id, conversation_id, message_id, category, confidence, state, slots, opened_at)
        select :tag || '_req' || i, :tag || '_con' || i, 'msg_none', :category, 1, 'done', '{}', :began
        from generate_series(1, :all) i""",
        """insert into action (id, conversation_id, request_id, customer_id, category, tool, tool_version, version,
            args, targets, digest, state, state_at, facts, verdict, preview, because, risk, allowed_by_rules,
            standing, review_after, agent_version, canary, created_at, due_at, expires_at)
        select :tag || '_act' || i, :tag || '_con' || i, :tag || '_req' || i, :tag, :category, :tool, 1, 1,
            '{}', '[]', :tag || i, case when i > :tickets then 'rejected' else 'withdrawn' end, :began,
            '{}', '{}', '{"title": "An invented past"}', '[]', 'low', true,
            'observation', false, :used, i > :tickets, at, at, at
        from generate_series(1, :all) i, lateral (select :began + make_interval(secs => i) as at) t""",
        """insert into review (id, action_id, digest, reviewer_id, decision, note, shown_rules, seconds_open, used_at, at)
        select :tag || '_rev' || i, :tag || '_act' || i, :tag || i, :by, 'approve', '', '[]', 30, :began, :began
        from generate_series(1, :tickets) i""",
        """insert into canary (action_id, made_from, broke, what, at, answered_by, missed, answered_at)
        select :tag || '_act' || i, :tag || '_act1', 'amount', 'an invented past', :began, :by, false, :began
        from generate_series(:tickets + 1, :all) i""",
    )
)
