"""What runs without a review: only under a standing that is signed, earned and of this very agent, on facts of this moment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from approvals.execute import permit_for
from core.actions import Executed, Held
from core.errors import Conflict
from core.facts import FactSet
from evals.adversary.paths import REFUND, Walk
from evals.adversary.play import Play
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.standing import StandingChangeRow, StandingRow
from tools.billing.refund import RefundArgs, RefundCharge
from tools.kit import Scope

_ACTION, _REVIEW = table(ActionRow), table(ReviewRow)
_CHANGE, _STANDING = table(StandingChangeRow), table(StandingRow)
CATEGORY = REFUND.category
_LOOSE = text("set local session_replication_role = replica")


@pytest.fixture
async def earned(play: Play) -> Play:
    """A ground where refunds have earned their first rung, and nothing was asked of it yet."""
    await play.stand(CATEGORY, "autonomous_20")
    play.ground.parts.proofs.forget()
    return play


async def _alone(play: Play) -> Any:
    walk = await Walk.begin(play, REFUND)
    await walk.propose()
    return await walk.confirm()


async def _change(play: Play, statement: Any) -> None:
    async with play.ground.store.begin() as work:
        assert await work.run(statement) >= 1


async def test_what_was_earned_runs_alone(earned: Play) -> None:
    assert isinstance(await _alone(earned), Executed)


async def test_a_standing_that_somebody_wrote_runs_nothing(play: Play) -> None:
    written = StandingRow(category=CATEGORY, standing="autonomous_2", since=play.ground.clock.now())
    async with play.ground.store.begin() as work:
        await work.add(written)
    assert isinstance(await _alone(play), Held)
    assert play.ground.world.ledger == []


async def test_a_rung_above_the_one_that_was_signed_runs_nothing(earned: Play) -> None:
    await _change(earned, update(_STANDING).values(standing="autonomous_2"))
    assert isinstance(await _alone(earned), Held)


async def test_a_signed_change_to_another_rung_carries_nothing(play: Play) -> None:
    """The reviews would carry the upper rung, but what somebody signed is the lower one."""
    await play.stand(CATEGORY, "autonomous_2")
    play.ground.parts.proofs.forget()
    lower = select(_CHANGE.c.id).where(_CHANGE.c.after == "autonomous_20").limit(1).scalar_subquery()
    await _change(play, update(_STANDING).values(change_id=lower))
    assert isinstance(await _alone(play), Held)


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"signature": None}, id="unsigned"),
        pytest.param({"signature": "0" * 64}, id="signed-by-nobody"),
        pytest.param({"by": "usr_somebody_else"}, id="by-somebody-else"),
        pytest.param({"reason": "another"}, id="for-another-reason"),
    ],
)
async def test_a_change_that_is_not_as_it_was_signed_carries_nothing(
    earned: Play, forged: dict[str, Any]
) -> None:
    await _change(earned, update(_CHANGE).where(_CHANGE.c.after == "autonomous_20").values(**forged))
    assert isinstance(await _alone(earned), Held)


async def test_reviews_that_were_taken_back_carry_nothing(earned: Play) -> None:
    wrong = update(_REVIEW).values(decision="reject", reason_code="wrong_amount")
    await _change(earned, wrong)
    assert isinstance(await _alone(earned), Held)


async def test_another_agent_has_not_earned_what_this_one_did(earned: Play) -> None:
    earned.ground.parts = replace(earned.ground.parts, model="another-model")
    assert isinstance(await _alone(earned), Held)


async def test_a_canary_gets_no_permit_and_no_real_action_becomes_one(play: Play) -> None:
    walk = await (await Walk.begin(play, REFUND)).to_approved()
    row = await play.row(walk.action_id)
    assert permit_for(row.model_copy(update={"state": "executing"})).action_id == row.id
    with pytest.raises(Conflict):
        permit_for(row.model_copy(update={"state": "executing", "canary": True}))
    # Nor does the database let one be approved, with or without the trigger that keeps a canary one.
    for loosely in (False, True):
        with pytest.raises(DBAPIError):
            async with play.ground.store.begin() as work:
                await work.conn.execute(_LOOSE if loosely else text("select 1"))
                await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(canary=True))


class Old(RefundCharge):
    """A refund whose facts were read a while ago (or, from a clock that jumped, are yet to be read)."""

    def __init__(self, age: timedelta) -> None:
        self._age = age

    async def facts(self, args: RefundArgs, scope: Scope) -> FactSet:
        read = await super().facts(args, scope)
        return FactSet({n: replace(f, read_at=f.read_at - self._age) for n, f in read.facts.items()})


@pytest.mark.parametrize(
    ("seconds", "runs"),
    [
        pytest.param(300, True, id="five-minutes"),
        pytest.param(301, False, id="a-second-more"),
        pytest.param(-301, False, id="from-the-future"),
    ],
)
async def test_facts_are_of_this_moment(earned: Play, seconds: int, *, runs: bool) -> None:
    parts = earned.ground.parts
    old = {**parts.tools, "refund_charge": Old(timedelta(seconds=seconds))}
    earned.ground.parts = replace(parts, tools=old)
    assert isinstance(await _alone(earned), Executed if runs else Held)
