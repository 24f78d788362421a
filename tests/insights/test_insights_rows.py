"""Every number opens its rows, and the rows add up to the number; exports are inert and complete."""

import csv
import io
import json
from collections.abc import Sequence

import pytest
from history import DAY, MINUTE, History

from core.clock import StillClock
from core.ids import new_id
from insights import watch
from insights.export import as_csv, document, inert, numbers_csv, rows_csv
from insights.measures import MEASURES, share
from insights.numbers import board, weeks
from insights.rows import rows
from store.tables.standing import StandingChangeRow
from store.work import Store


async def a_month(store: Store, clock: StillClock) -> None:
    """Something for every measure, in two categories."""
    at = clock.now() - 9 * DAY
    async with store.begin() as work:
        history = History(work)
        customer = await history.customer()
        for how, more in (
            ("agent", {"csat": 5}),
            ("agent", {"reopened_at": at + DAY, "csat": 1}),
            ("agent", {"repeated_at": at + DAY, "repeated_by": "con_x"}),
            ("assisted", {"csat": 4}),
            ("abandoned", {}),
        ):
            talk = await history.talk(at, customer=customer, cost_micro_usd=50_000)
            await history.end(talk, at + MINUTE, how, **more)  # type: ignore[arg-type]
        given = await history.talk(at, "refund_request", customer=customer)
        await history.hand_over(given, at + MINUTE, needed=True)
        await history.say(given, "person", at + 3 * MINUTE)
        await history.end(given, at + 9 * MINUTE, "person", category="refund_request", csat=2)
        for decision in ("approve", "reject"):
            action = await history.propose(given, customer, at)
            await history.review(action, at, decision)


@pytest.mark.parametrize("category", [None, "refund_request", "how_to"])
async def test_the_rows_add_up_to_the_number(store: Store, clock: StillClock, category: str | None) -> None:
    await a_month(store, clock)
    found = await board(store, days=30)
    for key, measure in MEASURES.items():
        number = found.number(key, category).now
        behind = await rows(store, key, found.window, category=category)
        if measure.unit == "share":
            assert (sum(bool(r.counts) for r in behind), len(behind)) == (number.n, number.of), key
        elif key in ("cost_model", "colleague_time"):
            total = sum(r.value or 0 for r in behind)
            assert (number.value or 0) * number.of == pytest.approx(total if number.of else 0), key
        else:
            assert len(behind) == number.of, key


async def test_rows_come_page_by_page_the_newest_first(store: Store, clock: StillClock) -> None:
    async with store.begin() as work:
        history = History(work)
        customer = await history.customer()
        for n in range(5):
            at = clock.now() - n * DAY - MINUTE
            await history.end(await history.talk(at, customer=customer), at)
    window = (await board(store)).window
    pages = [await rows(store, "resolved_alone", window, offset=n, limit=2) for n in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    times = [row.at for page in pages for row in page]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " ="])
def test_a_cell_never_computes(start: str) -> None:
    text = as_csv(("a",), [(f"{start}cmd|' /C calc'!A0",)])
    cell = next(iter(list(csv.reader(io.StringIO(text, newline="")))[1:]))[0]
    assert cell.startswith("'")


@pytest.mark.parametrize(
    ("cell", "kept"), [("plain", "plain"), (-4, -4), (-0.5, -0.5), (None, ""), (True, "yes"), (False, "no")]
)
def test_a_harmless_cell_stays_what_it_is(cell: object, kept: object) -> None:
    assert inert(cell) == kept


async def test_exports_hold_every_number_of_every_category(store: Store, clock: StillClock) -> None:
    await a_month(store, clock)
    found = await board(store, days=30)
    told = json.loads(json.dumps(document(found)))
    places = {(one["measure"], one["category"]) for one in told["numbers"]}
    assert places == {(key, place) for key in MEASURES for place in (None, "how_to", "refund_request")}
    lines = list(csv.DictReader(io.StringIO(numbers_csv(found))))
    assert len(lines) == len(places)
    first = next(one for one in lines if (one["measure"], one["category"]) == ("resolved_alone", "all"))
    assert (first["n"], first["of"]) == ("1", "6")
    behind = await rows(store, "unmodified", found.window)
    assert {r["what"] for r in csv.DictReader(io.StringIO(rows_csv("unmodified", behind)))} == {
        "approve",
        "reject",
    }


async def test_weeks_are_counted_apart(store: Store, clock: StillClock) -> None:
    async with store.begin() as work:
        history = History(work)
        for days in (3, 10, 11):
            at = clock.now() - days * DAY
            await history.end(await history.talk(at), at)
    counted = await weeks(store, number=3)
    ended = [places["week", None].ended if places else 0 for places in map(dict, counted.values())]  # type: ignore[index]
    assert ended == [0, 2, 1]


def test_chance_of_a_fall_is_fishers() -> None:
    # The lady tasting tea: 3 of 4 right on one side, 1 of 4 on the other: 17/70.
    assert watch.chance_of_fall(share(3, 4), share(1, 4)) == pytest.approx(17 / 70)
    assert watch.chance_of_fall(share(4, 4), share(0, 4)) == pytest.approx(1 / 70)
    assert watch.chance_of_fall(share(0, 4), share(4, 4)) == 1.0
    assert watch.chance_of_fall(share(0, 0), share(4, 4)) == 1.0


async def moved(store: Store, clock: StillClock, before: str, after: str) -> None:
    async with store.begin() as work:
        change = StandingChangeRow(
            id=new_id("chg"), category="how_to", before=before, after=after, by="usr", reason="proven",
            at=clock.now() - 3 * DAY,
        )  # fmt: skip
        await work.add(change)


async def rated(store: Store, clock: StillClock, days_ago: float, scores: Sequence[int]) -> None:
    async with store.begin() as work:
        history = History(work)
        customer = await history.customer()
        for csat in scores:
            at = clock.now() - days_ago * DAY
            await history.end(await history.talk(at, customer=customer), at, csat=csat)


@pytest.mark.parametrize(
    ("after", "finding"),
    [
        pytest.param([5] * 10, "fine", id="as-before"),
        pytest.param([1] * 6 + [5] * 4, "worse", id="fell"),
        pytest.param([1] * 9, "too_few", id="nine-answers-say-nothing"),
    ],
)
async def test_the_first_week_after_a_graduation_is_watched(
    store: Store, clock: StillClock, after: list[int], finding: str
) -> None:
    await moved(store, clock, "observation", "autonomous_20")
    await rated(store, clock, 10, [5] * 18 + [2] * 2)
    await rated(store, clock, 1, after)
    (found,) = await watch.watches(store)
    assert (found.category, found.finding) == ("how_to", finding)
    assert (found.before.n, found.before.of) == (18, 20)


async def test_a_step_down_is_not_watched(store: Store, clock: StillClock) -> None:
    await moved(store, clock, "autonomous_5", "autonomous_20")
    assert list(await watch.watches(store)) == []


async def test_without_answers_before_nothing_is_compared(store: Store, clock: StillClock) -> None:
    await moved(store, clock, "observation", "autonomous_20")
    await rated(store, clock, 1, [1] * 12)
    (found,) = await watch.watches(store)
    assert found.finding == "not_rated_before"
