"""Shadow: the agent proposes unheard, nothing is sent or done, and what people did decides whether it may go on."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from approvals.ladder.compare import compare_all, has_changed, same_refund
from approvals.ladder.shadow import Agreement, agreement_of, may_leave
from approvals.parts import Parts, Reviewer
from approvals.record import facts_of
from approvals.standing import demote, graduate
from core.actions import HandedOver
from core.errors import Conflict
from core.facts import FactSet
from core.money import Money
from store.columns import table
from store.tables.conversation import ConversationRow
from store.tables.standing import ShadowRow
from tests.gate.gate_bench import Customer, Gate, person
from tools.sandbox.world import World

_SHADOW, _CONVERSATION = table(ShadowRow), table(ConversationRow)
CATEGORY = "refund_request"


def ops(parts: Parts) -> Reviewer:
    return Reviewer("usr_ops", "Ops", frozenset({"ops"}), parts.clock.now())


async def beside(
    gate: Gate, key: str, charge: str = "fine", amount: int = 1_200
) -> tuple[Customer, HandedOver]:
    """What the agent would have refunded, in a category that is in shadow."""
    customer = await gate.customer(person(key), CATEGORY)
    await customer.look("find_charges")
    args = {"charge_id": f"ch_{key}_{charge}", "amount": amount, "currency": "usd"}
    outcome = await customer.submit("refund_charge", **args, reason="requested_by_customer")
    assert isinstance(outcome, HandedOver), outcome
    return customer, outcome


async def solved(gate: Gate, customer: Customer) -> None:
    async with gate.parts.store.begin() as work:
        mine = _CONVERSATION.c.id == customer.asking.conversation_id
        await work.run(update(_CONVERSATION).where(mine).values(state="closed", closed_at=work.now))


async def by_a_person(world: World, key: str, charge: str, amount: int) -> None:
    """A colleague gives money back at the vendor, without any id of ours."""
    async with world.change() as change:
        doc = change.get("stripe.charge", f"ch_{key}_{charge}")
        assert doc is not None
        refund = {
            "id": f"re_{key}_{charge}_{amount}",
            "charge": f"ch_{key}_{charge}",
            "amount": amount,
            "currency": "usd",
            "reason": None,
            "status": "succeeded",
            "metadata": {},
            "payment_intent": doc.get("payment_intent"),
            "created": int(world.clock.now().timestamp()),
        }
        change.put("stripe.refund", refund["id"], refund)
        change.put("stripe.charge", f"ch_{key}_{charge}", {**doc, "amount_refunded": amount})


@pytest.fixture
async def shadowed(gate: Gate) -> Gate:
    await demote(CATEGORY, to="shadow", by=ops(gate.parts), reason="to learn", parts=gate.parts)
    return gate


async def test_in_shadow_nothing_is_shown_held_or_done(shadowed: Gate) -> None:
    _, outcome = await beside(shadowed, "pip")
    assert outcome.action_id is not None
    row = await shadowed.row(outcome.action_id)
    assert (row.state, row.standing, row.args["amount"]) == ("refused", "shadow", 1_200)
    assert shadowed.world.ledger == []
    async with shadowed.parts.store.begin() as work:
        assert await work.value(text("select count(*) from event where kind in ('confirm', 'waiting')")) == 0


@pytest.mark.parametrize(
    ("charge", "amount", "agreed"),
    [
        pytest.param("fine", 1_200, True, id="the-same"),
        pytest.param("fine", 600, False, id="another-sum"),
        pytest.param("opened", 1_200, False, id="another-payment"),
        pytest.param(None, 0, False, id="nothing"),
    ],
)
async def test_a_refund_agrees_only_with_exactly_that_refund(
    shadowed: Gate, charge: str | None, amount: int, *, agreed: bool
) -> None:
    customer, outcome = await beside(shadowed, "pip")
    shadowed.clock.move(timedelta(minutes=5))
    if charge is not None:
        await by_a_person(shadowed.world, "pip", charge, amount)
    await solved(shadowed, customer)
    shadowed.clock.move(timedelta(hours=23, minutes=59))
    assert await compare_all(shadowed.parts) == 0
    shadowed.clock.move(timedelta(minutes=1))
    assert await compare_all(shadowed.parts) == 1
    assert await compare_all(shadowed.parts) == 0
    async with shadowed.parts.store.begin() as work:
        [found] = await work.rows(ShadowRow, select(_SHADOW))
        since = work.now - timedelta(days=9)
        told = await agreement_of(work, CATEGORY, since)
    assert (found.action_id, found.agreed) == (outcome.action_id, agreed)
    assert (told.tickets, told.agreed, told.proposed) == (1, int(agreed), {"usd": 1_200})
    assert told.agreed_money == {"usd": 1_200 if agreed else 0}


async def test_a_category_stays_in_shadow_until_people_agree(shadowed: Gate) -> None:
    with pytest.raises(Conflict, match="0 tickets compared of 100; 0 days in shadow of 14"):
        await graduate(CATEGORY, by=ops(shadowed.parts), reason="enough", parts=shadowed.parts)


@pytest.mark.parametrize(
    ("tickets", "agreed", "days", "stays"),
    [
        (100, 90, 14, 0),
        (99, 99, 14, 1),
        (100, 90, 13, 1),
        (100, 89, 14, 1),
        (0, 0, 0, 3),
    ],
)
def test_the_exit_asks_tickets_days_and_agreement(tickets: int, agreed: int, days: int, stays: int) -> None:
    assert len(may_leave(Agreement(tickets, agreed, {}, {}), days)) == stays


def _facts(**values: Any) -> FactSet:
    stored = {
        name.replace("__", "."): {
            "value": value,
            "kind": "plain",
            "source": "s",
            "read_at": "2026-11-20T12:00:00+00:00",
        }
        for name, value in values.items()
    }
    return facts_of(stored)


def test_another_state_of_the_thing_is_seen_and_the_passing_of_days_is_not() -> None:
    before = _facts(order__status="unfulfilled", order__days=3, request__angry=False)
    assert has_changed(before, _facts(order__status="cancelled", order__days=4, request__angry=False))
    assert not has_changed(before, _facts(order__status="unfulfilled", order__days=4, request__angry=True))


def test_more_than_was_proposed_is_not_the_same() -> None:
    from approvals.ladder.compare import Refunded

    one = Refunded("ch_1", Money(100, "usd"))
    assert same_refund("ch_1", Money(100, "usd"), [one])
    assert not same_refund("ch_1", Money(100, "usd"), [one, one])
