"""Orders and CRM over real sockets: the sandbox as it is served, connections cut for good, and equal answers in time."""

from collections.abc import AsyncIterator
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from pydantic import SecretStr
from shop_bench import Bench, contact_id, delivered, opened, order_id, permit, person, waiting

from core.clock import SystemClock
from core.errors import ToolFailed, VendorDown, VendorUnsure
from core.ids import ActionId
from tools.crm import hubspot
from tools.orders import shopify
from tools.orders.reads import READS
from tools.sandbox import server
from tools.sandbox.hubspot.seed import seed as seed_hubspot
from tools.sandbox.shopify.seed import seed as seed_shopify
from tools.sandbox.world import World

IDA = person("ida", waiting(), delivered("1041"))
BO = person("bo", waiting("2001"))


@pytest.fixture
async def sandbox() -> AsyncIterator[server.Running]:
    world = World(clock=SystemClock())
    async with world.change() as change:
        for who in (IDA, BO):
            seed_shopify(change, who)
            seed_hubspot(change, who)
    running = await server.start(world)
    yield running
    await running.stop()


async def test_orders_and_contacts_survive_a_cut_connection(sandbox: server.Running) -> None:
    key = SecretStr(sandbox.key)
    async with (
        shopify.open_client(sandbox.urls["shopify"], key) as shop_client,
        hubspot.open_client(sandbox.urls["hubspot"], key) as crm_client,
    ):
        shop, crm = shopify.Shopify(shop_client), hubspot.HubSpot(crm_client)
        sandbox.faults.plan("shopify", "OneOrder", "timeout_before")
        assert await shop.order(order_id(IDA)) is not None
        sandbox.faults.plan("shopify", "CancelOrder", "timeout_after")
        with pytest.raises(VendorUnsure):
            await shop.cancel(order_id(IDA), permit())
        found = await shop.find_by_action(order_id(IDA), "cancel", ActionId("act_one"))
        assert found is not None
        sandbox.faults.plan("hubspot", "PATCH", "drop")
        with pytest.raises(VendorUnsure):
            await crm.update_phone(contact_id(IDA), "+1 555 0199", permit("two"))
        assert await crm.find_update(contact_id(IDA), ActionId("act_two")) is not None
    effects = [(effect.kind, effect.action_id) for effect in sandbox.world.ledger]
    assert effects == [("order_cancel", "act_one"), ("phone_change", "act_two")]


async def test_a_door_that_is_closed_is_down_and_nothing_was_sent(sandbox: server.Running) -> None:
    await sandbox.stop()
    async with shopify.open_client(sandbox.urls["shopify"], SecretStr(sandbox.key)) as client:
        with pytest.raises(VendorDown):
            await shopify.Shopify(client).cancel(order_id(IDA), permit())
    assert sandbox.world.ledger == []


async def _seconds(bench: Bench, name: str, args: dict[str, Any]) -> float:
    tool = next(tool for tool in READS if tool.spec.name == name)
    began = perf_counter()
    with pytest.raises(ToolFailed):
        await tool.run(tool.args(**args), bench.scope(IDA))
    return perf_counter() - began


@pytest.mark.parametrize(
    ("name", "foreign", "missing"),
    [
        pytest.param("find_orders", {"order_number": "2001"}, {"order_number": "7777"}, id="number"),
        pytest.param("get_order", {"order_id": order_id(BO, "2001")}, {"order_id": "100000000001"}, id="id"),
    ],
)
async def test_foreign_and_missing_take_the_same_time(name: str, foreign: Any, missing: Any) -> None:
    bench = await opened(IDA, BO)
    pairs = [(await _seconds(bench, name, foreign), await _seconds(bench, name, missing)) for _ in range(21)]
    assert abs(median(a for a, _ in pairs) - median(b for _, b in pairs)) < 0.005
