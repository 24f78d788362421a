"""The sandbox's customers: unique, complete at every vendor, and repeatable as fresh copies."""

import json
from datetime import UTC, datetime

import pytest

from core.clock import StillClock
from core.errors import Invalid
from core.ids import is_id
from tools.sandbox.people import MARA, PEOPLE, fresh, seed_person, seed_world
from tools.sandbox.world import World

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
async def world() -> World:
    world = World(clock=StillClock(NOW))
    await seed_world(world)
    return world


def test_people_are_about_forty_and_unique() -> None:
    assert len(PEOPLE) >= 40
    for values in ([p.key for p in PEOPLE], [p.email for p in PEOPLE], [p.name for p in PEOPLE]):
        assert len(set(values)) == len(PEOPLE)
    numbers = [order.number for p in PEOPLE for order in p.orders]
    assert len(set(numbers)) == len(numbers)
    assert all(is_id(p.external_id) and p.email.endswith("@example.com") and "555" in p.phone for p in PEOPLE)


async def test_seeding_is_no_effect_and_everything_has_an_owner(world: World) -> None:
    assert world.ledger == []
    owners = {p.external_id for p in PEOPLE}
    for kind in ("stripe.customer", "stripe.charge", "shopify.order"):
        rows = world.find(kind)
        assert rows
        assert {row["owner"] for row in rows} <= owners


async def test_records_survive_json(world: World) -> None:
    for kind in ("stripe.charge", "stripe.subscription", "shopify.order", "hubspot.contact", "zendesk.user"):
        for row in world.find(kind):
            assert json.loads(json.dumps(row)) == row


async def test_mara_paid_twice_within_two_minutes(world: World) -> None:
    first, second = world.find("stripe.charge", owner="u_mara")
    assert (first["id"], second["id"]) == ("ch_mara_first", "ch_mara_second")
    assert second["created"] - first["created"] == 120
    assert {c["metadata"]["order_number"] for c in (first, second)} == {"1042"}


async def test_a_world_is_seeded_once(world: World) -> None:
    async with world.change() as change:
        row = world.find("stripe.charge", owner="u_mara")[0]
        change.put("stripe.charge", row["id"], {**row, "amount_refunded": 4900})
    await seed_world(world)
    assert world.get("stripe.charge", "ch_mara_first") == {**row, "amount_refunded": 4900}


async def test_a_fresh_copy_is_somebody_else_with_the_same_order_number(world: World) -> None:
    copy = fresh(MARA, "k7")
    await seed_person(world, copy)
    assert copy.external_id == "u_mara-k7"
    assert copy.email == "mara.lindqvist+k7@example.com"
    assert [c["id"] for c in world.find("stripe.charge", owner="u_mara-k7")] == [
        "ch_mara-k7_first",
        "ch_mara-k7_second",
    ]
    assert len(world.find("shopify.order", number="1042")) == 2
    assert len(world.find("stripe.charge", owner="u_mara")) == 2


@pytest.mark.parametrize("suffix", ["a b", "", "x" * 25, "ä"])
def test_a_suffix_must_be_fit_for_ids(suffix: str) -> None:
    with pytest.raises(Invalid, match="letters"):
        fresh(MARA, suffix)
