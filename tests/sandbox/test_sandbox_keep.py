"""A kept world comes back as it was: records in order, ledger with times, drops gone."""

from datetime import UTC, datetime

import psycopg
import pytest

from core.clock import StillClock
from tools.sandbox.keep import PostgresKeep
from tools.sandbox.world import World

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def opened(keep: PostgresKeep) -> World:
    world = World(clock=StillClock(NOW), keep=keep)
    await world.load()
    return world


async def test_a_world_goes_on_after_its_process(database: str) -> None:
    first = PostgresKeep(database)
    world = await opened(first)
    async with world.change() as change:
        for name in ("b", "a", "c"):
            change.put("stripe.charge", name, {"id": name, "owner": "u_mara"})
        change.effect("stripe", "refund", "b", owner="u_mara", amount=4900, currency="usd", action_id="act_1")
    async with world.change() as change:
        change.drop("stripe.charge", "c")
        change.put("stripe.charge", "b", {"id": "b", "owner": "u_mara", "refunded": True})
    await first.close()

    again = PostgresKeep(database)
    kept = await opened(again)
    assert kept.find("stripe.charge", owner="u_mara") == [
        {"id": "b", "owner": "u_mara", "refunded": True},
        {"id": "a", "owner": "u_mara"},
    ]
    assert kept.ledger == world.ledger
    await again.close()


async def test_a_change_that_cannot_be_kept_is_not_visible(database: str) -> None:
    keep = PostgresKeep(database)
    world = await opened(keep)
    with pytest.raises(psycopg.Error):
        async with world.change() as change:
            change.put("x.y", "null-byte", {"text": "\x00"})
    assert world.get("x.y", "null-byte") is None
    async with world.change() as change:
        change.put("x.y", "after", {"text": "works again"})
    assert world.get("x.y", "after") == {"text": "works again"}
    await keep.close()
