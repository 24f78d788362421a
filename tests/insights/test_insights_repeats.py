"""Who comes back about the same issue is found when the later conversation ends, and marks the earlier ending."""

from datetime import timedelta

import pytest
from history import DAY, History
from sqlalchemy import select

from agent.closing import close, reopen
from core.clock import StillClock
from core.ids import new_id
from store.columns import table
from store.jobs import Jobs
from store.tables.conversation import ClosureRow, ConversationRow
from store.work import Store

_CLOSURE = table(ClosureRow)
_CONVERSATION = table(ConversationRow)


async def end(store: Store, jobs: Jobs, conversation: str) -> None:
    async with store.begin() as work:
        row = await work.row(ConversationRow, select(_CONVERSATION).where(_CONVERSATION.c.id == conversation))
        assert row is not None
        await close(work, jobs, row, "agent")


async def endings(store: Store, conversation: str) -> list[ClosureRow]:
    async with store.begin() as work:
        mine = select(_CLOSURE).where(_CLOSURE.c.conversation_id == conversation)
        return await work.rows(ClosureRow, mine.order_by(_CLOSURE.c.at))


@pytest.mark.parametrize(
    ("days", "category", "found"),
    [
        pytest.param(7, "refund_request", True, id="on-the-seventh-day"),
        pytest.param(7.01, "refund_request", False, id="later"),
        pytest.param(1, "order_status", False, id="about-something-else"),
    ],
)
async def test_a_new_conversation_about_the_same_takes_the_ending_back(
    store: Store, jobs: Jobs, clock: StillClock, days: float, category: str, found: bool
) -> None:
    async with store.begin() as work:
        history = History(work)
        customer = await history.customer()
        first = await history.talk(clock.now(), "refund_request", customer=customer)
    await end(store, jobs, first)
    clock.move(timedelta(days=days))
    async with store.begin() as work:
        second = await History(work).talk(clock.now(), category, customer=customer)
    assert (await endings(store, first))[0].repeated_at is None  # not known before it has ended
    opened = clock.now()
    clock.move(timedelta(minutes=5))
    await end(store, jobs, second)
    ending = (await endings(store, first))[0]
    assert (ending.repeated_at, ending.repeated_by) == ((opened, second) if found else (None, None))


async def test_somebody_else_with_the_same_wish_takes_nothing_back(
    store: Store, jobs: Jobs, clock: StillClock
) -> None:
    async with store.begin() as work:
        history = History(work)
        talks = [await history.talk(clock.now(), "refund_request") for _ in range(2)]
    for talk in talks:
        await end(store, jobs, talk)
    assert (await endings(store, talks[0]))[0].repeated_at is None


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        pytest.param(["ch_1"], ["ch_1"], True, id="same-payment"),
        pytest.param(["ch_1"], ["ch_2"], False, id="another-payment"),
        pytest.param([], ["ch_2"], True, id="nobody-knows-which"),
        pytest.param(["ch_1"], None, True, id="touched-nothing-the-second-time"),
    ],
)
async def test_another_object_is_another_issue(
    store: Store, jobs: Jobs, clock: StillClock, first: list[str], second: list[str] | None, found: bool
) -> None:
    async with store.begin() as work:
        history = History(work)
        customer = await history.customer()
        before = await history.talk(clock.now(), "refund_request", customer=customer)
        await history.propose(before, customer, clock.now(), targets=first)
    await end(store, jobs, before)
    clock.move(DAY)
    async with store.begin() as work:
        history = History(work)
        after = await history.talk(clock.now(), "refund_request", customer=customer)
        if second is not None:
            await history.propose(after, customer, clock.now(), targets=second)
    await end(store, jobs, after)
    assert ((await endings(store, before))[0].repeated_by == after) is found


async def test_two_wishes_that_nobody_understood_are_not_the_same(
    store: Store, jobs: Jobs, clock: StillClock
) -> None:
    async with store.begin() as work:
        history = History(work)
        customer = await history.customer()
        talks = [await history.talk(clock.now(), "other", customer=customer) for _ in range(2)]
    for talk in talks:
        await end(store, jobs, talk)
    assert (await endings(store, talks[0]))[0].repeated_at is None


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        pytest.param(None, True, id="this-came-back"),
        pytest.param("how_to", True, id="the-same-wish"),
        pytest.param("order_status", False, id="another-wish"),
        pytest.param("other", True, id="not-understood"),
    ],
)
async def test_a_reopened_thread_is_the_same_issue_unless_it_says_otherwise(
    store: Store, jobs: Jobs, clock: StillClock, wish: str | None, found: bool
) -> None:
    async with store.begin() as work:
        customer = await History(work).customer()
        talk = await History(work).talk(clock.now(), "how_to", customer=customer)
    await end(store, jobs, talk)
    clock.move(DAY)
    async with store.begin() as work:
        await reopen(work, talk)
        if wish is not None:
            await History(work).propose(talk, customer, clock.now(), wish, targets=[new_id("ch")])
    await end(store, jobs, talk)
    first, second = await endings(store, talk)
    assert (first.repeated_at is not None) is found
    assert second.began_at == first.reopened_at
