"""refund_charge through the real adapter and door: facts on both sides of each line, one effect, no doubt hidden."""

import pytest
from billing_bench import Bench, permit, person, write
from pydantic import ValidationError

from core.errors import VendorBusy, VendorDown, VendorRefused, VendorUnsure
from core.facts import misfits
from tools.billing.refund import RefundArgs
from tools.sandbox.persona import PersonaCharge, PersonaOrder

TOOL = write("refund_charge")


def args(
    charge: str, amount: int = 4900, currency: str = "usd", reason: str = "requested_by_customer"
) -> RefundArgs:
    return RefundArgs.model_validate(
        {"charge_id": charge, "amount": amount, "currency": currency, "reason": reason}
    )


async def facts_of(bench: Bench, key: str, **more: object) -> dict[str, object]:
    found = await TOOL.facts(args(f"ch_{key}_main", **more), bench.scope(key))  # type: ignore[arg-type]
    assert misfits(found, TOOL.spec.facts) == []
    return dict(found.values())


async def test_facts_of_a_simple_case(bench: Bench) -> None:
    known = await facts_of(bench, "noor", amount=8900)
    created, delivered = known.pop("charge.created_at"), known.pop("order.delivered_at")
    assert created < delivered  # type: ignore[operator]
    assert known == {
        "charge.paid": True,
        "charge.amount": 8900,
        "charge.remaining": 8900,
        "charge.amount_refunded": 0,
        "charge.currency": "usd",
        "charge.age_days": 34,
        "charge.disputed": False,
        "charge.is_duplicate": False,
        "charge.method_known": True,
        "charge.card": "Visa •••• 4242",
        "refund.amount": 8900,
        "refund.currency": "usd",
        "refund.full": True,
        "refund.reason": "requested_by_customer",
        "order.known": True,
        "order.number": "1101",
        "order.opened_known": True,
        "order.opened": False,
        "order.delivered_known": True,
        "order.days_since_delivery": 30,
        "customer.refunds_90d": 0,
        "customer.tier": "standard",
        "customer.tier_known": True,
        "customer.health": "good",
    }


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("noor", {"order.days_since_delivery": 30}, id="day-30"),
        pytest.param("otis", {"order.days_since_delivery": 31}, id="day-31"),
        pytest.param("pia", {"order.opened": True, "order.opened_known": True}, id="opened"),
        pytest.param("quentin", {"order.opened_known": False}, id="opened-unknown"),
        pytest.param("rosa", {"charge.remaining": 19_999}, id="under-200"),
        pytest.param("sami", {"charge.remaining": 20_000}, id="exactly-200"),
        pytest.param("tess", {"charge.remaining": 20_001}, id="over-200"),
        pytest.param("ugo", {"charge.disputed": True, "charge.remaining": 0}, id="disputed"),
        pytest.param("vera", {"charge.remaining": 0, "charge.amount_refunded": 5900}, id="refunded"),
        pytest.param("wim", {"charge.remaining": 5000, "charge.amount_refunded": 4000}, id="partly"),
        pytest.param("yuki", {"charge.currency": "jpy"}, id="yen"),
        pytest.param("zoe", {"charge.currency": "eur"}, id="euro"),
        pytest.param("ada", {"customer.tier": "vip"}, id="vip"),
        pytest.param("boris", {"customer.health": "at_risk"}, id="at-risk"),
        pytest.param("carl", {"customer.tier_known": False, "customer.health": "unknown"}, id="tier-unknown"),
        pytest.param("finn", {"order.days_since_delivery": 0}, id="hours-ago"),
        pytest.param("xavi", {"order.delivered_known": False, "order.known": True}, id="not-delivered"),
    ],
)
async def test_facts_on_both_sides_of_each_line(bench: Bench, key: str, expected: dict[str, object]) -> None:
    known = await facts_of(bench, key)
    assert {name: known.get(name) for name in expected} == expected


async def test_what_is_unknown_is_left_out(bench: Bench) -> None:
    assert "order.opened" not in await facts_of(bench, "quentin")
    assert "order.days_since_delivery" not in await facts_of(bench, "xavi")
    assert "customer.tier" not in await facts_of(bench, "carl")


async def test_a_delivery_in_the_future_is_not_known(bench: Bench) -> None:
    order = PersonaOrder(
        number="1900", total=4900, status="delivered", days_ago=2, delivered_days_ago=-1, opened=False
    )
    early = person("finn").model_copy(
        update={
            "key": "early",
            "orders": (order,),
            "charges": (PersonaCharge(key="main", amount=4900, days_ago=2, order="1900"),),
        }
    )
    await bench.seeded(early)
    known = await facts_of(bench, "early")
    assert known["order.delivered_known"] is False
    assert "order.days_since_delivery" not in known
    assert "order.delivered_at" not in known


async def test_an_order_of_somebody_else_is_not_known(bench: Bench) -> None:
    borrowed = person("finn").model_copy(
        update={
            "key": "borrower",
            "orders": (),
            "charges": (PersonaCharge(key="main", amount=8900, days_ago=5, order="1101"),),
        }
    )
    await bench.seeded(borrowed)
    known = await facts_of(bench, "borrower")
    assert (known["order.known"], known["order.delivered_known"], known["order.opened_known"]) == (
        False,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("charge", "is_duplicate"),
    [
        pytest.param("ch_mara_second", True, id="two-minutes-later"),
        pytest.param("ch_mara_first", False, id="the-first-one"),
        pytest.param("ch_harper_again", True, id="23-hours-later"),
        pytest.param("ch_greta_again", False, id="26-hours-later"),
        pytest.param("ch_henk_two", False, id="another-order"),
        pytest.param("ch_ines_main", False, id="after-a-failed-try"),
    ],
)
async def test_duplicates(bench: Bench, charge: str, is_duplicate: bool) -> None:
    key = charge.split("_")[1]
    found = await TOOL.facts(args(charge), bench.scope(key))
    assert found.get("charge.is_duplicate") is is_duplicate


async def test_recent_refunds_are_counted(bench: Bench) -> None:
    found = await TOOL.facts(args("ch_cleo_c0", 3900), bench.scope("cleo"))
    assert found.get("customer.refunds_90d") == 3
    await bench.alter("stripe.refund", "re_cleo_c1_1", status="failed")
    found = await TOOL.facts(args("ch_cleo_c0", 3900), bench.scope("cleo"))
    assert found.get("customer.refunds_90d") == 2


async def test_a_foreign_charge_is_as_a_missing_one(bench: Bench) -> None:
    scope = bench.scope("noor")
    for charge in ("ch_mara_first", "ch_nobody_main"):
        assert not await TOOL.owned(args(charge), scope)
        assert (await TOOL.facts(args(charge), scope)).facts == {}
        with pytest.raises(VendorRefused, match="no such payment in this currency"):
            await TOOL.execute(args(charge), permit(), scope)
    assert await TOOL.owned(args("ch_noor_main"), scope)
    assert bench.effects == []


async def test_a_refund_moves_exactly_this_money_once(bench: Bench) -> None:
    scope = bench.scope("mara")
    wanted = args("ch_mara_second", reason="duplicate")
    receipt = await TOOL.execute(wanted, permit(), scope)
    again = await TOOL.execute(wanted, permit(), scope)
    assert receipt == again
    assert receipt.title == "Refunded $49.00 to Visa •••• 4242"
    assert (receipt.kind, receipt.object, receipt.amount, receipt.currency) == (
        "refund",
        "ch_mara_second",
        4900,
        "usd",
    )
    [effect] = bench.effects
    assert (effect.kind, effect.object, effect.amount, effect.currency, effect.action_id, effect.owner) == (
        "refund",
        "ch_mara_second",
        4900,
        "usd",
        "act_1",
        "u_mara",
    )
    assert await TOOL.look_up(wanted, permit().action_id, scope) == receipt
    assert await TOOL.look_up(wanted, permit("2").action_id, scope) is None


async def test_the_preview_is_made_from_arguments_and_facts(bench: Bench) -> None:
    wanted = args("ch_wim_main", 1000)
    preview = TOOL.preview(wanted, await TOOL.facts(wanted, bench.scope("wim")))
    assert preview.title == "Refund $10.00 to Visa •••• 4242"
    assert {line.label: (line.before, line.after) for line in preview.lines} == {
        "Amount": (None, "$10.00"),
        "Order": (None, "1110"),
        "Payment": (None, "$90.00"),
        "Left on the payment": ("$50.00", "$40.00"),
        "Reason": (None, "asked for by the customer"),
    }
    assert TOOL.targets(wanted) == ("charge:ch_wim_main",)
    assert str(TOOL.money(wanted)) == "$10.00"


async def test_yen_have_no_cents(bench: Bench) -> None:
    receipt = await TOOL.execute(args("ch_yuki_main", 4900, "jpy"), permit(), bench.scope("yuki"))
    assert receipt.title == "Refunded ¥4,900 to Visa •••• 4242"


@pytest.mark.parametrize(
    ("charge", "amount", "currency"),
    [
        pytest.param("ch_wim_main", 5001, "usd", id="more-than-left"),
        pytest.param("ch_vera_main", 1, "usd", id="refunded-already"),
        pytest.param("ch_ugo_main", 1, "usd", id="disputed"),
        pytest.param("ch_zoe_main", 5900, "usd", id="other-currency"),
        pytest.param("ch_ines_failed", 5900, "usd", id="never-paid"),
    ],
)
async def test_what_cannot_be_refunded_is_refused(
    bench: Bench, charge: str, amount: int, currency: str
) -> None:
    with pytest.raises(VendorRefused):
        await TOOL.execute(args(charge, amount, currency), permit(), bench.scope(charge.split("_")[1]))
    assert bench.effects == []


async def test_a_lost_answer_is_unsure_and_found_by_its_action(bench: Bench) -> None:
    scope, wanted = bench.scope("mara"), args("ch_mara_second")
    bench.fail("POST /v1/refunds", "timeout_after")
    with pytest.raises(VendorUnsure):
        await TOOL.execute(wanted, permit(), scope)
    assert len(bench.effects) == 1
    found = await TOOL.look_up(wanted, permit().action_id, scope)
    assert found is not None
    assert found.object == "ch_mara_second"
    assert await TOOL.execute(wanted, permit(), scope) == found
    assert len(bench.effects) == 1


async def test_a_request_that_never_arrived_is_unsure_and_not_found(bench: Bench) -> None:
    scope, wanted = bench.scope("mara"), args("ch_mara_second")
    bench.fail("POST /v1/refunds", "timeout_before")
    with pytest.raises(VendorUnsure):
        await TOOL.execute(wanted, permit(), scope)
    assert await TOOL.look_up(wanted, permit().action_id, scope) is None
    await TOOL.execute(wanted, permit(), scope)
    assert len(bench.effects) == 1


async def test_a_saved_500_stays_and_is_never_a_second_refund(bench: Bench) -> None:
    scope, wanted = bench.scope("mara"), args("ch_mara_second")
    bench.fail("POST /v1/refunds", "saved_500")
    for _ in range(3):
        with pytest.raises(VendorUnsure):
            await TOOL.execute(wanted, permit(), scope)
    assert await TOOL.look_up(wanted, permit().action_id, scope) is None
    assert bench.effects == []


@pytest.mark.parametrize("kind", ["malformed", "drop"])
async def test_an_unreadable_answer_is_unsure(bench: Bench, kind: str) -> None:
    scope, wanted = bench.scope("mara"), args("ch_mara_second")
    bench.fail("POST /v1/refunds", kind)
    with pytest.raises(VendorUnsure):
        await TOOL.execute(wanted, permit(), scope)
    assert await TOOL.look_up(wanted, permit().action_id, scope) is not None
    assert len(bench.effects) == 1


@pytest.mark.parametrize("kind", ["busy", "unavailable_503"])
async def test_turned_away_at_the_door_nothing_happened(bench: Bench, kind: str) -> None:
    bench.fail("POST /v1/refunds", kind)
    with pytest.raises(VendorBusy) as busy:
        await TOOL.execute(args("ch_mara_second"), permit(), bench.scope("mara"))
    assert busy.value.retry_after == 1
    assert bench.effects == []


async def test_a_vendor_that_is_gone_is_down(bench: Bench) -> None:
    scope = bench.scope("mara")
    await bench.running.stop()
    with pytest.raises(VendorDown):
        await bench.stripe.refunds("ch_mara_second")
    with pytest.raises(VendorDown):
        await TOOL.owned(args("ch_mara_second"), scope)


async def test_reads_are_tried_again(bench: Bench) -> None:
    bench.fail("GET /v1/charges/ch_mara_second", "timeout_before", times=2)
    assert await TOOL.owned(args("ch_mara_second"), bench.scope("mara"))
    bench.fail("GET /v1/charges/ch_mara_second", "malformed", times=3)
    with pytest.raises(VendorUnsure):
        await TOOL.owned(args("ch_mara_second"), bench.scope("mara"))


async def test_a_refund_under_our_id_of_another_amount_is_no_proof(bench: Bench) -> None:
    scope = bench.scope("mara")
    await TOOL.execute(args("ch_mara_second", 100), permit(), scope)
    with pytest.raises(VendorUnsure):
        await TOOL.look_up(args("ch_mara_second", 200), permit().action_id, scope)
    with pytest.raises(VendorUnsure):
        await bench.stripe.refund("ch_mara_second", TOOL.money(args("x", 200)), "duplicate", permit())  # type: ignore[arg-type]
    assert len(bench.effects) == 1


async def test_a_failed_refund_is_not_reported_as_done(bench: Bench) -> None:
    scope, wanted = bench.scope("mara"), args("ch_mara_second")
    await TOOL.execute(wanted, permit(), scope)
    await bench.alter("stripe.refund", "re_mara_second_1", status="failed")
    with pytest.raises(VendorUnsure):
        await TOOL.look_up(wanted, permit().action_id, scope)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"amount": 0}, id="zero"),
        pytest.param({"amount": -1}, id="negative"),
        pytest.param({"amount": 49.0}, id="float"),
        pytest.param({"amount": "4900"}, id="text"),
        pytest.param({"amount": True}, id="bool"),
        pytest.param({"amount": 10**12}, id="huge"),
        pytest.param({"currency": "USD"}, id="upper-case"),
        pytest.param({"currency": "dollars"}, id="no-currency"),
        pytest.param({"reason": "fraudulent"}, id="reason"),
        pytest.param({"charge_id": "ch/../x"}, id="id"),
        pytest.param({"customer": "cus_mara"}, id="extra"),
    ],
)
def test_ill_typed_arguments_are_no_arguments(wrong: dict[str, object]) -> None:
    good = {"charge_id": "ch_a", "amount": 1, "currency": "usd", "reason": "duplicate"}
    assert RefundArgs.model_validate(good)
    with pytest.raises(ValidationError):
        RefundArgs.model_validate({**good, **wrong})
