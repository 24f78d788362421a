"""The doors of Shopify and HubSpot answer in the shapes the vendors document, and the adapters read those.

No machine-readable description of either is at hand, so `shapes/` holds one answer of each kind, written after the
vendors' public reference with invented values. An answer of a door fits when every key and every kind of value is the
same; null fits anything the sample could hold.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from shop_bench import Bench, contact_id, delivered, opened, order_id, permit, person, waiting

from core.errors import VendorBusy, VendorError, VendorRefused
from core.ids import ActionId
from tools.crm.hubspot import HubSpot
from tools.crm.hubspot import open_client as open_hubspot
from tools.orders.shopify import Shopify
from tools.orders.shopify import open_client as open_shopify

SHAPES = Path(__file__).parent / "shapes"
IDA = person("ida", delivered(items=("Lamp", "Bulb"), opened=False, estimated_in_days=1), waiting("1043"))


def sample(name: str) -> Any:
    return json.loads((SHAPES / f"{name}.json").read_text())


def differences(got: Any, want: Any, at: str = "") -> list[str]:
    """Where an answer is not of the sample's shape."""
    if isinstance(want, dict) and isinstance(got, dict):
        keys = [f"{at}.{key}: only in one" for key in got.keys() ^ want.keys()]
        return keys + [d for k in got.keys() & want.keys() for d in differences(got[k], want[k], f"{at}.{k}")]
    if isinstance(want, list) and isinstance(got, list):
        return [d for n, row in enumerate(got) if want for d in differences(row, want[0], f"{at}[{n}]")]
    if got is None or want is None or type(got) is type(want):
        return []
    both_numbers = isinstance(got, int | float) and isinstance(want, int | float)
    return [] if both_numbers else [f"{at}: {got!r} is no {type(want).__name__}"]


def test_the_comparison_itself_sees_a_missing_key_and_another_kind() -> None:
    assert differences({"a": [1, "x"]}, {"a": [1]}) == [".a[1]: 'x' is no int"]
    assert differences({"a": 1}, {"a": 1, "b": 2}) == [".b: only in one"]
    assert differences({"a": None, "b": 1.0}, {"a": "x", "b": 1}) == []


class Ear(httpx.AsyncBaseTransport):
    """Hears the last answer of a door."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.answers: list[Any] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        self.answers.append(json.loads(await response.aread()))
        return response


async def _order(bench: Bench) -> None:
    await bench.shopify.open_return(order_id(IDA), "damaged", permit())
    await bench.shopify.order(order_id(IDA))


async def _throttled(bench: Bench) -> None:
    bench.faults.plan("shopify", "CancelOrder", "busy")
    with pytest.raises(VendorBusy):
        await bench.shopify.cancel(order_id(IDA, "1043"), permit())


async def _cancelled(bench: Bench) -> None:
    await bench.shopify.cancel(order_id(IDA, "1043"), permit())


async def _not_cancelled(bench: Bench) -> None:
    with pytest.raises(VendorRefused):
        await bench.shopify.cancel(order_id(IDA), permit())


@pytest.mark.parametrize(
    ("act", "name", "which"),
    [
        pytest.param(_order, "shopify_one_order", -1, id="order"),
        pytest.param(_throttled, "shopify_throttled", 0, id="throttled"),
        pytest.param(_cancelled, "shopify_cancelled", 0, id="cancelled"),
        pytest.param(_not_cancelled, "shopify_not_cancelled", 0, id="not-cancelled"),
    ],
)
async def test_shopifys_door_answers_in_the_documented_shape(
    act: Callable[[Bench], Awaitable[None]], name: str, which: int
) -> None:
    bench = await opened(IDA)
    ear = Ear(bench.shop_wire)
    bench.shopify = Shopify(open_shopify("http://shopify.test", SecretStr("test-key"), transport=ear))
    await act(bench)
    assert differences(ear.answers[which], sample(name)) == []


async def _contact(bench: Bench) -> None:
    found = await bench.hubspot.contact(contact_id(IDA))
    assert found is not None


async def _history(bench: Bench) -> None:
    await bench.hubspot.update_phone(contact_id(IDA), "+1 555 0199", permit())
    await bench.hubspot.find_update(contact_id(IDA), ActionId("act_one"))


async def _note(bench: Bench) -> None:
    await bench.hubspot.add_note(contact_id(IDA), "Asked twice", permit())


async def _missing(bench: Bench) -> None:
    assert await bench.hubspot.contact("1") is None


@pytest.mark.parametrize(
    ("act", "name", "which"),
    [
        pytest.param(_contact, "hubspot_contact", 0, id="contact"),
        pytest.param(_history, "hubspot_history", -1, id="history"),
        pytest.param(_note, "hubspot_note", -1, id="note"),
        pytest.param(_missing, "hubspot_error", -1, id="error"),
    ],
)
async def test_hubspots_door_answers_in_the_documented_shape(
    act: Callable[[Bench], Awaitable[None]], name: str, which: int
) -> None:
    bench = await opened(IDA)
    ear = Ear(bench.crm_wire)
    client = open_hubspot("http://hubspot.test", SecretStr("test-key"), transport=ear)
    bench.hubspot = HubSpot(client, clock=bench.clock)
    await act(bench)
    assert differences(ear.answers[which], sample(name)) == []


def saying(body: Any) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(200, json=body))


async def test_the_documented_order_reads_as_ours() -> None:
    wire = saying(sample("shopify_one_order"))
    order = await Shopify(open_shopify("http://s.test", SecretStr("k"), transport=wire)).order("450789469")
    assert order is not None
    assert (order.number, order.status, order.total, order.currency) == ("1042", "delivered", 19999, "usd")
    assert (order.customer, order.opened, order.open_returns) == ("207119551", False, 1)
    assert order.delivered_at == datetime(2026, 11, 13, 16, 20, tzinfo=UTC)
    assert [(line.quantity, line.returnable) for line in order.lines] == [(2, 1)]
    assert order.last_action_ids == ("act_sample",)


async def test_the_documented_return_proves_its_action() -> None:
    wire = saying(sample("shopify_one_order"))
    shop = Shopify(open_shopify("http://s.test", SecretStr("k"), transport=wire))
    done = await shop.find_by_action("450789469", "open_return", ActionId("act_sample"))
    assert done is not None
    assert done.reference == "945000954"


async def test_the_documented_throttle_says_how_long() -> None:
    async def no_sleep(seconds: float) -> None:
        return None

    client = open_shopify("http://s.test", SecretStr("k"), transport=saying(sample("shopify_throttled")))
    with pytest.raises(VendorBusy) as busy:
        await Shopify(client, sleep=no_sleep).order("450789469")
    assert busy.value.retry_after == pytest.approx(0.84)


async def test_an_order_answered_for_another_one_is_not_believed() -> None:
    async def no_sleep(seconds: float) -> None:
        return None

    client = open_shopify("http://s.test", SecretStr("k"), transport=saying(sample("shopify_one_order")))
    with pytest.raises(VendorError, match="another order"):
        await Shopify(client, sleep=no_sleep).order("1")


async def test_the_documented_contact_reads_as_ours() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "/contacts/" in request.url.path:
            return httpx.Response(200, json=sample("hubspot_contact"))
        return httpx.Response(404, json=sample("hubspot_error"))

    client = open_hubspot("http://h.test", SecretStr("k"), transport=httpx.MockTransport(answer))
    found = await HubSpot(client).contact("33451")
    assert found is not None
    assert (found.name, found.tier, found.health, found.external_id) == (
        "Sam Ample",
        "vip",
        "good",
        "u_sample",
    )
    assert (found.owner, found.company) == ("", "")
    assert found.updated_at == datetime(2026, 11, 19, 8, 14, 2, 113000, tzinfo=UTC)
