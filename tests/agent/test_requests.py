"""Which request a message belongs to, and the words that stop or thank."""

from datetime import timedelta

import pytest

from agent.choosing import listed, picked
from agent.requests import means_stop, means_thanks, open_requests, place
from core.clock import StillClock
from core.conversation import Signals
from core.ids import Category
from store.tables.conversation import ConversationRow, CustomerRow
from store.work import Store, Work
from tests.agent.chat_bench import catalog


@pytest.mark.parametrize(
    ("text", "is_stop"),
    [
        ("wait, stop", True),
        ("Stop!", True),
        ("no wait", True),
        ("never mind", True),
        ("please don't do it", True),
        ("forget it", True),
        ("halt, bitte", True),
        ("arrêtez", True),
        ("cancel that", True),
        ("stop my subscription", False),
        ("cancel order 1042", False),
        ("wait for the parcel", False),
        ("how long must I wait?", False),
        ("no", False),
        ("", False),
    ],
)
def test_stop(text: str, is_stop: bool) -> None:
    assert means_stop(text) is is_stop


@pytest.mark.parametrize(
    ("text", "is_thanks"),
    [
        ("thanks", True),
        ("ok great, thank you so much!", True),
        ("Danke schön", True),
        ("that's all, thanks", True),
        ("thanks, but where is my order?", False),
        ("thank you for nothing", False),
        ("ok", False),
        ("no thanks to you I lost my parcel", False),
    ],
)
def test_thanks(text: str, is_thanks: bool) -> None:
    assert means_thanks(text) is is_thanks


ROWS = (
    {"id": "a", "order_number": "1121", "money": "$29.00", "card": "Visa •••• 4242"},
    {"id": "b", "order_number": "1122", "money": "$59.00", "card": "Visa •••• 4242"},
)


@pytest.mark.parametrize(
    ("answer", "row"),
    [
        pytest.param("2", "b", id="number"),
        pytest.param("number 1.", "a", id="number-in-words"),
        pytest.param("the second one", "b", id="ordinal"),
        pytest.param("1122", "b", id="order-number"),
        pytest.param("the $29.00 one", "a", id="amount"),
        pytest.param("the last", "b", id="last"),
        pytest.param("the latest", "a", id="latest-first"),
        pytest.param("3", None, id="out-of-range"),
        pytest.param("0", None, id="zero"),
        pytest.param("the Visa", None, id="fits-both"),
        pytest.param("both", None, id="both"),
        pytest.param("29 days ago", None, id="part-of-a-value"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_choosing(answer: str, row: str | None) -> None:
    found = picked(ROWS, [answer])
    assert (found["id"] if found else None) == row


def test_rows_are_listed_with_what_tells_them_apart() -> None:
    assert listed(ROWS) == "1. order 1121, Visa •••• 4242, $29.00\n2. order 1122, Visa •••• 4242, $59.00"


def _signals(category: str, confidence: float) -> Signals:
    return Signals(
        category=Category(category),
        confidence=confidence,
        sentiment="neutral",
        urgency="normal",
        language="en",
        wants_person=False,
    )


async def _talk(store: Store, clock: StillClock, *said: tuple[str, str, float]) -> list[tuple[str, str]]:
    async with store.begin() as work:
        now = work.now
        await work.add(CustomerRow(id="u_a", name="", email="", links={}, created_at=now))
        await work.add(ConversationRow(id="con_a", customer_id="u_a", opened_at=now, last_at=now))
    placed = []
    for text, category, confidence in said:
        clock.move(timedelta(seconds=1))
        async with store.begin() as work:
            signals = _signals(category, confidence)
            found = await place(work, "con_a", "msg", text, signals, catalog())
            placed.append((found.request.category, "opened" if found.opened else "continued"))
    return placed


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(("1042", "other", 0.05), ("refund_request", "continued"), id="a-number-answers"),
        pytest.param(
            ("the second one", "other", 0.99), ("refund_request", "continued"), id="sure-of-nothing-answers"
        ),
        pytest.param(
            ("cancel it", "order_cancel", 0.6), ("refund_request", "continued"), id="short-and-unsure"
        ),
        pytest.param(
            ("cancel order 1042", "order_cancel", 0.97), ("order_cancel", "opened"), id="short-and-sure"
        ),
        pytest.param(
            ("I would also like to change my address", "address_change", 0.7),
            ("address_change", "opened"),
            id="a-sentence-of-something-else",
        ),
        pytest.param(
            ("I want my money back", "refund_request", 0.99), ("refund_request", "continued"), id="the-same"
        ),
    ],
)
async def test_second_message(
    store: Store, clock: StillClock, second: tuple[str, str, float], expected: tuple[str, str]
) -> None:
    placed = await _talk(store, clock, ("refund please", "refund_request", 0.95), second)
    assert placed == [("refund_request", "opened"), expected]


async def test_what_is_not_understood_opens_something_else_once(store: Store, clock: StillClock) -> None:
    said = (
        ("hm", "refund_request", 0.3),
        ("eh", "other", 0.9),
        ("where is order 1042", "order_status", 0.95),
    )
    assert await _talk(store, clock, *said) == [
        ("other", "opened"),
        ("other", "continued"),
        ("order_status", "opened"),
    ]
    async with store.begin() as work:
        assert await _open(work) == ["order_status"]


async def _open(work: Work) -> list[str]:
    return [row.category for row in await open_requests(work, "con_a")]
