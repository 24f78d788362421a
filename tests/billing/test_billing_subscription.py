"""Cancel, resume and change a plan through the real door: facts, previews, one effect each, lost answers found."""

from typing import Any

import pytest
from billing_bench import Bench, permit, write

from core.actions import Receipt
from core.errors import VendorRefused, VendorUnsure
from core.facts import misfits
from tools.kit import WriteTool

CANCEL, RESUME, CHANGE = write("cancel_subscription"), write("resume_subscription"), write("change_plan")


def made(tool: WriteTool[Any], **args: object) -> Any:
    return tool.args.model_validate(args)


def ending(key: str, when: str = "period_end") -> Any:
    return made(CANCEL, subscription_id=f"sub_{key}", when=when)


def moving(key: str, price: str) -> Any:
    return made(CHANGE, subscription_id=f"sub_{key}", price_id=f"price_{price}")


def keeping(key: str) -> Any:
    return made(RESUME, subscription_id=f"sub_{key}")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("paul", {"subscription.status": "active", "subscription.active": True}, id="active"),
        pytest.param(
            "tomas", {"subscription.status": "past_due", "subscription.active": False}, id="past-due"
        ),
        pytest.param("viktor", {"subscription.status": "canceled", "subscription.active": False}, id="ended"),
        pytest.param("uma", {"subscription.cancel_at_period_end": True}, id="ending"),
        pytest.param("sofia", {"subscription.interval": "year", "subscription.days_left": 330}, id="yearly"),
        pytest.param("abel", {"subscription.age_days": 5, "subscription.days_left": 25}, id="young"),
        pytest.param("britt", {"customer.tier": "vip", "subscription.amount": 9900}, id="vip"),
    ],
)
async def test_facts_of_a_subscription(bench: Bench, key: str, expected: dict[str, object]) -> None:
    found = await CANCEL.facts(ending(key), bench.scope(key))
    assert misfits(found, CANCEL.spec.facts) == []
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(("when", "now"), [("now", True), ("period_end", False)])
async def test_cancelling_now_is_a_fact(bench: Bench, when: str, now: bool) -> None:
    assert (await CANCEL.facts(ending("paul", when), bench.scope("paul"))).get("cancel.now") is now


@pytest.mark.parametrize(
    ("key", "price", "expected"),
    [
        pytest.param(
            "olga",
            "team_month",
            {
                "plan.is_upgrade": True,
                "plan.same_interval": True,
                "plan.new_amount": 4900,
                "plan.due_now": 1500,
            },
            id="upgrade",
        ),
        pytest.param(
            "paul", "starter_month", {"plan.is_upgrade": False, "plan.due_now": -1500}, id="downgrade"
        ),
        pytest.param(
            "paul",
            "team_year",
            {"plan.is_upgrade": False, "plan.same_interval": False, "plan.due_now": 46_550},
            id="to-yearly-is-cheaper-per-year",
        ),
        pytest.param("paul", "team_month", {"plan.due_now": 0, "plan.is_upgrade": False}, id="same-plan"),
    ],
)
async def test_facts_of_a_change(bench: Bench, key: str, price: str, expected: dict[str, object]) -> None:
    found = await CHANGE.facts(moving(key, price), bench.scope(key))
    assert misfits(found, CHANGE.spec.facts) == []
    assert {name: found.get(name) for name in expected} == expected


async def test_a_plan_that_is_not_on_offer_is_nobodys(bench: Bench) -> None:
    scope = bench.scope("paul")
    assert await CHANGE.owned(moving("paul", "business_month"), scope)
    assert not await CHANGE.owned(moving("paul", "gold_month"), scope)
    await bench.alter("stripe.price", "price_business_month", active=False)
    assert not await CHANGE.owned(moving("paul", "business_month"), scope)
    assert "plan.new_amount" not in (await CHANGE.facts(moving("paul", "gold_month"), scope)).facts


@pytest.mark.parametrize("key", ["olga", "nobody"])
async def test_a_foreign_subscription_is_as_a_missing_one(bench: Bench, key: str) -> None:
    scope = bench.scope("paul")
    for tool, args in ((CANCEL, ending(key)), (RESUME, keeping(key)), (CHANGE, moving(key, "team_month"))):
        assert not await tool.owned(args, scope)
        assert (await tool.facts(args, scope)).facts == {}
        with pytest.raises(VendorRefused, match="no such subscription"):
            await tool.execute(args, permit(), scope)
    assert bench.effects == []


async def done(bench: Bench, tool: WriteTool[Any], key: str, args: Any, name: str = "1") -> Receipt:
    receipt = await tool.execute(args, permit(name), bench.scope(key))
    assert await tool.look_up(args, permit(name).action_id, bench.scope(key)) == receipt
    return receipt


async def test_cancelling_for_the_end_and_keeping_it_after_all(bench: Bench) -> None:
    receipt = await done(bench, CANCEL, "paul", ending("paul"))
    assert receipt.title == "Cancelled the Team plan; it runs until December 5, 2026"
    receipt = await done(bench, RESUME, "paul", keeping("paul"), "2")
    assert receipt.title == "The Team plan goes on; it renews on December 5, 2026"
    assert [(e.kind, e.action_id) for e in bench.effects] == [
        ("subscription_cancel", "act_1"),
        ("subscription_resume", "act_2"),
    ]


async def test_cancelling_now(bench: Bench) -> None:
    receipt = await done(bench, CANCEL, "paul", ending("paul", "now"))
    assert receipt.title == "Cancelled the Team plan"
    with pytest.raises(VendorRefused):
        await CANCEL.execute(ending("paul", "now"), permit("2"), bench.scope("paul"))
    with pytest.raises(VendorRefused):
        await RESUME.execute(keeping("paul"), permit("3"), bench.scope("paul"))
    assert [(e.kind, e.action_id, e.detail) for e in bench.effects] == [
        ("subscription_cancel", "act_1", {"when": "now"})
    ]


async def test_changing_the_plan(bench: Bench) -> None:
    receipt = await done(bench, CHANGE, "olga", moving("olga", "team_month"))
    assert receipt.title == "Changed the plan to Team, $49.00 per month"
    assert await CHANGE.execute(moving("olga", "team_month"), permit(), bench.scope("olga")) == receipt
    assert [(e.kind, e.object, e.amount, e.action_id) for e in bench.effects] == [
        ("plan_change", "sub_olga", 1500, "act_1")
    ]


@pytest.mark.parametrize("kind", ["timeout_after", "malformed", "drop"])
@pytest.mark.parametrize("when", ["period_end", "now"])
async def test_a_lost_answer_is_found_again(bench: Bench, kind: str, when: str) -> None:
    scope, args = bench.scope("paul"), ending("paul", when)
    bench.fail("POST /v1/subscriptions" if when == "period_end" else "DELETE", kind)
    with pytest.raises(VendorUnsure):
        await CANCEL.execute(args, permit(), scope)
    assert await CANCEL.look_up(args, permit().action_id, scope) is not None
    assert len(bench.effects) == 1


async def test_what_never_arrived_is_not_found(bench: Bench) -> None:
    scope, args = bench.scope("olga"), moving("olga", "team_month")
    bench.fail("POST /v1/subscriptions", "timeout_before")
    with pytest.raises(VendorUnsure):
        await CHANGE.execute(args, permit(), scope)
    assert await CHANGE.look_up(args, permit().action_id, scope) is None
    assert bench.effects == []


async def test_our_mark_on_something_else_is_no_proof(bench: Bench) -> None:
    scope = bench.scope("paul")
    await done(bench, CANCEL, "paul", ending("paul"))
    await bench.alter("stripe.subscription", "sub_paul", cancel_at_period_end=False)
    with pytest.raises(VendorUnsure):
        await CANCEL.look_up(ending("paul"), permit().action_id, scope)


async def test_previews_say_what_will_happen(bench: Bench) -> None:
    scope = bench.scope("paul")
    later = CANCEL.preview(ending("paul"), await CANCEL.facts(ending("paul"), scope))
    assert later.title == "Cancel the Team plan on December 5, 2026"
    now = CANCEL.preview(ending("paul", "now"), await CANCEL.facts(ending("paul", "now"), scope))
    assert now.title == "Cancel the Team plan now"
    assert [(line.label, line.after) for line in now.lines] == [
        ("Ends", "today (would have renewed on December 5, 2026)")
    ]
    assert "not paid back" in now.note
    kept = RESUME.preview(keeping("uma"), await RESUME.facts(keeping("uma"), bench.scope("uma")))
    assert [(line.label, line.after) for line in kept.lines] == [
        ("On December 5, 2026", "renews at $49.00 per month")
    ]
    change = moving("paul", "starter_month")
    preview = CHANGE.preview(change, await CHANGE.facts(change, scope))
    assert [(line.label, line.before, line.after) for line in preview.lines] == [
        ("Plan", "Team plan", "Starter"),
        ("Price", "$49.00 per month", "$19.00 per month"),
        ("Credited now", None, "about $15.00"),
    ]


async def test_all_seats_are_counted(bench: Bench) -> None:
    await bench.alter("stripe.subscription", "sub_olga", quantity=3)
    change = moving("olga", "team_month")
    known = (await CHANGE.facts(change, bench.scope("olga"))).values()
    assert (known["subscription.amount"], known["plan.new_amount"], known["plan.due_now"]) == (
        5700,
        14_700,
        4500,
    )
    receipt = await done(bench, CHANGE, "olga", change)
    assert receipt.title == "Changed the plan to Team, $147.00 per month"
    assert [e.amount for e in bench.effects] == [4500]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"interval_count": 3}, id="quarterly"),
        pytest.param({"interval": "week"}, id="weekly"),
        pytest.param({"amount": None}, id="tiers"),
    ],
)
async def test_a_price_that_is_no_single_sum_is_not_on_offer(bench: Bench, values: dict[str, object]) -> None:
    await bench.alter("stripe.price", "price_business_month", **values)
    assert "price_business_month" not in {plan.price for plan in await bench.stripe.plans()}
    assert not await CHANGE.owned(moving("paul", "business_month"), bench.scope("paul"))
    with pytest.raises(VendorUnsure):
        await CANCEL.facts(ending("britt"), bench.scope("britt"))
