"""The main story with the offline model: from "I was charged twice" to one refund, a told customer and a solved ticket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import Chat, chat

TWICE = "I was charged twice for order 1042, I want my money back"


@pytest.fixture
async def mara(store: Store, database: str, clock: StillClock, tmp_path: Path) -> AsyncIterator[Chat]:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        yield made


async def test_charged_twice_ends_in_one_refund_and_a_solved_ticket(mara: Chat) -> None:
    reply = await mara.say(TWICE)
    assert "confirm" in reply
    assert [e.kind for e in await mara.events()] == ["message", "found", "confirm", "message"]
    assert mara.effects() == []

    await mara.confirm()
    assert mara.effects() == []
    await mara.decide("approve")

    assert mara.effects() == [("stripe", "refund", "ch_mara_second", 4900)]
    assert "$49.00" in (await mara.replies())[-1]
    assert await mara.requests() == [("duplicate_charge", "done")]
    assert (await mara.conversation()).state == "closed"
    [closure] = await mara.closures()
    assert (closure.how, closure.touched_by) == ("assisted", ["agent", "usr_ines"])
    assert [ticket["status"] for ticket in mara.tickets()] == ["solved"]
