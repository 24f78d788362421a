"""Many hands at once, moved clocks and a database that takes nothing: one winner, one effect, or none."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from approvals.execute import execute
from approvals.parts import Reviewer
from approvals.queue import detail
from approvals.reviews import Decided, decide
from approvals.settle import expire
from core.actions import Asked, Held
from core.clock import StillClock
from core.errors import Conflict, Gone, Unavailable
from store.work import Store, engine_for
from tests.faults.shop import Shop, shop
from tests.gate.test_fail_closed import refund_args

LOSES = (Conflict, Gone)


@pytest.fixture
async def at(store: Store, clock: StillClock) -> AsyncIterator[Shop]:
    async with shop(store, clock) as made:
        yield made


async def _stands(at: Shop, standing: str) -> None:
    async with at.gate.parts.store.begin() as work:
        await work.run(text("update standing set standing = :s"), {"s": standing})


async def _held(at: Shop, key: str) -> str:
    asked = await at.asked(key)
    assert isinstance(await at.customers[-1].yes(asked), Held)
    return asked.action_id


async def test_F12_the_same_proposal_and_the_same_yes_five_times_at_once(at: Shop) -> None:
    first = await at.asked("double")
    customer = at.customers[-1]
    again = await asyncio.gather(
        *(customer.submit("refund_charge", **refund_args("double")) for _ in range(5))
    )
    assert {one.action_id for one in again if isinstance(one, Asked)} == {first.action_id}
    told = await asyncio.gather(*(customer.yes(first) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(one, Conflict) or not isinstance(one, Exception) for one in told), told
    assert at.effects() == 1


async def test_F13_of_approve_reject_and_expiry_at_once_one_wins(at: Shop) -> None:
    await _stands(at, "observation")
    rng = random.Random(13)
    for n in range(12):
        action_id = await _held(at, f"race{n}")
        ines = Reviewer("usr_ines", "Ines", frozenset({"approver"}), at.gate.clock.now())
        shown = await detail(action_id, ines, at.gate.parts)
        approve = Decided(action_id, shown.digest, "approve")
        reject = Decided(action_id, shown.digest, "reject", reason_code="other")
        hands = [approve, approve, reject, "expire"]
        rng.shuffle(hands)
        before = at.effects()
        told = await asyncio.gather(
            *(_hand(at, hand, action_id, ines) for hand in hands), return_exceptions=True
        )
        await execute(action_id, at.gate.parts)
        row = await at.row(action_id)
        won = [one for one in told if not isinstance(one, LOSES) and one is not None]
        assert len(won) <= 1, told
        assert row.state in ("executed", "rejected", "expired")
        assert at.effects() - before == (row.state == "executed")
        assert all(isinstance(one, LOSES) or not isinstance(one, Exception) for one in told), told


async def _hand(at: Shop, hand: Any, action_id: str, ines: Reviewer) -> Any:
    if hand != "expire":
        return await decide(hand, ines, at.gate.parts)
    async with at.gate.parts.store.begin() as work:
        late = text("update action set expires_at = :at where id = :id and state = 'held'")
        await work.run(late, {"at": at.gate.clock.now(), "id": action_id})
    return await expire(action_id, at.gate.parts)


async def test_F16_what_waits_for_a_colleague_waits_on_when_rules_are_loosened(at: Shop) -> None:
    await _stands(at, "observation")
    action_id = await _held(at, "before")
    await _stands(at, "autonomous_20")
    assert isinstance(await execute(action_id, at.gate.parts), Held)
    assert at.effects() == 0


@pytest.mark.parametrize(
    ("step", "runs"),
    [
        pytest.param(timedelta(minutes=10), True, id="ahead-10-min"),
        pytest.param(timedelta(minutes=-10), False, id="back-10-min"),
        pytest.param(timedelta(hours=-1), False, id="back-an-hour"),
    ],
)
async def test_F21_an_approval_from_the_future_is_none(at: Shop, step: timedelta, *, runs: bool) -> None:
    await _stands(at, "observation")
    action_id = await _held(at, "clock")
    ines = Reviewer("usr_ines", "Ines", frozenset({"approver"}), at.gate.clock.now())
    shown = await detail(action_id, ines, at.gate.parts)
    await decide(Decided(action_id, shown.digest, "approve"), ines, at.gate.parts)
    at.gate.clock.move(step)
    told = await execute(action_id, at.gate.parts)
    assert (told.kind == "executed") is runs, told
    assert at.effects() == runs


async def test_F22_a_database_that_takes_no_writes_means_no_call_and_nothing_lost(
    at: Shop, database: str, clock: StillClock
) -> None:
    asked = await at.asked("readonly")
    name = database.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(f'alter database "{name}" set default_transaction_read_only = on')
    closed = Store(clock=clock, engine=engine_for(database, size=2))
    try:
        with pytest.raises(Unavailable, match="read-only"):
            async with closed.begin() as work:
                await work.run(text("update action set state = 'approved'"))
    finally:
        await closed.close()
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("set default_transaction_read_only = off")
        conn.execute(f'alter database "{name}" reset default_transaction_read_only')
    assert (at.effects(), (await at.row(asked.action_id)).state) == (0, "asked")
    assert (await at.customers[-1].yes(asked)).kind == "executed"
