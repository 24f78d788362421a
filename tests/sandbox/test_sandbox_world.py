"""The world itself: one change at a time, all of it or nothing, and nobody holds its records."""

import asyncio
from datetime import UTC, datetime

import pytest

from core.clock import StillClock
from tools.sandbox.world import World

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World(clock=StillClock(NOW))


async def test_a_change_is_seen_as_a_whole_or_not_at_all(world: World) -> None:
    with pytest.raises(RuntimeError):
        async with world.change() as change:
            change.put("x.y", "a", {"n": 1})
            change.effect("x", "refund", "a", owner="u", amount=1, currency="usd")
            assert world.get("x.y", "a") is None
            raise RuntimeError
    assert world.get("x.y", "a") is None
    assert world.ledger == []
    async with world.change() as change:
        change.put("x.y", "a", {"n": 1})
    assert world.get("x.y", "a") == {"n": 1}


async def test_nobody_holds_the_records(world: World) -> None:
    given = {"inner": [1]}
    async with world.change() as change:
        change.put("x.y", "a", given)
    given["inner"].append(2)
    for taken in (world.get("x.y", "a"), world.find("x.y")[0]):
        assert taken == {"inner": [1]}
        taken["inner"].append(3)
    async with world.change() as change:
        change.find("x.y")[0]["inner"].append(4)
    assert world.get("x.y", "a") == {"inner": [1]}


async def test_find_sees_the_changes_own_edits_oldest_first(world: World) -> None:
    async with world.change() as change:
        for key in ("b", "a", "c"):
            change.put("x.y", key, {"id": key, "owner": "u"})
    async with world.change() as change:
        change.put("x.y", "d", {"id": "d", "owner": "u"})
        change.put("x.y", "b", {"id": "b", "owner": "v"})
        change.drop("x.y", "a")
        assert [row["id"] for row in change.find("x.y")] == ["b", "c", "d"]
        assert [row["id"] for row in change.find("x.y", owner="u")] == ["c", "d"]
    assert [row["id"] for row in world.find("x.y", owner="v")] == ["b"]
    assert change.find("x.y", colour="red") == []


async def test_changes_wait_for_each_other(world: World) -> None:
    async with world.change() as change:
        change.put("x.y", "n", {"n": 0})

    async def count() -> None:
        async with world.change() as change:
            row = change.get("x.y", "n")
            assert row is not None
            await asyncio.sleep(0)
            change.put("x.y", "n", {"n": row["n"] + 1})
            change.effect("x", "count", "n", owner="u")

    await asyncio.gather(*(count() for _ in range(50)))
    assert world.get("x.y", "n") == {"n": 50}
    assert [effect.seq for effect in world.ledger] == list(range(1, 51))
