"""Calls to a vendor that go wrong in every way, told by the number of the fault (docs/faults.md)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from approvals.again import see_again
from approvals.attempts import MOST_WAIT
from approvals.execute import LONGEST_CALL, TOO_LATE, perform, permit_for
from approvals.settle import SILENT
from core.actions import Executed, Failed, Unsure
from core.clock import StillClock
from core.errors import VendorBusy, VendorDown, VendorRefused, VendorUnsure
from store.work import Store
from tests.faults.shop import Shop, arriving_after, raising, shop

LOST = VendorUnsure("stripe", "no answer")
REFUSED = VendorRefused("stripe", "already refunded")


@pytest.fixture
async def at(store: Store, clock: StillClock) -> AsyncIterator[Shop]:
    async with shop(store, clock) as made:
        yield made


async def test_F3_a_repeat_refused_because_the_first_call_did_happen_is_done(at: Shop) -> None:
    at.calls.ways = [raising(LOST), raising(REFUSED)]
    at.calls.looks = [arriving_after(at.calls)]
    action_id, told = await at.run("late")
    assert isinstance(told, Unsure)
    assert isinstance(await at.settle(action_id), Executed)
    assert (at.effects(), at.calls.sent) == (1, 2)


async def test_F3_a_repeat_refused_with_nothing_to_be_found_has_failed(at: Shop) -> None:
    at.calls.ways = [raising(LOST), raising(REFUSED)]
    action_id, _ = await at.run("never")
    assert isinstance(await at.settle(action_id), Failed)
    assert at.effects() == 0


async def test_F3_a_repeat_refused_while_nobody_can_look_stays_unsure(at: Shop) -> None:
    at.calls.ways = [raising(LOST), raising(REFUSED)]
    at.calls.looks = [arriving_after(at.calls), raising(LOST)]
    action_id, _ = await at.run("blind")
    assert isinstance(await at.settle(action_id), Unsure)
    assert isinstance(await at.settle(action_id), Executed)
    assert at.effects() == 1


@pytest.mark.parametrize("turned_away", [VendorBusy("stripe", "429"), VendorDown("stripe", "refused")])
async def test_F6_a_repeat_that_was_turned_away_does_not_unsay_that_the_first_may_have_arrived(
    at: Shop, turned_away: Exception
) -> None:
    at.calls.ways = [raising(LOST), raising(turned_away)]
    action_id, _ = await at.run("sticky")
    assert isinstance(await at.settle(action_id), Unsure)
    at.gate.clock.move(timedelta(hours=23))
    assert (await at.settle(action_id)).kind == "handed_over"
    assert (at.effects(), at.calls.sent) == (0, 2)


async def test_F7_a_call_that_was_only_ever_turned_away_may_be_sent_after_a_day(at: Shop) -> None:
    at.calls.ways = [raising(VendorBusy("stripe", "429"))]
    action_id, _ = await at.run("patient")
    at.gate.clock.move(timedelta(hours=25))
    assert isinstance(await at.settle(action_id), Executed)
    assert at.effects() == 1


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        pytest.param(None, 2, 3, id="nothing-said"),
        pytest.param(120.0, 120, 150, id="two-minutes"),
        pytest.param(999_999.0, 6 * 3600, 6 * 3600, id="bounded"),
    ],
)
async def test_F7_retry_after_is_obeyed_with_jitter_and_bounded(
    at: Shop, told: float | None, least: int, most: int
) -> None:
    at.calls.ways = [raising(VendorBusy("stripe", "429", retry_after=told))]
    action_id, _ = await at.run("later")
    attempt = await at.attempt(action_id)
    assert attempt.next_at is not None
    wait = (attempt.next_at - at.gate.clock.now()).total_seconds()
    assert least <= wait <= most
    assert timedelta(hours=6) == MOST_WAIT


async def test_F7_the_sweep_comes_no_earlier_than_the_vendor_said(at: Shop) -> None:
    at.calls.ways = [raising(VendorBusy("stripe", "429", retry_after=600))]
    action_id, _ = await at.run("asked")
    await at.sweep(timedelta(seconds=600))
    assert at.calls.sent == 1
    await at.sweep(timedelta(seconds=200))
    assert (at.calls.sent, (await at.row(action_id)).state) == (2, "executed")
    assert (await at.attempt(action_id)).key == f"remit-{action_id}"


@pytest.mark.parametrize(
    ("ago", "sends"),
    [
        pytest.param(TOO_LATE, True, id="in-time"),
        pytest.param(TOO_LATE + timedelta(seconds=1), False, id="too-late"),
        pytest.param(timedelta(seconds=-1), False, id="clock-stepped-back"),
    ],
)
async def test_F11_a_worker_that_wakes_too_late_calls_nobody(
    at: Shop, ago: timedelta, *, sends: bool
) -> None:
    at.calls.ways = [raising(VendorBusy("stripe", "429"))]
    action_id, _ = await at.run("asleep")
    parts = at.gate.parts
    seen, row = await see_again(action_id, parts), await at.row(action_id)
    decided_at = at.gate.clock.now() - ago
    await perform(seen, permit_for(row), parts, fence=1, decided_at=decided_at, tell=False)
    assert at.calls.sent == 1 + sends
    assert (await at.row(action_id)).state == ("executed" if sends else "unsure")


def test_F11_a_call_ends_before_another_worker_takes_over() -> None:
    assert TOO_LATE + LONGEST_CALL < SILENT


async def test_F11_what_a_late_worker_was_told_is_on_record_and_decides_nothing(at: Shop) -> None:
    at.calls.ways = [raising(VendorBusy("stripe", "429"))]
    action_id, _ = await at.run("zombie")
    parts, now = at.gate.parts, at.gate.clock.now()
    seen, row = await see_again(action_id, parts), await at.row(action_id)
    async with parts.store.begin() as work:
        await work.run(text("update attempt set fence = 2"))
    told = await perform(seen, permit_for(row), parts, fence=1, decided_at=now, tell=False)
    assert isinstance(told, Unsure)
    assert await at.audited("action.came_late") == 1
    assert isinstance(await at.settle(action_id), Executed)
    assert at.effects() == 1


async def test_F8_a_key_known_with_other_parameters_ends_with_a_person(at: Shop) -> None:
    other = VendorUnsure("stripe", "the idempotency key was used with other parameters")
    at.calls.ways = [raising(other)] * 20
    action_id, told = await at.run("params")
    for _ in range(12):
        told = await at.settle(action_id)
    assert told.kind == "handed_over"
    assert (await at.attempt(action_id)).key == f"remit-{action_id}"
    assert at.effects() == 0


async def test_F33_a_row_that_breaks_our_code_keeps_nobody_waiting(at: Shop) -> None:
    poison, sound = await at.asked("poison"), await at.asked("sound")
    async with at.gate.parts.store.begin() as work:
        for asked, age in ((poison, 10), (sound, 5)):
            await work.run(
                text(
                    "insert into confirmation (action_id, digest, event, at) select id, digest, 'button', :at "
                    "from action where id = :id"
                ),
                {"id": asked.action_id, "at": at.gate.clock.now()},
            )
            await work.run(
                text("update action set state = 'approved', state_at = :at where id = :id"),
                {"id": asked.action_id, "at": at.gate.clock.now() - timedelta(minutes=age)},
            )
        await work.run(text("update action set targets = '3' where id = :id"), {"id": poison.action_id})
    await at.sweep()
    assert (await at.row(sound.action_id)).state == "executed"
    assert at.effects() == 1


async def test_F33_an_unsure_one_that_breaks_every_look_ends_with_a_person(at: Shop) -> None:
    at.calls.ways = [raising(LOST)]
    at.calls.looks = [raising(ValueError("not what we expected"))] * 40
    action_id, _ = await at.run("broken")
    for _ in range(14):
        await at.sweep(timedelta(minutes=15))
    assert (await at.row(action_id)).state == "needs_person"
    assert at.effects() == 0


async def test_F33_an_approved_one_that_never_gets_through_expires(at: Shop) -> None:
    asked = await at.asked("stuck")
    async with at.gate.parts.store.begin() as work:
        await work.run(text("update action set state = 'approved' where id = :id"), {"id": asked.action_id})
    assert (await at.sweep(timedelta(hours=24, seconds=1)))["expired"] == 1
    assert (await at.row(asked.action_id)).state == "expired"
    assert at.effects() == 0
