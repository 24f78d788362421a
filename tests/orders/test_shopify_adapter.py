"""The orders adapter over Shopify's wire: what it reads, what it leaves behind, and how it names a failure."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from shop_bench import NOW, Bench, delivered, opened, order_id, permit, person, waiting

from core.errors import VendorBusy, VendorDown, VendorError, VendorRefused, VendorUnsure
from core.ids import ActionId
from tools.crm.port import Address
from tools.http import Unpermitted
from tools.orders.shopify import PATH, Shopify, open_client
from tools.orders.shopify_orders import bare, minor
from tools.orders.shopify_wire import Shop

IDA = person("ida", waiting(), delivered("1041"))
BO = person("bo", waiting("2001"))
ELSEWHERE = Address(line1="9 Other Road", city="Shelbyville", zip="54321", country="US")


async def test_a_customer_is_found_by_external_id_only() -> None:
    bench = await opened(IDA, BO)
    found = await bench.shopify.find_customer("u_ida")
    assert found == bench.scope(IDA).who.links["shopify"]
    assert await bench.shopify.find_customer("u_nobody") is None


async def test_orders_are_the_customers_own_newest_first() -> None:
    bench = await opened(IDA, BO)
    customer = bench.scope(IDA).who.links["shopify"]
    assert [order.number for order in await bench.shopify.orders(customer)] == ["1042", "1041"]
    assert list(await bench.shopify.orders("123")) == []


async def test_an_order_reads_as_the_shop_has_it() -> None:
    ida = person("ida", delivered(total=4999, opened=False, items=("Lamp", "Bulb")))
    order = await (await opened(ida)).shopify.order(order_id(ida))
    assert order is not None
    assert (order.number, order.status, order.total, order.currency) == ("1042", "delivered", 4999, "usd")
    assert order.delivered_at == NOW - timedelta(days=4)
    assert order.opened is False
    assert [(line.title, line.quantity, line.returnable) for line in order.lines] == [
        ("Lamp", 1, 1),
        ("Bulb", 1, 1),
    ]
    assert order.address == ida.address
    assert [parcel.delivered_at for parcel in order.parcels] == [order.delivered_at]


@pytest.mark.parametrize(("given", "read"), [(True, True), (False, False), (None, None)])
async def test_opened_is_what_the_metafield_says_and_unknown_without_it(
    given: bool | None, read: bool | None
) -> None:
    ida = person("ida", delivered(opened=given))
    order = await (await opened(ida)).shopify.order(order_id(ida))
    assert order is not None
    assert order.opened is read


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("unfulfilled", "unfulfilled"),
        ("partly_fulfilled", "partly_fulfilled"),
        ("fulfilled", "fulfilled"),
        ("cancelled", "cancelled"),
    ],
)
async def test_status(status: Any, read: str) -> None:
    ida = person("ida", waiting(status=status, items=("Lamp", "Bulb")))
    order = await (await opened(ida)).shopify.order(order_id(ida))
    assert order is not None
    assert order.status == read
    assert order.delivered_at is None


@pytest.mark.parametrize("number", ["104", "10420", "2001", "1042 OR 1", '1042"', "", "*"])
async def test_only_the_exact_number_of_the_customer_is_found(number: str) -> None:
    ida = person("ida", waiting("1042"))
    bench = await opened(ida, BO)
    customer = bench.scope(ida).who.links["shopify"]
    found = await bench.shopify.order_by_number(customer, "1042")
    assert found is not None
    assert found.id == order_id(ida)
    assert await bench.shopify.order_by_number(customer, number) is None


async def test_two_customers_may_have_an_order_of_the_same_number() -> None:
    ida, bo = person("ida", waiting("1042")), person("bo", waiting("1042"))
    bench = await opened(ida, bo)
    for who in (ida, bo):
        found = await bench.shopify.order_by_number(bench.scope(who).who.links["shopify"], "1042")
        assert found is not None
        assert found.id == order_id(who)


@pytest.mark.parametrize("order", ["abc", "1_2", "", "1" * 20, "9" * 19])
async def test_an_id_no_order_can_have_finds_nothing(order: str) -> None:
    assert await (await opened(IDA)).shopify.order(order) is None


async def test_cancel_waits_for_the_job_and_leaves_the_action_id() -> None:
    bench = await opened(IDA)
    order = await bench.shopify.cancel(order_id(IDA), permit())
    assert order.status == "cancelled"
    assert order.cancelled_at == NOW
    assert order.last_action_ids == ("act_one",)
    assert [effect.action_id for effect in bench.world.ledger] == ["act_one"]


async def test_a_job_that_stays_queued_is_unsure_and_found_once_it_ran() -> None:
    bench = await opened(IDA, job_seconds=60)
    with pytest.raises(VendorUnsure, match="not cancelled yet"):
        await bench.shopify.cancel(order_id(IDA), permit())
    assert bench.slept == [0.1, 0.3, 0.6, 1.0, 2.0]
    with pytest.raises(VendorUnsure, match="no proof"):
        await bench.shopify.find_by_action(order_id(IDA), "cancel", ActionId("act_one"))
    bench.clock.move(timedelta(seconds=60))
    found = await bench.shopify.find_by_action(order_id(IDA), "cancel", ActionId("act_one"))
    assert found is not None
    assert found.reference == order_id(IDA)


async def test_cancelling_twice_under_one_permit_is_one_effect_and_the_same_answer() -> None:
    bench = await opened(IDA)
    first = await bench.shopify.cancel(order_id(IDA), permit())
    assert await bench.shopify.cancel(order_id(IDA), permit()) == first
    assert len(bench.world.ledger) == 1


async def test_cancelling_what_somebody_else_cancelled_is_refused() -> None:
    bench = await opened(IDA)
    await bench.shopify.cancel(order_id(IDA), permit("other"))
    with pytest.raises(VendorRefused, match="INVALID"):
        await bench.shopify.cancel(order_id(IDA), permit())
    with pytest.raises(VendorUnsure, match="no proof"):
        await bench.shopify.find_by_action(order_id(IDA), "cancel", ActionId("act_one"))


async def test_a_new_address_keeps_the_shops_own_tags() -> None:
    bench = await opened(IDA)
    async with bench.world.change() as change:
        record = change.get("shopify.order", order_id(IDA))
        assert record is not None
        change.put("shopify.order", order_id(IDA), record | {"tags": ["gift"]})
    order = await bench.shopify.change_address(order_id(IDA), ELSEWHERE, permit())
    assert order.address == ELSEWHERE
    after = bench.world.get("shopify.order", order_id(IDA))
    assert after is not None
    assert after["tags"] == ["gift", "remit:act_one"]
    (effect,) = bench.world.ledger
    assert (effect.kind, effect.action_id) == ("address_change", "act_one")


async def test_the_same_address_change_again_changes_nothing() -> None:
    bench = await opened(IDA)
    await bench.shopify.change_address(order_id(IDA), ELSEWHERE, permit())
    await bench.shopify.change_address(order_id(IDA), ELSEWHERE, permit())
    assert len(bench.world.ledger) == 1


async def test_a_return_covers_what_is_left_and_is_opened_once() -> None:
    bench = await opened(IDA)
    first = await bench.shopify.open_return(order_id(IDA, "1041"), "wrong_item", permit())
    assert await bench.shopify.open_return(order_id(IDA, "1041"), "wrong_item", permit()) == first
    assert len(bench.world.ledger) == 1
    with pytest.raises(VendorRefused, match="nothing"):
        await bench.shopify.open_return(order_id(IDA, "1041"), "wrong_item", permit("two"))


@pytest.mark.parametrize("at_once", [2, 8])
async def test_the_same_action_sent_at_once_is_one_effect_and_one_answer(at_once: int) -> None:
    bench = await opened(IDA)
    order, back = order_id(IDA), order_id(IDA, "1041")
    for send in (
        lambda: bench.shopify.open_return(back, "damaged", permit("return")),
        lambda: bench.shopify.change_address(order, ELSEWHERE, permit("move")),
        lambda: bench.shopify.cancel(order, permit("cancel")),
    ):
        answers = await asyncio.gather(*(send() for _ in range(at_once)))
        assert all(answer == answers[0] for answer in answers)
    effects = [effect.action_id for effect in bench.world.ledger]
    assert effects == ["act_return", "act_move", "act_cancel"]


async def test_nothing_can_be_returned_from_an_order_that_was_not_sent() -> None:
    with pytest.raises(VendorRefused, match="nothing"):
        await (await opened(IDA)).shopify.open_return(order_id(IDA), "damaged", permit())


async def _cancel(bench: Bench) -> None:
    await bench.shopify.cancel(order_id(IDA), permit())


async def _move(bench: Bench) -> None:
    await bench.shopify.change_address(order_id(IDA), ELSEWHERE, permit())


async def _return(bench: Bench) -> None:
    await bench.shopify.open_return(order_id(IDA, "1041"), "damaged", permit())


WRITES = [
    pytest.param(_cancel, "CancelOrder", "cancel", "1042", id="cancel"),
    pytest.param(_move, "ChangeAddress", "change_address", "1042", id="change-address"),
    pytest.param(_return, "OpenReturn", "open_return", "1041", id="open-return"),
]


@pytest.mark.parametrize("fault", ["timeout_after", "malformed", "drop"])
@pytest.mark.parametrize(("write", "name", "what", "number"), WRITES)
async def test_a_lost_answer_is_unsure_and_the_effect_is_found(
    write: Any, name: str, what: Any, number: str, fault: Any
) -> None:
    bench = await opened(IDA)
    bench.faults.plan("shopify", name, fault)
    with pytest.raises(VendorUnsure):
        await write(bench)
    assert [effect.action_id for effect in bench.world.ledger] == ["act_one"]
    found = await bench.shopify.find_by_action(order_id(IDA, number), what, ActionId("act_one"))
    assert found is not None
    assert found.at == NOW


@pytest.mark.parametrize("fault", ["timeout_before", "saved_500"])
@pytest.mark.parametrize(("write", "name", "what", "number"), WRITES)
async def test_an_answer_lost_before_the_effect_is_unsure_and_surely_not_there(
    write: Any, name: str, what: Any, number: str, fault: Any
) -> None:
    bench = await opened(IDA)
    bench.faults.plan("shopify", name, fault)
    with pytest.raises(VendorUnsure):
        await write(bench)
    assert bench.world.ledger == []
    assert await bench.shopify.find_by_action(order_id(IDA, number), what, ActionId("act_one")) is None


@pytest.mark.parametrize(("write", "name", "what", "number"), WRITES)
async def test_a_throttled_write_is_busy_with_a_time_and_did_nothing(
    write: Any, name: str, what: Any, number: str
) -> None:
    bench = await opened(IDA)
    bench.faults.plan("shopify", name, "busy", retry_after=0.2)
    with pytest.raises(VendorBusy) as busy:
        await write(bench)
    assert busy.value.retry_after == pytest.approx(0.2)
    assert bench.world.ledger == []


async def test_a_write_is_sent_once_whatever_happens() -> None:
    bench = await opened(IDA)
    bench.faults.plan("shopify", "CancelOrder", "saved_500", times=5)
    with pytest.raises(VendorUnsure):
        await _cancel(bench)
    assert sum(b"mutation" in request.content for request in bench.shop_wire.requests) == 1


@pytest.mark.parametrize("fault", ["timeout_before", "unavailable_503", "malformed", "busy"])
async def test_a_read_is_tried_again(fault: Any) -> None:
    bench = await opened(IDA)
    bench.faults.plan("shopify", "OneOrder", fault, times=2)
    assert await bench.shopify.order(order_id(IDA)) is not None
    assert len(bench.slept) == 2


async def test_a_read_before_a_write_that_fails_means_nothing_was_sent() -> None:
    bench = await opened(IDA)
    bench.faults.plan("shopify", "OneOrder", "malformed", times=3)
    with pytest.raises(VendorDown, match="nothing was sent"):
        await _move(bench)
    assert bench.world.ledger == []


async def test_losing_sight_after_the_cancellation_was_taken_is_unsure() -> None:
    bench = await opened(IDA)
    bench.faults.plan("shopify", "OneOrder", "unavailable_503", times=3)
    with pytest.raises(VendorUnsure, match="lost sight"):
        await _cancel(bench)
    assert len(bench.world.ledger) == 1


async def test_a_mutation_without_permit_never_leaves() -> None:
    bench = await opened(IDA)
    async with open_client("http://shopify.test", SecretStr("k"), transport=bench.shop_wire) as client:
        with pytest.raises(Unpermitted):
            await client.post(PATH, json={"query": "mutation M { tagsAdd(id: 1, tags: []) { node { id } } }"})
    assert bench.shop_wire.requests == []


def answering(body: Any, status: int = 200) -> Shopify:
    """An adapter whose shop always says this."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def no_sleep(seconds: float) -> None:
        return None

    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=content))
    return Shopify(open_client("http://shopify.test", SecretStr("k"), transport=transport), sleep=no_sleep)


DENIED = {"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}]}
INTERNAL = {"errors": [{"message": "no", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
HALF = DENIED | {"data": {"orderCancel": None}}
OTHER_RETURN = {
    "data": {
        "tagsAdd": None,
        "orderCancel": {"job": None, "orderCancelUserErrors": []},
    }
}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        pytest.param(DENIED, 200, VendorRefused, id="scope-missing"),
        pytest.param(INTERNAL, 200, VendorUnsure, id="internal"),
        pytest.param(HALF, 200, VendorUnsure, id="error-beside-data"),
        pytest.param({"errors": [{"message": "no"}]}, 200, VendorUnsure, id="error-without-code"),
        pytest.param({"errors": "[API] Invalid API key"}, 401, VendorRefused, id="key"),
        pytest.param({}, 402, VendorRefused, id="shop-frozen"),
        pytest.param({}, 200, VendorUnsure, id="no-data"),
        pytest.param({"data": {}}, 200, VendorUnsure, id="empty-data"),
        pytest.param({"data": {"orderCancel": {"job": {}}}}, 200, VendorUnsure, id="fields-missing"),
        pytest.param(OTHER_RETURN, 200, VendorUnsure, id="then-unreadable-order"),
        pytest.param(b"\xff{", 200, VendorUnsure, id="not-json"),
        pytest.param(b"<html>", 502, VendorUnsure, id="bad-gateway"),
    ],
)
async def test_what_an_answer_to_a_write_means(body: Any, status: int, kind: type[VendorError]) -> None:
    with pytest.raises(kind):
        await answering(body, status).cancel("1", permit())


@pytest.mark.parametrize(
    ("amount", "currency", "minor_units"),
    [
        ("49.0", "USD", 4900),
        ("49.99", "USD", 4999),
        ("0.01", "EUR", 1),
        ("4900.0", "JPY", 4900),
        ("200", "USD", 20000),
    ],
)
def test_money_is_whole_minor_units(amount: str, currency: str, minor_units: int) -> None:
    assert minor(Shop.model_validate({"amount": amount, "currencyCode": currency})) == minor_units


@pytest.mark.parametrize(("amount", "currency"), [("49.999", "USD"), ("4900.5", "JPY")])
def test_a_fraction_of_a_minor_unit_is_unreadable(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="minor units"):
        minor(Shop.model_validate({"amount": amount, "currencyCode": currency}))


@pytest.mark.parametrize(
    "gid", ["gid://shopify/Customer/1", "1", "gid://shopify/Order/", "gid://shopify/Order/1x"]
)
def test_only_an_orders_own_id_is_one(gid: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        bare(gid, "Order")
