"""The numbers never flatter: each is counted from its rows, on both sides of every line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from history import DAY, MINUTE, History

from core.clock import StillClock
from insights.measures import ENOUGH, MEASURES, START, band_in_words, baseline_in_words, in_words
from insights.numbers import Board, board
from store.work import Store


@asynccontextmanager
async def past(store: Store) -> AsyncIterator[History]:
    async with store.begin() as work:
        yield History(work)


async def shown(store: Store, days: int = 30) -> Board:
    return await board(store, days=days)


async def test_nothing_happened_yet_gives_no_number(store: Store) -> None:
    found = await shown(store)
    assert found.first is None
    assert found.categories == []
    for key in MEASURES:
        number = found.number(key)
        assert (number.now.value, number.now.of, number.verdict) == (None, 0, "too_few")


@pytest.mark.parametrize(
    ("how", "more", "resolved"),
    [
        pytest.param("agent", {}, True, id="alone"),
        pytest.param("agent", {"touched_by": ["agent", "usr_ines"]}, False, id="a-person-touched-it"),
        pytest.param("assisted", {}, False, id="with-a-review"),
        pytest.param("person", {}, False, id="by-a-person"),
        pytest.param("abandoned", {}, False, id="silence-is-not-success"),
    ],
)
async def test_only_what_the_agent_ended_alone_is_resolved(
    store: Store, clock: StillClock, how: str, more: dict[str, list[str]], resolved: bool
) -> None:
    at = clock.now() - 10 * DAY
    async with past(store) as history:
        await history.end(await history.talk(at), at + MINUTE, how, **more)
    number = (await shown(store)).number("resolved_alone")
    assert (number.now.n, number.now.of) == (int(resolved), 1)


@pytest.mark.parametrize(
    ("after", "resolved"),
    [
        pytest.param(7 * DAY, False, id="on-the-seventh-day"),
        pytest.param(7 * DAY + timedelta(seconds=1), True, id="a-second-later"),
    ],
)
async def test_what_is_reopened_within_seven_days_was_not_resolved(
    store: Store, clock: StillClock, after: timedelta, resolved: bool
) -> None:
    at = clock.now() - 20 * DAY
    async with past(store) as history:
        await history.end(await history.talk(at), at, reopened_at=at + after)
    found = await shown(store)
    assert found.number("resolved_alone").now.n == int(resolved)
    assert found.number("reopened").now.n == int(not resolved)


@pytest.mark.parametrize(
    ("age", "may_turn"), [pytest.param(6, 1, id="young"), pytest.param(8, 0, id="settled")]
)
async def test_what_may_still_come_back_is_said(
    store: Store, clock: StillClock, age: int, may_turn: int
) -> None:
    at = clock.now() - age * DAY
    async with past(store) as history:
        await history.end(await history.talk(at), at)
    now = (await shown(store)).number("resolved_alone").now
    assert (now.value, now.may_turn) == (1.0, may_turn)
    assert now.at_least == (0.0 if may_turn else None)


async def test_coming_back_elsewhere_is_not_resolved_either(store: Store, clock: StillClock) -> None:
    at = clock.now() - 10 * DAY
    async with past(store) as history:
        await history.end(await history.talk(at), at, repeated_at=at + DAY, repeated_by="con_other")
    found = await shown(store)
    assert found.number("resolved_alone").now.n == 0
    assert found.number("repeated").now.n == 1
    assert found.number("reopened").now.n == 0


async def test_silence_stands_apart(store: Store, clock: StillClock) -> None:
    at = clock.now() - 10 * DAY
    async with past(store) as history:
        for how in ("agent", "abandoned", "abandoned", "person"):
            await history.end(await history.talk(at), at, how)
    found = await shown(store)
    assert found.number("deflected").now.value == 0.5
    assert found.number("resolved_alone").now.value == 0.25


async def test_times_of_agent_and_people_are_kept_apart(store: Store, clock: StillClock) -> None:
    at = clock.now() - 3 * DAY
    async with past(store) as history:
        alone = await history.talk(at)
        await history.end(alone, at + 2 * MINUTE, began_at=at)
        given = await history.talk(at)
        await history.hand_over(given, at + MINUTE, needed=True)
        await history.say(given, "person", at + 11 * MINUTE)
        await history.end(given, at + 60 * MINUTE, "person", began_at=at)
    found = await shown(store)
    seconds = {key: found.number(key).now.value for key in MEASURES if MEASURES[key].unit == "seconds"}
    assert seconds == {
        "first_response_agent": 4,
        "first_response_person": 600,
        "resolution_agent": 120,
        "resolution_person": 3600,
        "colleague_time": 0,
    }
    assert found.number("escalated").now.value == 0.5


async def test_handovers_that_nobody_judged_yet_are_not_in_the_accuracy(
    store: Store, clock: StillClock
) -> None:
    at = clock.now() - DAY
    async with past(store) as history:
        for needed in (True, True, False, None):
            await history.hand_over(await history.talk(at), at, needed)
    now = (await shown(store)).number("escalation_right").now
    assert (now.n, now.of) == (2, 3)


async def test_satisfaction_is_kept_apart_by_who_ended_it(store: Store, clock: StillClock) -> None:
    at = clock.now() - DAY
    async with past(store) as history:
        for how, csat in (("agent", 5), ("agent", 3), ("agent", None), ("assisted", 4), ("person", 1)):
            await history.end(await history.talk(at), at, how, csat=csat)
    found = await shown(store)
    read = {key: found.number(f"csat_{key}").now for key in ("agent", "assisted", "person")}
    assert {key: (one.n, one.of) for key, one in read.items()} == {
        "agent": (1, 2),
        "assisted": (1, 1),
        "person": (0, 1),
    }
    assert found.number("csat_agent").baseline == read["person"]


async def test_only_the_first_decision_on_a_proposal_counts(store: Store, clock: StillClock) -> None:
    at = clock.now() - DAY
    async with past(store) as history:
        customer = await history.customer()
        talk = await history.talk(at, "refund_request", customer=customer)
        for decision in ("approve", "approve", "edit", "reject", "take_over"):
            action = await history.propose(talk, customer, at)
            await history.review(action, at, decision)
            canary = await history.propose(talk, customer, at, canary=True, state="rejected")
            await history.review(canary, at, "reject")
            if decision == "edit":
                await history.review(action, at + MINUTE, "approve")
    now = (await shown(store)).number("unmodified").now
    assert (now.n, now.of) == (2, 5)


async def test_a_page_left_open_is_not_work(store: Store, clock: StillClock) -> None:
    at = clock.now() - DAY
    async with past(store) as history:
        customer = await history.customer()
        talk = await history.talk(at, "refund_request", customer=customer)
        for seconds in (60.0, 86_400.0, None):
            await history.review(await history.propose(talk, customer, at), at, seconds_open=seconds)
        await history.end(talk, at, "assisted", category="refund_request")
    assert (await shown(store)).number("colleague_time").now.value == 60 + 1800


async def test_successes_pay_for_failures(store: Store, clock: StillClock) -> None:
    at = clock.now() - DAY
    async with past(store) as history:
        await history.end(await history.talk(at, cost_micro_usd=200_000), at)
        await history.end(await history.talk(at, cost_micro_usd=400_000), at, "abandoned")
    assert (await shown(store)).number("cost_model").now.value == pytest.approx(0.6)


async def test_a_conversation_counts_where_its_first_understood_wish_belongs(
    store: Store, clock: StillClock
) -> None:
    at = clock.now() - DAY
    async with past(store) as history:
        customer = await history.customer()
        talk = await history.talk(at, "other", customer=customer)
        await history.propose(talk, customer, at + MINUTE, "refund_request")
        await history.propose(talk, customer, at + 2 * MINUTE, "order_status")
        await history.talk(at, "other")
    found = await shown(store)
    opened = {one: found.of("now", one).opened for one in (*found.categories, None)}
    assert opened == {"refund_request": 1, "other": 1, None: 2}


@pytest.mark.parametrize(
    ("days_ago", "inside"), [pytest.param(29.99, True, id="inside"), pytest.param(30.01, False, id="before")]
)
async def test_the_stretch_has_an_edge(
    store: Store, clock: StillClock, days_ago: float, inside: bool
) -> None:
    at = clock.now() - timedelta(days=days_ago)
    async with past(store) as history:
        await history.end(await history.talk(at), at)
    assert (await shown(store)).number("resolved_alone").now.of == int(inside)


async def test_trend_and_baseline_come_from_their_own_months(store: Store, clock: StillClock) -> None:
    def ago(days: int) -> datetime:
        return clock.now() - days * DAY

    async with past(store) as history:
        for days, hows in {100: "pp", 80: "ap", 50: "aap", 10: "aaap"}.items():
            for how in hows:
                end = {"a": "agent", "p": "person"}[how]
                await history.end(await history.talk(ago(days)), ago(days), end)
    number = (await shown(store)).number("resolved_alone")
    assert [round(one.value or 0, 3) for one in number.trend] == [0.75, 0.667, 0.5]
    assert number.baseline is not None
    assert (number.baseline.n, number.baseline.of) == (1, 4)  # days 100 and 80 are the first thirty


@pytest.mark.parametrize(
    ("age", "known"), [pytest.param(30, True, id="a-month"), pytest.param(29, False, id="not-yet")]
)
async def test_there_is_no_baseline_before_the_first_month_is_over(
    store: Store, clock: StillClock, age: int, known: bool
) -> None:
    async with past(store) as history:
        await history.talk(clock.now() - age * DAY)
    found = await shown(store)
    assert found.has_baseline is known
    assert (found.number("escalated").baseline is not None) is known


@pytest.mark.parametrize(
    ("ended", "alone", "verdict"),
    [
        pytest.param(ENOUGH - 1, 0, "too_few", id="too-few"),
        pytest.param(ENOUGH, 7, "below", id="below"),
        pytest.param(ENOUGH, 8, "inside", id="on-the-lower-edge"),
        pytest.param(ENOUGH, 17, "inside", id="on-the-upper-edge"),
        pytest.param(ENOUGH, 18, "above", id="above"),
    ],
)
async def test_nothing_is_judged_on_few(
    store: Store, clock: StillClock, ended: int, alone: int, verdict: str
) -> None:
    at = clock.now() - 10 * DAY
    async with past(store) as history:
        customer = await history.customer()
        for n in range(ended):
            talk = await history.talk(at, customer=customer)
            await history.end(talk, at, "agent" if n < alone else "person")
    assert (await shown(store)).number("resolved_alone").verdict == verdict


def test_every_measure_is_held_against_something_that_exists() -> None:
    for key, measure in MEASURES.items():
        assert measure.key == key
        assert measure.baseline == START or measure.baseline in MEASURES
        assert measure.band.low is not None or measure.band.high is not None
        assert band_in_words(measure)
        assert baseline_in_words(measure)
        assert measure.definition.endswith(".")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "share", "–"),
        (0.0, "share", "0 %"),
        (0.0123, "share", "1.2 %"),
        (0.625, "share", "62 %"),
        (1.0, "share", "100 %"),
        (4.25, "seconds", "4.2 s"),
        (600, "seconds", "10 min"),
        (5400, "seconds", "1.5 h"),
        (0.5, "usd", "$0.50"),
        (0.0012, "usd", "$0.0012"),
    ],
)
def test_numbers_read_as_people_write_them(value: float | None, unit: str, words: str) -> None:
    assert in_words(value, unit) == words  # type: ignore[arg-type]


async def test_the_surroundings_of_a_canary_are_no_conversation(store: Store, clock: StillClock) -> None:
    async with past(store) as history:
        await history.talk(clock.now() - DAY, channel="canary")
    found = await shown(store)
    assert (found.first, found.open_now, found.number("escalated").now.of) == (None, 0, 0)
