"""What may run without a person: caps per object, customer, category and over all, standing, and our own writes."""

from typing import Any

import pytest
from sqlalchemy import text, update

from approvals import limits
from approvals.four_eyes import needs_four_eyes
from approvals.standing import capped, demote
from approvals.switches import set_switch
from core.actions import Action, Executed, HandedOver, Held, Unsure
from core.errors import Forbidden, Invalid
from core.ids import ActionId, Category, ConversationId, CustomerId, RequestId
from core.money import Money
from evals.adversary.paths import CANCEL, FACTOR, REFUND, TWICE, Walk, charge
from evals.adversary.play import Play
from policies.model import Limit
from store.columns import table
from store.tables.action import ReservationRow

# Reservations are written here without the actions they belong to.
_LOOSE = text("set local session_replication_role = replica")


async def _alone(play: Play, walk: Walk, key: str, amount: int) -> Any:
    """A refund in a category that runs by itself, the same payment in another conversation; what became of it."""
    p = play.truth.proposals.get(walk.action_id)
    if p is not None and p.args["charge_id"] == charge(walk.person, key):
        walk.chat = await play.chat(walk.person, walk.path.category, known=True)
        await walk.read()
    walk.action_id = ""
    told = await walk.propose(charge_id=charge(walk.person, key), amount=amount)
    return await walk.confirm() if walk.action_id else told


@pytest.fixture
async def walk(play: Play) -> Walk:
    await play.stand("refund_request", "autonomous_20")
    return await Walk.begin(play, REFUND)


def _spent(play: Play) -> int:
    return sum(e.amount or 0 for e in play.ground.world.ledger)


async def test_a_category_that_earned_it_runs_by_itself(play: Play, walk: Walk) -> None:
    assert isinstance(await _alone(play, walk, "main", 4900), Executed)


@pytest.mark.parametrize("standing", ["observation", "suspended", "a_word_of_tomorrow"])
async def test_every_other_standing_holds(play: Play, walk: Walk, standing: str) -> None:
    await play.stand("refund_request", standing)
    assert isinstance(await _alone(play, walk, "main", 4900), Held)
    assert _spent(play) == 0


@pytest.mark.parametrize("standing", ["off", "shadow"])
async def test_where_people_do_the_work_the_agent_gets_no_further_than_a_proposal(
    play: Play, walk: Walk, standing: str
) -> None:
    await play.stand("refund_request", standing)
    assert isinstance(await walk.propose(), HandedOver)
    await walk.confirm()
    await walk.execute()
    assert _spent(play) == 0


async def test_a_fall_counts_for_what_is_under_way(play: Play, walk: Walk) -> None:
    await walk.propose()
    await play.stand("refund_request", "observation")
    assert isinstance(await walk.confirm(), Held)


async def test_a_tier_that_never_runs_alone_does_not(play: Play) -> None:
    await play.stand("mfa_reset", "autonomous_2")
    walk = await (await Walk.begin(play, FACTOR)).to_held()
    assert isinstance(await walk.execute(), Held)
    assert play.ground.world.ledger == []


def test_standing_is_capped_by_tier() -> None:
    assert capped("autonomous_2", 1) == "autonomous_2"
    assert capped("autonomous_2", 2) == capped("autonomous_20", 3) == "observation"
    assert capped("suspended", 2) == "suspended"


async def test_a_vip_is_for_a_person(play: Play) -> None:
    await play.stand("refund_request", "autonomous_20")
    for odd in ({"tier": "vip"}, {"tier": None}, {"health": "at_risk"}):
        walk = await Walk.begin(play, REFUND, **odd)
        assert isinstance(await _alone(play, walk, "main", 4900), Held), odd


@pytest.mark.parametrize(("second", "runs"), [(9_999, True), (10_000, False)])
async def test_parts_of_one_payment_add_up_for_ever(
    play: Play, walk: Walk, second: int, *, runs: bool
) -> None:
    await _alone(play, walk, "large", 10_000)
    await play.wait(hours=73)
    assert isinstance(await _alone(play, walk, "large", second), Executed if runs else Held)


@pytest.mark.parametrize(("third", "runs"), [(99, True), (100, False)])
async def test_a_customers_day_adds_up_over_payments(
    play: Play, walk: Walk, third: int, *, runs: bool
) -> None:
    await _alone(play, walk, "large", 15_000)
    await _alone(play, walk, "main", 4_900)
    assert isinstance(await _alone(play, walk, "huge", third), Executed if runs else Held)


async def test_a_day_later_there_is_room_again(play: Play, walk: Walk) -> None:
    await _alone(play, walk, "large", 19_999)
    assert isinstance(await _alone(play, walk, "main", 100), Held)
    await play.wait(hours=24, seconds=1)
    assert isinstance(await _alone(play, walk, "huge", 19_999), Executed)


async def test_what_is_not_known_yet_counts(play: Play, walk: Walk) -> None:
    play.ground.faults.plan("stripe", "POST /v1/refunds", "timeout_before")
    assert isinstance(await _alone(play, walk, "large", 19_999), Unsure)
    assert isinstance(await _alone(play, walk, "main", 4_900), Held)
    await play.wait(hours=25)
    assert isinstance(await _alone(play, walk, "main", 4_900), Held)


async def test_what_was_refused_gives_its_room_back(play: Play, walk: Walk) -> None:
    """The vendor said no: nothing was spent."""
    await walk.propose(charge_id=charge(walk.person, "large"), amount=19_999)
    r = table(ReservationRow)
    async with play.ground.store.begin() as work:
        await work.conn.execute(_LOOSE)
        await work.add(
            ReservationRow(
                action_id="act_old",
                scope="customer",
                key=f"{walk.person.external_id}/refund_request",
                currency="usd",
                amount=1,
                state="reserved",
                at=work.now,
            )
        )
    assert isinstance(await walk.confirm(), Held)
    async with play.ground.store.begin() as work:
        await work.run(update(r).where(r.c.action_id == "act_old").values(state="released"))
    walk.args = {**walk.args, "charge_id": charge(walk.person, "huge"), "amount": 19_999}
    assert isinstance(await _alone(play, walk, "huge", 19_999), Executed)


async def test_several_at_once_stay_under_the_cap(play: Play, walk: Walk) -> None:
    walks = []
    for key in ("large", "huge"):
        chat = await play.chat(walk.person, "refund_request", known=True)
        walks.append(
            Walk(play, REFUND, chat, {**walk.args, "charge_id": charge(walk.person, key), "amount": 12_000})
        )
        await walks[-1].read()
        await walks[-1].propose()
    told = await play.at_once(*(w.confirm() for w in walks))
    assert sorted(t.kind for t in told) == ["executed", "held"]
    assert _spent(play) == 12_000


async def test_our_own_write_does_not_speak_for_the_next(play: Play) -> None:
    await play.stand("refund_request", "autonomous_20")
    walk = await Walk.begin(play, REFUND)
    for expected in (Executed, Held):
        walk.action_id = ""
        await walk.propose(charge_id=charge(walk.person, "large"), amount=100)
        assert isinstance(await walk.confirm(), expected)
        await play.wait(seconds=1)
        walk.args = {**walk.args, "reason": "duplicate"}


@pytest.mark.parametrize(("hours", "runs"), [(71, False), (73, True)])
async def test_nor_in_another_conversation_for_three_days(
    play: Play, walk: Walk, hours: int, *, runs: bool
) -> None:
    await _alone(play, walk, "large", 100)
    await play.wait(hours=hours)
    assert isinstance(await _alone(play, walk, "large", 200), Executed if runs else Held)


def _action(amount: int | None = 100, currency: str = "usd", customer: str = "u_1", n: int = 1) -> Action:
    return Action(
        id=ActionId(f"act_{n}"),
        conversation_id=ConversationId("con_1"),
        request_id=RequestId("req_1"),
        customer_id=CustomerId(customer),
        category=Category("refund_request"),
        tool="refund_charge",
        tool_version=1,
        args={},
        targets=(f"charge:ch_{customer}",),
        amount=amount,
        currency=currency if amount is not None else None,
    )


async def _used(
    play: Play, scope: str, key: str, *, amount: int, currency: str = "usd", count: int = 1
) -> None:
    async with play.ground.store.begin() as work:
        await work.conn.execute(_LOOSE)
        for n in range(count):
            await work.add(
                ReservationRow(
                    action_id=f"act_used_{scope}_{currency}_{amount}_{n}",
                    scope=scope,
                    key=key,
                    currency=currency,
                    amount=amount if n == 0 else 0,
                    at=work.now,
                )
            )


async def _crossed(play: Play, action: Action) -> set[str]:
    policy = play.ground.catalog.get("refund_request")
    assert policy is not None
    async with play.ground.store.begin() as work:
        return {f.rule for f in await limits.breaches(work, action, policy)}


@pytest.mark.parametrize(
    ("scope", "key", "cap"),
    [
        ("object", "charge:ch_u_1", 19_999),
        ("customer", "u_1/refund_request", 19_999),
        ("category", "refund_request", 1_000_000),
        ("overall", "", limits.OVERALL_HOUR.amounts["usd"]),
    ],
)
async def test_each_cap_from_both_sides(play: Play, scope: str, key: str, cap: int) -> None:
    await _used(play, scope, key, amount=cap - 100)
    assert await _crossed(play, _action(100)) == set()
    assert await _crossed(play, _action(101)) == {f"limit.{scope}"}


async def test_the_sixth_of_a_day_is_one_too_many(play: Play) -> None:
    await _used(play, "customer", "u_1/refund_request", amount=0, count=4)
    assert await _crossed(play, _action(1)) == set()
    await _used(play, "customer", "u_1/refund_request", amount=1)
    assert await _crossed(play, _action(1)) == {"limit.customer"}


async def test_a_currency_without_a_cap_has_no_room(play: Play) -> None:
    assert {"limit.object", "limit.customer", "limit.category"} <= await _crossed(play, _action(1, "eur"))


async def test_two_currencies_are_never_added_up(play: Play) -> None:
    await _used(play, "customer", "u_1/refund_request", amount=19_999, currency="eur")
    assert await _crossed(play, _action(19_999)) == set()


async def test_the_hour_and_the_day_over_all(play: Play) -> None:
    await _used(play, "overall", "", amount=limits.OVERALL_HOUR.amounts["usd"])
    assert await _crossed(play, _action(1)) == {"limit.overall"}
    async with play.ground.store.begin() as work:
        r = table(ReservationRow)
        await work.run(update(r).values(state="done"))
    await play.wait(hours=1, seconds=1)
    assert await _crossed(play, _action(1)) == set()
    await _used(
        play, "overall", "", amount=limits.OVERALL_DAY.amounts["usd"] - limits.OVERALL_HOUR.amounts["usd"]
    )
    await play.wait(hours=1, seconds=1)
    async with play.ground.store.begin() as work:
        await work.run(update(r).values(state="done"))
    assert await _crossed(play, _action(1)) == {"limit.overall"}


def test_an_unnamed_limit_is_none() -> None:
    assert Limit().count is None
    assert not Limit().amounts


async def test_the_same_money_is_not_given_twice(play: Play) -> None:
    walk = await (await Walk.begin(play, REFUND)).to_approved()
    chat = await play.chat(walk.person, TWICE.category, known=True)
    second = Walk(play, TWICE, chat, walk.args)
    await second.read()
    await second.to_held()
    await walk.execute()
    await second.review()
    assert not isinstance(await second.execute(), Executed)
    assert _spent(play) == 4_900


async def test_an_order_that_was_sent_is_not_cancelled(play: Play) -> None:
    walk = await (await Walk.begin(play, CANCEL)).to_approved()
    parcel = play.ground.world.find("shopify.order", number="1001")[0]["fulfilments"]
    await play.touch("shopify.order", walk.args["order_id"], fulfilments=parcel)
    assert not isinstance(await walk.execute(), Executed)
    assert play.ground.world.ledger == []


@pytest.mark.parametrize("role", ["approver", "evaluator"])
async def test_only_ops_move_categories_and_throw_switches(play: Play, role: str) -> None:
    by, parts = play.reviewer("usr_x", role), play.ground.parts
    with pytest.raises(Forbidden):
        await set_switch("all", "", on=False, by=by, reason="x", parts=parts)
    with pytest.raises(Forbidden):
        await demote("refund_request", to="suspended", by=by, reason="x", parts=parts)


async def test_a_category_is_only_moved_down_by_hand_and_with_a_reason(play: Play) -> None:
    by, parts = play.reviewer("usr_ops", "ops"), play.ground.parts
    with pytest.raises(Invalid, match="earned"):
        await demote("refund_request", to="autonomous_20", by=by, reason="x", parts=parts)
    with pytest.raises(Invalid, match="why"):
        await demote("refund_request", to="suspended", by=by, reason=" ", parts=parts)
    assert await demote("refund_request", to="suspended", by=by, reason="x", parts=parts) == "suspended"
    with pytest.raises(Invalid, match="earned"):
        await demote("refund_request", to="observation", by=by, reason="x", parts=parts)


@pytest.mark.parametrize(
    ("money", "two"),
    [
        (Money(49_999, "usd"), False),
        (Money(50_000, "usd"), True),
        (Money(4_999_999, "jpy"), False),
        (Money(5_000_000, "jpy"), True),
        (Money(1, "chf"), True),
        (None, False),
    ],
    ids=str,
)
def test_where_two_pairs_of_eyes_begin(money: Money | None, *, two: bool) -> None:
    assert needs_four_eyes(money) is two
