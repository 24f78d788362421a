"""Billing's reads through the real door: only the principal's own rows, and what they say."""

from typing import Any

import pytest
from billing_bench import Bench, read

from core.conversation import Principal
from core.errors import ToolFailed
from core.ids import CustomerId
from tools.kit import Scope, given_ids
from tools.sandbox.people import PEOPLE, fresh, seed_person


async def ask(bench: Bench, tool: str, key: str, **args: object) -> Any:
    made = read(tool)
    return await made.run(made.args.model_validate(args), bench.scope(key))


async def test_mara_sees_both_charges_and_which_repeats_which(bench: Bench) -> None:
    found = await ask(bench, "find_charges", "mara")
    second, first = found.charges
    assert (second.id, second.duplicate_of, second.refundable) == ("ch_mara_second", "ch_mara_first", 4900)
    assert (first.id, first.duplicate_of, first.status) == ("ch_mara_first", None, "paid")
    assert (second.money, second.card, second.order_number) == ("$49.00", "Visa •••• 4242", "1042")
    assert second.created_at == "2026-11-17 12:02Z"
    assert set(given_ids(found)) == {("charge", "ch_mara_first"), ("charge", "ch_mara_second")}


@pytest.mark.parametrize(
    ("key", "status", "refundable"),
    [
        pytest.param("vera", "refunded", 0, id="refunded"),
        pytest.param("wim", "partly_refunded", 5000, id="partly"),
        pytest.param("ugo", "disputed", 0, id="disputed"),
        pytest.param("noor", "paid", 8900, id="paid"),
    ],
)
async def test_what_a_charge_says(bench: Bench, key: str, status: str, refundable: int) -> None:
    row = await ask(bench, "get_charge", key, charge_id=f"ch_{key}_main")
    assert (row.status, row.refundable) == (status, refundable)


async def test_a_failed_try_is_told_apart(bench: Bench) -> None:
    rows = {row.id: row for row in (await ask(bench, "find_charges", "ines")).charges}
    assert (rows["ch_ines_failed"].status, rows["ch_ines_failed"].refundable) == ("failed", 0)
    assert rows["ch_ines_main"].duplicate_of is None


async def test_a_refunded_first_payment_leaves_no_duplicate(bench: Bench) -> None:
    await bench.alter("stripe.charge", "ch_mara_first", amount_refunded=4900)
    assert [row.duplicate_of for row in (await ask(bench, "find_charges", "mara")).charges] == [None, None]


async def test_nobody_sees_what_is_not_theirs(bench: Bench) -> None:
    await seed_person(bench.world, fresh(PEOPLE[0], "twin"))
    for key in ("mara", "mara-twin", "paul", "cleo"):
        found = await ask(bench, "find_charges", key)
        assert {row.id for row in found.charges} == {
            row["id"] for row in bench.world.find("stripe.charge", owner=f"u_{key}")
        }
        invoices = await ask(bench, "list_invoices", key)
        assert {row.id for row in invoices.invoices} == {
            row["id"] for row in bench.world.find("stripe.invoice", owner=f"u_{key}")
        }


async def test_foreign_and_missing_are_refused_in_the_same_words(bench: Bench) -> None:
    said = set()
    for charge in ("ch_mara_first", "ch_nobody_at_all"):
        with pytest.raises(ToolFailed) as refused:
            await ask(bench, "get_charge", "paul", charge_id=charge)
        said.add(str(refused.value))
    for subscription in ("sub_olga", "sub_nobody"):
        with pytest.raises(ToolFailed) as refused:
            await ask(
                bench,
                "preview_plan_change",
                "paul",
                subscription_id=subscription,
                price_id="price_team_year",
            )
        said.add(str(refused.value))
    assert len(said) == 2


async def test_an_anonymous_visitor_has_nothing(bench: Bench) -> None:
    scope = bench.scope("mara")
    who = Principal(id=CustomerId("u_mara"), assurance="anonymous", links={"stripe": "cus_mara"})
    tool = read("find_charges")
    found: Any = await tool.run(tool.args(), Scope(who=who, systems=scope.systems, now=scope.now))
    assert found.charges == ()


async def test_a_link_is_used_before_the_search(bench: Bench) -> None:
    scope = bench.scope("mara")
    who = scope.who.model_copy(update={"id": CustomerId("internal-7"), "links": {"stripe": "cus_mara"}})
    tool = read("find_charges")
    found: Any = await tool.run(tool.args(), Scope(who=who, systems=scope.systems, now=scope.now))
    assert len(found.charges) == 2


async def test_two_customers_with_one_external_id_are_none(bench: Bench) -> None:
    twin = bench.row("stripe.customer", "cus_paul")
    await bench.alter("stripe.customer", "cus_paul", metadata={"external_id": "u_mara"})
    assert await bench.stripe.find_customer("u_mara") is None
    await bench.alter("stripe.customer", "cus_paul", metadata=twin["metadata"])
    assert await bench.stripe.find_customer("u_mara") == "cus_mara"
    assert await bench.stripe.find_customer("u_mara' OR name:'") is None


async def test_the_subscription_in_plain_words(bench: Bench) -> None:
    row = await ask(bench, "get_subscription", "uma")
    assert row.model_dump() == {
        "id": "sub_uma",
        "plan": "Team",
        "price": "price_team_month",
        "amount": 4900,
        "currency": "usd",
        "money": "$49.00",
        "interval": "month",
        "status": "active",
        "cancel_at_period_end": True,
        "period_end": "2026-12-05",
    }
    with pytest.raises(ToolFailed):
        await ask(bench, "get_subscription", "mara")


async def test_plans_and_what_a_change_costs(bench: Bench) -> None:
    plans = (await ask(bench, "list_plans", "olga")).plans
    assert [(plan.name, plan.money, plan.interval) for plan in plans] == [
        ("Starter", "$19.00", "month"),
        ("Team", "$49.00", "month"),
        ("Business", "$99.00", "month"),
        ("Starter", "$190.00", "year"),
        ("Team", "$490.00", "year"),
    ]
    cost = await ask(
        bench, "preview_plan_change", "olga", subscription_id="sub_olga", price_id="price_team_month"
    )
    assert (cost.due_now, cost.due_now_money, cost.next_money) == (1500, "$15.00", "$49.00")
    with pytest.raises(ToolFailed):
        await ask(bench, "preview_plan_change", "olga", subscription_id="sub_olga", price_id="price_gold")
    assert bench.effects == []


async def test_invoices_newest_first(bench: Bench) -> None:
    rows = (await ask(bench, "list_invoices", "tomas")).invoices
    assert (rows[0].number, rows[0].status) == ("NW-0003", "open")
    assert [row.created_at for row in rows] == sorted((row.created_at for row in rows), reverse=True)


async def test_cards_show_what_was_found(bench: Bench) -> None:
    for tool, key in (
        ("find_charges", "mara"),
        ("list_invoices", "paul"),
        ("get_subscription", "paul"),
        ("list_plans", "paul"),
    ):
        card = read(tool).card(await ask(bench, tool, key))
        assert card is not None
        assert card.rows
    assert read("find_charges").card(await ask(bench, "find_charges", "elif")) is None
