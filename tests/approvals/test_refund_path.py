"""A refund from the model's call to the ledger: each step really happens, and each shortcut does not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from approvals_bench import Bench, bench
from sqlalchemy import text

from approvals import consent
from approvals.detail import detail
from approvals.parts import Reviewer
from approvals.reviews import Decided, decide
from approvals.settle import settle, sweep
from approvals.standing import demote
from approvals.switches import set_switch
from core.actions import Asked, Executed, Held, Refused, Unsure
from core.clock import StillClock
from core.conversation import Principal
from core.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from core.ids import CustomerId
from store.work import Store

CHARGE = {"charge_id": "ch_mara_second", "amount": 4900, "currency": "usd", "reason": "duplicate"}


@pytest.fixture
async def mara(store: Store, database: str, clock: StillClock) -> AsyncIterator[Bench]:
    async with bench(store, database, clock, "mara", "duplicate_charge") as made:
        charges = await made.look("find_charges")
        assert charges.ok, charges.content
        yield made


async def test_the_data_is_what_these_tests_think(mara: Bench) -> None:
    looked = await mara.look("find_charges")
    assert CHARGE["charge_id"] in looked.content


async def _asked(mara: Bench) -> Asked:
    outcome = await mara.submit("refund_charge", **CHARGE)
    assert isinstance(outcome, Asked), outcome
    return outcome


async def _held(mara: Bench) -> Held:
    asked = await _asked(mara)
    row = await mara.row(asked.action_id)
    outcome = await consent.confirm(
        asked.action_id, digest=row.digest, who=mara.asking.who, event="button", parts=mara.parts
    )
    assert isinstance(outcome, Held), outcome
    return outcome


async def test_confirmed_and_approved_moves_the_money_once(mara: Bench) -> None:
    held = await _held(mara)
    assert mara.effects() == []
    await mara.review(held.action_id)
    outcome = await mara.execute(held.action_id)
    assert isinstance(outcome, Executed)
    assert outcome.receipt.amount == 4900
    again = await mara.execute(held.action_id)
    assert again == outcome
    assert mara.effects() == [("stripe", "refund", CHARGE["charge_id"], 4900)]
    kinds = [event.kind for event in await mara.events()]
    assert kinds == ["confirm", "waiting", "receipt"]


async def test_held_action_moves_no_money(mara: Bench) -> None:
    held = await _held(mara)
    outcome = await mara.execute(held.action_id)
    assert isinstance(outcome, Held)
    assert mara.effects() == []


async def test_unconfirmed_action_cannot_be_approved(mara: Bench) -> None:
    asked = await _asked(mara)
    with pytest.raises(Conflict, match="already asked"):
        await mara.review(asked.action_id)
    assert mara.effects() == []


async def test_the_same_proposal_twice_is_one_action(mara: Bench) -> None:
    first, second = await _asked(mara), await _asked(mara)
    assert first.action_id == second.action_id


@pytest.mark.parametrize(
    ("change", "check"),
    [
        pytest.param({"charge_id": "ch_nobody_1"}, "provenance", id="id-from-nowhere"),
        pytest.param({"amount": -1}, "schema", id="negative"),
        pytest.param({"amount": 0}, "schema", id="zero"),
        pytest.param({"amount": 49.0}, "schema", id="float"),
        pytest.param({"amount": "4900"}, "schema", id="text"),
        pytest.param({"amount": True}, "schema", id="bool"),
        pytest.param({"idempotency_key": "x"}, "schema", id="extra-field"),
        pytest.param({"amount": 4901}, "rules", id="over-what-is-left"),
        pytest.param({"amount": 10**9}, "schema", id="huge"),
        pytest.param({"currency": "eur"}, "rules", id="other-currency"),
    ],
)
async def test_one_wrong_argument_is_refused(mara: Bench, change: dict[str, object], check: str) -> None:
    outcome = await mara.submit("refund_charge", **{**CHARGE, **change})
    assert isinstance(outcome, Refused), outcome
    assert outcome.check == check
    assert mara.effects() == []


@pytest.mark.parametrize(
    "name", ["refund_everything", "Refund_charge", "cancel_subscription", "find_charges"]
)
async def test_a_tool_outside_the_category_is_refused(mara: Bench, name: str) -> None:
    outcome = await mara.submit(name, **CHARGE)
    assert isinstance(outcome, Refused)
    assert outcome.check == "closed_set"


async def test_someone_elses_confirmation_is_not_found(mara: Bench) -> None:
    asked = await _asked(mara)
    row = await mara.row(asked.action_id)
    other = Principal(id=CustomerId("u_other"), assurance="identified")
    with pytest.raises(NotFound):
        await consent.confirm(asked.action_id, digest=row.digest, who=other, event="button", parts=mara.parts)


async def test_a_yes_to_another_digest_is_a_conflict(mara: Bench) -> None:
    asked = await _asked(mara)
    with pytest.raises(Conflict):
        await consent.confirm(
            asked.action_id, digest="0" * 64, who=mara.asking.who, event="button", parts=mara.parts
        )


async def test_a_no_withdraws_it_for_good(mara: Bench) -> None:
    asked = await _asked(mara)
    row = await mara.row(asked.action_id)
    await consent.decline(asked.action_id, who=mara.asking.who, parts=mara.parts)
    with pytest.raises(Gone):
        await consent.confirm(
            asked.action_id, digest=row.digest, who=mara.asking.who, event="button", parts=mara.parts
        )


async def test_a_refund_elsewhere_between_approval_and_execution_stops_it(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    async with mara.sandbox.world.change() as change:
        charge = change.get("stripe.charge", CHARGE["charge_id"])
        assert charge is not None
        change.put("stripe.charge", CHARGE["charge_id"], {**charge, "amount_refunded": charge["amount"]})
    outcome = await mara.execute(held.action_id)
    assert isinstance(outcome, Refused)
    assert mara.effects() == []


async def test_the_kill_switch_stops_what_was_approved(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    ops = Reviewer("ops", "ops", frozenset({"ops"}), mara.clock.now())
    await set_switch("tool", "refund_charge", on=True, by=ops, reason="test", parts=mara.parts)
    assert isinstance(await mara.execute(held.action_id), Held)
    assert mara.effects() == []


async def test_an_approval_lapses_after_an_hour(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    mara.clock.move(timedelta(minutes=61))
    assert isinstance(await mara.execute(held.action_id), Held)
    assert mara.effects() == []


async def test_what_waited_too_long_expires(mara: Bench) -> None:
    held = await _held(mara)
    mara.clock.move(timedelta(hours=24, seconds=1))
    assert (await sweep(mara.parts))["expired"] == 1
    with pytest.raises(Gone):
        await mara.review(held.action_id)
    assert (await mara.row(held.action_id)).state == "expired"


async def test_a_lost_answer_is_looked_up_and_found(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    mara.sandbox.faults.plan("stripe", "POST /v1/refunds", "timeout_after")
    assert isinstance(await mara.execute(held.action_id), Unsure)
    assert isinstance(await settle(held.action_id, mara.parts), Executed)
    assert mara.effects() == [("stripe", "refund", CHARGE["charge_id"], 4900)]


async def test_a_call_lost_on_the_way_is_sent_again_once(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    mara.sandbox.faults.plan("stripe", "POST /v1/refunds", "timeout_before")
    assert isinstance(await mara.execute(held.action_id), Unsure)
    assert isinstance(await settle(held.action_id, mara.parts), Executed)
    assert mara.effects() == [("stripe", "refund", CHARGE["charge_id"], 4900)]


async def test_a_saved_500_ends_with_a_person_and_no_second_key(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    mara.sandbox.faults.plan("stripe", "POST /v1/refunds", "saved_500")
    outcome = await mara.execute(held.action_id)
    for _ in range(8):
        outcome = await settle(held.action_id, mara.parts)
    assert outcome.kind == "handed_over"
    assert (await mara.row(held.action_id)).state == "needs_person"
    assert mara.effects() == []


async def test_an_unsure_action_older_than_the_key_is_not_sent_again(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    mara.sandbox.faults.plan("stripe", "POST /v1/refunds", "timeout_before")
    assert isinstance(await mara.execute(held.action_id), Unsure)
    mara.clock.move(timedelta(hours=23))
    assert (await settle(held.action_id, mara.parts)).kind == "handed_over"
    assert mara.effects() == []


async def test_a_rejection_needs_a_reason_and_ends_it(mara: Bench) -> None:
    held = await _held(mara)
    with pytest.raises(Invalid, match="Say why"):
        await mara.review(held.action_id, "reject")
    await mara.review(held.action_id, "reject", reason_code="wrong_amount")
    with pytest.raises(Conflict):
        await mara.review(held.action_id)
    assert (await mara.row(held.action_id)).state == "rejected"


async def test_only_approvers_decide(mara: Bench) -> None:
    held = await _held(mara)
    row = await mara.row(held.action_id)
    ops = Reviewer("ops", "ops", frozenset({"ops"}), mara.clock.now())
    with pytest.raises(Forbidden):
        await decide(Decided(held.action_id, row.digest, "approve"), ops, mara.parts)


async def test_an_edit_that_raises_a_new_question_is_looked_at_again(mara: Bench) -> None:
    held = await _held(mara)
    done = await mara.review(held.action_id, "edit", args={**CHARGE, "amount": 2000})
    assert done.state == "asked"
    row = await mara.row(done.action_id)
    yes = await consent.confirm(
        row.id, digest=row.digest, who=mara.asking.who, event="button", parts=mara.parts
    )
    assert isinstance(yes, Held)
    assert mara.effects() == []
    await mara.review(row.id)
    assert isinstance(await mara.execute(row.id), Executed)
    assert mara.effects() == [("stripe", "refund", CHARGE["charge_id"], 2000)]
    assert (await mara.row(held.action_id)).state == "replaced"


async def test_an_edit_that_raises_nothing_new_keeps_its_approval(
    store: Store, database: str, clock: StillClock
) -> None:
    wish = {**CHARGE, "reason": "requested_by_customer"}
    async with bench(store, database, clock, "mara", "refund_request") as made:
        await made.look("find_charges")
        asked = await made.submit("refund_charge", **wish)
        assert isinstance(asked, Asked), asked
        row = await made.row(asked.action_id)
        await consent.confirm(
            row.id, digest=row.digest, who=made.asking.who, event="button", parts=made.parts
        )
        done = await made.review(row.id, "edit", args={**wish, "amount": 2000})
        new = await made.row(done.action_id)
        yes = await consent.confirm(
            new.id, digest=new.digest, who=made.asking.who, event="button", parts=made.parts
        )
        assert isinstance(yes, Executed)
        assert made.effects() == [("stripe", "refund", CHARGE["charge_id"], 2000)]


async def test_an_edit_to_what_is_already_proposed_is_a_conflict(mara: Bench) -> None:
    held = await _held(mara)
    other = await mara.submit("refund_charge", **{**CHARGE, "amount": 4000})
    assert isinstance(other, Asked)
    with pytest.raises(Conflict, match="already proposed"):
        await mara.review(held.action_id, "edit", args={**CHARGE, "amount": 4000})


async def test_a_page_from_before_it_was_held_again_decides_nothing(mara: Bench) -> None:
    held = await _held(mara)
    row = await mara.row(held.action_id)
    ines = Reviewer("usr_ines", "Ines", frozenset({"approver"}), mara.clock.now())
    other = Reviewer("usr_otto", "Otto", frozenset({"approver"}), mara.clock.now())
    await detail(held.action_id, ines, mara.parts)
    mara.clock.move(timedelta(minutes=6))
    await detail(held.action_id, other, mara.parts)
    mara.clock.move(timedelta(minutes=6))
    with pytest.raises(Conflict, match="Open it again"):
        await decide(Decided(held.action_id, row.digest, "approve"), ines, mara.parts)


async def test_two_workers_that_settle_at_once_send_it_once(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    mara.sandbox.faults.plan("stripe", "POST /v1/refunds", "busy", retry_after=0)
    assert isinstance(await mara.execute(held.action_id), Unsure)
    await asyncio.gather(*(settle(held.action_id, mara.parts) for _ in range(4)))
    await settle(held.action_id, mara.parts)
    assert mara.effects() == [("stripe", "refund", CHARGE["charge_id"], 4900)]
    assert (await mara.row(held.action_id)).state == "executed"


async def test_a_kill_switch_costs_no_try(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    mara.sandbox.faults.plan("stripe", "POST /v1/refunds", "busy", retry_after=0)
    assert isinstance(await mara.execute(held.action_id), Unsure)
    ops = Reviewer("ops", "ops", frozenset({"ops"}), mara.clock.now())
    await set_switch("all", "", on=True, by=ops, reason="test", parts=mara.parts)
    for _ in range(12):
        assert isinstance(await settle(held.action_id, mara.parts), Unsure)
    assert mara.effects() == []
    await set_switch("all", "", on=False, by=ops, reason="test", parts=mara.parts)
    assert isinstance(await settle(held.action_id, mara.parts), Executed)


async def test_one_bad_row_does_not_stop_the_sweep(mara: Bench) -> None:
    held = await _held(mara)
    await mara.review(held.action_id)
    async with mara.parts.store.begin() as work:
        await work.run(text("update action set tool_version = 99"))
    mara.clock.move(timedelta(minutes=2))
    await sweep(mara.parts)
    row = await mara.row(held.action_id)
    assert (row.state, mara.effects()) == ("refused", [])


async def test_what_waits_expires_from_when_it_began_to_wait(mara: Bench) -> None:
    asked = await _asked(mara)
    mara.clock.move(timedelta(hours=23, minutes=59))
    row = await mara.row(asked.action_id)
    await consent.confirm(row.id, digest=row.digest, who=mara.asking.who, event="button", parts=mara.parts)
    row = await mara.row(asked.action_id)
    assert row.state == "held"
    assert row.expires_at - mara.clock.now() == timedelta(hours=24)
    assert row.due_at > mara.clock.now()


async def test_an_edit_that_breaks_a_rule_is_refused_and_loses_nothing(mara: Bench) -> None:
    held = await _held(mara)
    with pytest.raises(Invalid, match="Policy does not allow"):
        await mara.review(held.action_id, "edit", args={**CHARGE, "amount": 4901})
    with pytest.raises(Invalid):
        await mara.review(held.action_id, "edit", args={**CHARGE, "amount": "all"})
    assert (await mara.row(held.action_id)).state == "held"


async def test_a_category_only_moves_down_by_hand(mara: Bench) -> None:
    ops = Reviewer("ops", "ops", frozenset({"ops"}), mara.clock.now())
    with pytest.raises(Invalid, match="earned"):
        await demote("duplicate_charge", to="autonomous_20", by=ops, reason="x", parts=mara.parts)
    assert (
        await demote("duplicate_charge", to="suspended", by=ops, reason="x", parts=mara.parts) == "suspended"
    )


async def test_a_colleague_who_is_looking_at_it_is_not_overtaken(mara: Bench) -> None:
    held = await _held(mara)
    first = Reviewer("usr_first", "First", frozenset({"approver"}), mara.clock.now())
    await detail(held.action_id, first, mara.parts)
    with pytest.raises(Conflict, match="is looking at this"):
        await mara.review(held.action_id, by="usr_second")
    mara.clock.move(timedelta(minutes=5, seconds=1))
    assert (await mara.review(held.action_id, by="usr_second")).state == "approved"
