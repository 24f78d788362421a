"""The order tools: whose orders they show, the facts at each boundary, and what people are shown."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from shop_bench import NOW, Bench, delivered, opened, order_id, permit, person, waiting

from core.errors import ToolFailed, VendorRefused, VendorUnsure
from core.facts import misfits
from core.ids import ActionId
from tools.kit import ReadTool, WriteTool, given_ids, id_fields
from tools.orders.reads import READS
from tools.orders.writes import WRITES

READ: dict[str, ReadTool[Any]] = {tool.spec.name: tool for tool in READS}
WRITE: dict[str, WriteTool[Any]] = {tool.spec.name: tool for tool in WRITES}
NEW = {"line1": "9 Other Road", "city": "Shelbyville", "zip": "54321", "country": "US"}
IDA = person("ida", waiting(), delivered("1041", opened=False))
BO = person("bo", waiting("2001"), delivered("2000", opened=True))


async def read(bench: Bench, name: str, who: Any = IDA, **args: Any) -> Any:
    tool = READ[name]
    return await tool.run(tool.args(**args), bench.scope(who))


async def facts(bench: Bench, name: str, who: Any, **args: Any) -> dict[str, Any]:
    tool = WRITE[name]
    found = await tool.facts(tool.args(**args), bench.scope(who))
    assert misfits(found, tool.spec.facts) == []
    return found.values()


def args_of(name: str, order: str) -> dict[str, Any]:
    more = {"change_shipping_address": NEW, "open_return": {"reason": "damaged"}}
    return {"order_id": order} | more.get(name, {})


async def test_all_orders_are_the_customers_own_newest_first() -> None:
    found = await read(await opened(IDA, BO), "find_orders", order_number=None)
    assert [(row.number, row.status, row.money) for row in found.orders] == [
        ("1042", "unfulfilled", "$49.00"),
        ("1041", "delivered", "$49.00"),
    ]
    assert [kind for kind, _ in given_ids(found)] == ["order", "order"]


@pytest.mark.parametrize("number", ["1042", "#1042"])
async def test_a_number_finds_that_order_alone(number: str) -> None:
    found = await read(await opened(IDA, BO), "find_orders", order_number=number)
    assert [row.id for row in found.orders] == [order_id(IDA)]


async def test_a_foreign_number_and_a_missing_one_are_answered_alike_byte_by_byte() -> None:
    bench, said = await opened(IDA, BO), []
    for number in ("2001", "7777"):
        with pytest.raises(ToolFailed) as failed:
            await read(bench, "find_orders", order_number=number)
        said.append(str(failed.value).encode())
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["get_order", "track_order"])
async def test_a_foreign_id_and_a_missing_one_are_answered_alike_byte_by_byte(name: str) -> None:
    bench, said = await opened(IDA, BO), []
    for order in (order_id(BO, "2001"), "100000000001", "not_a_number"):
        with pytest.raises(ToolFailed) as failed:
            await read(bench, name, order_id=order)
        said.append(str(failed.value).encode())
    assert len(set(said)) == 1


async def test_who_is_no_customer_of_the_shop_has_no_orders() -> None:
    bench = await opened(IDA)
    tool = READ["find_orders"]
    for nobody in (bench.stranger(IDA), bench.anonymous(IDA)):
        assert (await tool.run(tool.args(order_number=None), nobody)).orders == ()
        with pytest.raises(ToolFailed):
            await tool.run(tool.args(order_number="1042"), nobody)


async def test_who_is_not_linked_yet_is_found_by_external_id() -> None:
    bench, tool = await opened(IDA, BO), READ["find_orders"]
    found = await tool.run(tool.args(order_number=None), bench.unlinked(IDA))
    assert [row.number for row in found.orders] == ["1042", "1041"]


@pytest.mark.parametrize("number", ["1042 OR name:*", '"', "", "1" * 33, "10\n42"])
def test_a_number_cannot_carry_a_search(number: str) -> None:
    with pytest.raises(ValidationError):
        READ["find_orders"].args(order_number=number)


async def test_several_items_read_as_a_list() -> None:
    ida = person("ida", waiting(items=("Lamp", "Bulb")))
    found = await read(await opened(ida), "get_order", order_id=order_id(ida))
    assert (found.items, found.created_at) == ("Lamp, Bulb", "2026-11-18T12:00:00+00:00")


@pytest.mark.parametrize(
    ("order", "late", "summary"),
    [
        pytest.param(
            waiting(),
            False,
            "Order 1042 was placed on November 18, 2026 and has not been sent yet.",
            id="waiting",
        ),
        pytest.param(
            waiting(status="cancelled"),
            False,
            "Order 1042 was cancelled and will not be sent.",
            id="cancelled",
        ),
        pytest.param(delivered(), False, "Order 1042 was delivered on November 16, 2026.", id="delivered"),
        pytest.param(
            waiting(status="fulfilled", shipped_days_ago=1, estimated_in_days=0),
            False,
            "was sent on November 19, 2026 with {carrier}, tracking number {tracking}. It should arrive by November 20, 2026.",
            id="due-today",
        ),
        pytest.param(
            waiting(status="fulfilled", shipped_days_ago=2, estimated_in_days=-1),
            True,
            "was sent on November 18, 2026 with {carrier}, tracking number {tracking}. "
            "It was due on November 19, 2026 and is late.",
            id="due-yesterday",
        ),
        pytest.param(
            waiting(status="fulfilled", shipped_days_ago=1),
            False,
            "The carrier gives no delivery date.",
            id="no-date",
        ),
        pytest.param(
            waiting(status="partly_fulfilled", items=("Lamp", "Bulb"), shipped_days_ago=1),
            False,
            "Part of order 1042 was sent on November 19, 2026",
            id="in-part",
        ),
    ],
)
async def test_where_an_order_is_in_one_honest_sentence(order: Any, late: bool, summary: str) -> None:
    ida = person("ida", order)
    found = await read(await opened(ida), "track_order", who=ida, order_id=order_id(ida))
    assert found.late is late
    assert summary.format(carrier=found.carrier, tracking=found.tracking_number) in found.summary


@pytest.mark.parametrize("name", sorted(WRITE))
def test_the_order_named_is_an_id_with_provenance_and_the_one_target(name: str) -> None:
    tool = WRITE[name]
    assert id_fields(tool.args) == {"order_id": "order"}
    assert tool.targets(tool.args(**args_of(name, "7"))) == ("order:7",)
    assert tool.money(tool.args(**args_of(name, "7"))) is None


@pytest.mark.parametrize("name", sorted(WRITE))
async def test_a_write_is_owned_by_the_orders_customer_alone(name: str) -> None:
    bench = await opened(IDA, BO)
    tool = WRITE[name]
    mine = tool.args(**args_of(name, order_id(IDA)))
    assert await tool.owned(mine, bench.scope(IDA)) is True
    assert await tool.owned(mine, bench.scope(BO)) is False
    assert await tool.owned(mine, bench.unlinked(IDA)) is True
    assert await tool.owned(mine, bench.stranger(IDA)) is False
    assert await tool.owned(mine, bench.anonymous(IDA)) is False
    assert await tool.owned(tool.args(**args_of(name, "1")), bench.scope(IDA)) is False
    assert (await tool.facts(mine, bench.scope(BO))).facts == {}


@pytest.mark.parametrize("name", sorted(WRITE))
async def test_a_foreign_order_is_not_written_even_with_a_permit(name: str) -> None:
    bench = await opened(IDA, BO)
    tool = WRITE[name]
    with pytest.raises(VendorRefused, match="not there any more"):
        await tool.execute(tool.args(**args_of(name, order_id(BO, "2000"))), permit(), bench.scope(IDA))
    assert bench.world.ledger == []


@pytest.mark.parametrize("name", sorted(WRITE))
@pytest.mark.parametrize("extra", [{"permit": "x"}, {"customer": "u_bo"}, {"refund": True}])
def test_unknown_arguments_are_refused(name: str, extra: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WRITE[name].args(**args_of(name, "1"), **extra)


async def test_facts_of_an_order_that_waits() -> None:
    found = await facts(await opened(IDA), "cancel_order", IDA, order_id=order_id(IDA))
    assert found == {
        "order.number": "1042",
        "order.status": "unfulfilled",
        "order.fulfilled": False,
        "order.cancelled": False,
        "order.total": 4900,
        "order.currency": "usd",
        "order.age_hours": 48,
        "order.open_returns": 0,
        "customer.tier": "standard",
        "customer.tier_known": True,
        "customer.health": "good",
    }


@pytest.mark.parametrize(
    ("order", "fulfilled", "cancelled"),
    [
        (waiting(), False, False),
        (waiting(status="partly_fulfilled", items=("Lamp", "Bulb")), True, False),
        (waiting(status="fulfilled"), True, False),
        (delivered(), True, False),
        (waiting(status="cancelled"), False, True),
    ],
)
async def test_fulfilled_and_cancelled_at_each_status(order: Any, fulfilled: bool, cancelled: bool) -> None:
    ida = person("ida", order)
    found = await facts(await opened(ida), "cancel_order", ida, order_id=order_id(ida))
    assert (found["order.fulfilled"], found["order.cancelled"]) == (fulfilled, cancelled)


@pytest.mark.parametrize(
    ("ago", "days"),
    [
        pytest.param(timedelta(0), 0, id="this-second"),
        pytest.param(timedelta(days=1, seconds=-1), 0, id="almost-a-day"),
        pytest.param(timedelta(days=30), 30, id="day-30"),
        pytest.param(timedelta(days=31, seconds=-1), 30, id="last-second-of-day-30"),
        pytest.param(timedelta(days=31), 31, id="day-31"),
        pytest.param(timedelta(seconds=-1), None, id="in-the-future"),
    ],
)
async def test_days_since_delivery_are_whole_and_never_negative(ago: timedelta, days: int | None) -> None:
    ida = person("ida", delivered(delivered_days_ago=ago.total_seconds() / 86400))
    found = await facts(await opened(ida), "open_return", ida, order_id=order_id(ida), reason="damaged")
    assert found["order.delivered_known"] is (days is not None)
    assert found.get("order.days_since_delivery") == days
    assert found.get("order.delivered_at") == (None if days is None else NOW - ago)


@pytest.mark.parametrize(
    ("order", "known"),
    [
        pytest.param(waiting(status="fulfilled"), False, id="on-its-way"),
        pytest.param(
            waiting(status="partly_fulfilled", items=("A", "B"), delivered_days_ago=1),
            False,
            id="a-part-came",
        ),
        pytest.param(delivered(), True, id="all-came"),
    ],
)
async def test_delivered_is_known_only_when_everything_came(order: Any, known: bool) -> None:
    ida = person("ida", order)
    found = await facts(await opened(ida), "open_return", ida, order_id=order_id(ida), reason="damaged")
    assert found["order.delivered_known"] is known


@pytest.mark.parametrize(("given", "known"), [(True, True), (False, True), (None, False)])
async def test_opened_is_left_out_when_the_metafield_is_missing(given: bool | None, known: bool) -> None:
    ida = person("ida", delivered(opened=given))
    found = await facts(await opened(ida), "open_return", ida, order_id=order_id(ida), reason="damaged")
    assert found["order.opened_known"] is known
    assert found.get("order.opened") is given


async def test_an_open_return_leaves_nothing_to_send_back() -> None:
    ida = person(
        "ida", delivered(items=("Lamp", "Bulb"), open_return=True), delivered("1041", items=("A", "B"))
    )
    bench = await opened(ida)
    back = await facts(bench, "open_return", ida, order_id=order_id(ida), reason="other")
    assert (back["order.open_returns"], back["order.returnable"]) == (1, 0)
    free = await facts(bench, "open_return", ida, order_id=order_id(ida, "1041"), reason="other")
    assert (free["order.open_returns"], free["order.returnable"], free["return.reason"]) == (0, 2, "other")


@pytest.mark.parametrize(
    ("change", "well_formed", "same_country"),
    [
        pytest.param({}, True, True, id="whole"),
        pytest.param({"country": "CA"}, True, False, id="other-country"),
        pytest.param({"country": "XX"}, False, False, id="no-country"),
        pytest.param({"line1": "7"}, False, True, id="number-only"),
        pytest.param({"line1": "Rd\n9"}, False, True, id="line-break"),
        pytest.param({"city": "http://x.example.com"}, False, True, id="link"),
        pytest.param({"zip": "-"}, False, True, id="no-postcode"),
        pytest.param({"zip": "SW1A 2AA"}, True, True, id="postcode-with-letters"),
    ],
)
async def test_address_facts(change: dict[str, str], well_formed: bool, same_country: bool) -> None:
    args = {"order_id": order_id(IDA)} | NEW | change
    found = await facts(await opened(IDA), "change_shipping_address", IDA, **args)
    assert (found["address.well_formed"], found["address.same_country"]) == (well_formed, same_country)


async def test_an_order_without_an_address_has_no_country_to_compare() -> None:
    bench = await opened(IDA)
    async with bench.world.change() as change:
        record = change.get("shopify.order", order_id(IDA))
        assert record is not None
        change.put("shopify.order", order_id(IDA), record | {"address": None})
    found = await facts(
        bench, "change_shipping_address", IDA, **args_of("change_shipping_address", order_id(IDA))
    )
    assert "address.same_country" not in found


@pytest.mark.parametrize(
    ("more", "tier", "health"),
    [
        ({"tier": "vip"}, "vip", "good"),
        ({"tier": None}, None, "good"),
        ({"health": "at_risk"}, "standard", "at_risk"),
    ],
)
async def test_the_customers_tier_and_health_come_along(more: Any, tier: str | None, health: str) -> None:
    ida = person("ida", waiting(), **more)
    found = await facts(await opened(ida), "cancel_order", ida, order_id=order_id(ida))
    assert found["customer.tier_known"] is (tier is not None)
    assert found.get("customer.tier") == tier
    assert found["customer.health"] == health


async def test_a_crm_that_is_down_leaves_the_tier_unknown() -> None:
    bench = await opened(IDA)
    bench.faults.plan("hubspot", "contacts", "timeout_before", times=3)
    found = await facts(bench, "cancel_order", IDA, order_id=order_id(IDA))
    assert found["customer.tier_known"] is False
    assert found["customer.health"] == "unknown"
    assert "customer.tier" not in found


EXECUTED = [
    pytest.param("cancel_order", "1042", "order_cancel", "Order 1042 cancelled", id="cancel"),
    pytest.param(
        "change_shipping_address", "1042", "address_change", "Order 1042 goes to another address", id="move"
    ),
    pytest.param("open_return", "1041", "return_open", "Return opened for order 1041", id="return"),
]


@pytest.mark.parametrize(("name", "number", "effect", "title"), EXECUTED)
async def test_a_write_is_one_effect_and_its_receipt(name: str, number: str, effect: str, title: str) -> None:
    bench, tool = await opened(IDA), WRITE[name]
    args = tool.args(**args_of(name, order_id(IDA, number)))
    receipt = await tool.execute(args, permit(), bench.scope(IDA))
    (done,) = bench.world.ledger
    assert (done.kind, done.object, done.owner, done.action_id) == (
        effect,
        order_id(IDA, number),
        "u_ida",
        "act_one",
    )
    assert (receipt.kind, receipt.object, receipt.title, receipt.at) == (effect, done.object, title, NOW)
    again = await tool.look_up(args, ActionId("act_one"), bench.scope(IDA))
    assert again is not None
    assert (again.reference, again.at) == (receipt.reference, receipt.at)
    assert await tool.look_up(args, ActionId("act_two"), bench.scope(IDA)) is None


@pytest.mark.parametrize(("name", "number", "effect", "title"), EXECUTED)
async def test_a_lost_answer_is_looked_up_by_the_tag(name: str, number: str, effect: str, title: str) -> None:
    bench, tool = await opened(IDA), WRITE[name]
    args = tool.args(**args_of(name, order_id(IDA, number)))
    bench.faults.plan("shopify", "mutation", "timeout_after")
    with pytest.raises(VendorUnsure):
        await tool.execute(args, permit(), bench.scope(IDA))
    receipt = await tool.look_up(args, ActionId("act_one"), bench.scope(IDA))
    assert receipt is not None
    assert (receipt.kind, receipt.title) == (effect, title)
    record = bench.world.get("shopify.order", order_id(IDA, number))
    assert record is not None
    assert record["tags"] == ["remit:act_one"]
    assert len(bench.world.ledger) == 1


async def test_a_receipt_of_a_new_address_keeps_the_former_one() -> None:
    bench, tool = await opened(IDA), WRITE["change_shipping_address"]
    receipt = await tool.execute(
        tool.args(**args_of(tool.spec.name, order_id(IDA))), permit(), bench.scope(IDA)
    )
    (line,) = receipt.lines
    assert line.before == "1 Sample Street, Springfield 12345, US"
    assert line.after == "9 Other Road, Shelbyville 54321, US"


async def test_previews_are_rendered_from_arguments_and_facts() -> None:
    bench = await opened(IDA)
    shown = {}
    for name, number in (
        ("cancel_order", "1042"),
        ("change_shipping_address", "1042"),
        ("open_return", "1041"),
    ):
        tool = WRITE[name]
        args = tool.args(**args_of(name, order_id(IDA, number)))
        preview = tool.preview(args, await tool.facts(args, bench.scope(IDA)))
        shown[preview.title] = [(line.label, line.after) for line in preview.lines]
    assert shown == {
        "Cancel order 1042": [("Order total", "$49.00")],
        "Send order 1042 to another address": [("Ship to", "9 Other Road, Shelbyville 54321, US")],
        "Open a return for order 1041": [
            ("Reason", "It arrived damaged"),
            ("Items", "1"),
            ("Order total", "$49.00"),
        ],
    }


async def test_an_order_that_vanished_cannot_be_looked_up_away() -> None:
    bench, tool = await opened(IDA), WRITE["change_shipping_address"]
    args = tool.args(**args_of(tool.spec.name, order_id(IDA)))
    await tool.execute(args, permit(), bench.scope(IDA))
    scope = bench.scope(IDA)
    moved = replace(scope, who=scope.who.model_copy(update={"links": {"shopify": "1"}}))
    with pytest.raises(VendorUnsure):
        await tool.look_up(args, ActionId("act_one"), moved)
