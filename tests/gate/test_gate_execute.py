"""At the moment of the effect: everything once more, once only, and nothing on a guess."""

from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from approvals.again import see_again
from approvals.execute import key_of, perform, permit_for
from approvals.settle import sweep
from core.actions import Asked, Executed, Held, Refused, Unsure
from core.errors import Conflict, RemitError
from evals.adversary.paths import CANCEL, EMAIL, FACTOR, PHONE, REFUND, RESET, SESSIONS, Walk, charge
from evals.adversary.play import Play
from policies.model import Catalog
from store.columns import table
from store.tables.action import ActionRow, AttemptRow

_ACTION = table(ActionRow)
_ATTEMPT = table(AttemptRow)
REFUNDS = "POST /v1/refunds"


async def _approved(play: Play, path: Any = REFUND) -> Walk:
    return await (await Walk.begin(play, path)).to_approved()


def _moved(play: Play) -> list[tuple[str, int | None]]:
    return [(e.kind, e.amount) for e in play.ground.world.ledger]


async def test_two_workers_make_one_effect(play: Play) -> None:
    walk = await _approved(play)
    await play.at_once(walk.execute(), walk.execute(), walk.execute())
    assert isinstance(await walk.execute(), Executed)
    assert _moved(play) == [("refund", 4900)]


async def test_each_state_but_the_waiting_ones_is_left_alone(play: Play) -> None:
    walk = await _approved(play)
    for state in ("rejected", "expired", "withdrawn", "refused", "replaced", "failed", "needs_person"):
        async with play.ground.store.begin() as work:
            await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(state=state))
        assert not isinstance(await walk.execute(), Executed | RemitError), state
    assert _moved(play) == []


@pytest.mark.parametrize(
    "state", ["rejected", "expired", "withdrawn", "refused", "replaced", "failed", "held", "asked"]
)
async def test_no_arrow_leads_from_an_end_to_execution(play: Play, state: str) -> None:
    from approvals.record import action_row, move

    walk = await _approved(play)
    async with play.ground.store.begin() as work:
        await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(state=state))
    ends = ("executing",) if state in ("held", "asked") else ("approved", "executing", "held", "asked")
    for to in ends:
        with pytest.raises(Conflict):
            async with play.ground.store.begin() as work:
                await move(work, await action_row(work, walk.action_id), to)  # type: ignore[arg-type]


async def test_only_one_of_two_that_saw_the_same_state_moves_it(play: Play) -> None:
    from approvals.record import action_row, move

    walk = await _approved(play)
    async with play.ground.store.begin() as work:
        stale = await action_row(work, walk.action_id)
        await move(work, await action_row(work, walk.action_id), "held")
        with pytest.raises(Conflict):
            await move(work, stale, "executing")


async def test_past_its_time_it_is_closed_not_done(play: Play) -> None:
    walk = await Walk.begin(play, RESET)
    await walk.propose()
    await play.wait(hours=4, seconds=1)
    told = await walk.execute()
    assert isinstance(told, Refused)
    assert told.check == "expired"


@pytest.mark.parametrize("where", ["all", "category", "tool"])
async def test_each_switch_stops_what_was_approved(play: Play, where: str) -> None:
    walk = await _approved(play)
    key = {"all": "", "category": walk.path.category, "tool": walk.path.tool}[where]
    await play.switch(where, key, on=True)
    assert isinstance(await walk.execute(), Held)
    assert _moved(play) == []


async def test_a_switch_of_another_kind_stops_nothing_here(play: Play) -> None:
    walk = await _approved(play)
    await play.switch("tool", "cancel_order", on=True)
    await play.switch("category", "order_cancel", on=True)
    assert isinstance(await walk.execute(), Executed)


@pytest.mark.parametrize(
    "change",
    [{"disputed": True}, {"amount_refunded": 4900}, {"amount_refunded": 1}, {"failed": True}],
    ids=str,
)
async def test_what_changed_meanwhile_is_seen(play: Play, change: dict[str, Any]) -> None:
    walk = await _approved(play)
    await play.touch("stripe.charge", charge(walk.person), **change)
    assert isinstance(await walk.execute(), Refused)
    assert _moved(play) == []


async def test_a_new_escalation_is_shown_before_it_runs(play: Play) -> None:
    """Approved for what was on the page; meanwhile the goods were opened."""
    walk = await _approved(play)
    row = play.ground.world.find("shopify.order", number="1001", owner=walk.person.external_id)[0]
    await play.touch("shopify.order", row["id"], opened=True)
    assert isinstance(await walk.execute(), Held)
    assert _moved(play) == []
    assert isinstance(await walk.execute(), Held)
    unseen = await play.decide(walk.chat, walk.action_id)
    assert isinstance(unseen, Conflict)
    await walk.review()
    assert isinstance(await walk.execute(), Executed)


async def test_an_approval_used_up_by_a_new_hold_does_not_come_back(play: Play) -> None:
    walk = await _approved(play)
    await play.switch("all", "", on=True)
    await walk.execute()
    await play.switch("all", "", on=False)
    async with play.ground.store.begin() as work:
        await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(state="approved"))
    assert isinstance(await walk.execute(), Held)
    assert _moved(play) == []


@pytest.mark.parametrize(("minutes", "runs"), [(60, True), (61, False)])
async def test_an_approval_lives_an_hour(play: Play, minutes: int, *, runs: bool) -> None:
    walk = await _approved(play)
    await play.wait(minutes=minutes)
    assert isinstance(await walk.execute(), Executed if runs else Held)


async def test_another_version_of_the_tool_does_not_run_it(play: Play) -> None:
    walk = await _approved(play)
    async with play.ground.store.begin() as work:
        await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(tool_version=2))
    assert isinstance(await walk.execute(), Refused | Conflict)
    assert _moved(play) == []


async def test_a_tool_that_has_changed_since_does_not_run_it(play: Play) -> None:
    """The stored action is as it was agreed; what would be done under its name is not."""
    walk = await _approved(play)
    newer = copy(play.ground.tools["refund_charge"])
    newer.spec = replace(newer.spec, version=2)  # type: ignore[misc]
    play.ground.parts = replace(play.ground.parts, tools={**play.ground.tools, "refund_charge": newer})
    assert isinstance(await walk.execute(), Refused)
    assert _moved(play) == []


async def test_a_category_that_no_longer_lists_the_tool_does_not_run_it(play: Play) -> None:
    walk = await _approved(play)
    policy = play.ground.catalog.get("refund_request")
    assert policy is not None
    less = policy.model_copy(update={"tools": tuple(t for t in policy.tools if t != "refund_charge")})
    categories = {**play.ground.catalog.categories, policy.category: less}
    play.ground.parts = replace(play.ground.parts, catalog=Catalog(categories))
    assert isinstance(await walk.execute(), Refused)
    assert _moved(play) == []


async def test_what_was_agreed_is_what_the_digest_says(play: Play) -> None:
    walk = await _approved(play)
    async with play.ground.store.begin() as work:
        await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(digest="0" * 64))
    assert isinstance(await walk.execute(), Refused)
    assert _moved(play) == []


async def test_a_lost_answer_is_found_and_not_repeated(play: Play) -> None:
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_after")
    assert isinstance(await walk.execute(), Unsure)
    assert isinstance(await walk.execute(), Unsure)
    assert isinstance(await play.settle(walk.action_id), Executed)
    assert _moved(play) == [("refund", 4900)]


async def test_an_unexpected_error_after_sending_proves_nothing(play: Play) -> None:
    walk = await _approved(play, SESSIONS)
    play.ground.faults.plan("okta", "", "timeout_after")
    assert isinstance(await walk.execute(), Unsure)
    assert (await play.row(walk.action_id)).state == "unsure"


async def test_an_answer_about_another_sum_is_not_taken_for_done(play: Play) -> None:
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_after")
    await walk.execute()
    async with play.ground.store.begin() as work:
        told = {"amount": 4800, "args": {**walk.args, "amount": 4800}}
        await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(**told))
    assert (await play.settle(walk.action_id)).kind in ("unsure", "handed_over")
    assert (await play.row(walk.action_id)).state != "executed"


async def test_a_receipt_must_fit_to_the_cent(play: Play) -> None:
    from approvals.execute import fits

    walk = await _approved(play)
    await walk.execute()
    seen = await see_again(walk.action_id, play.ground.parts)
    told = await seen.tool.look_up(seen.args, seen.action.id, seen.scope)
    assert told is not None
    assert fits(told, seen)
    assert not fits(told.model_copy(update={"amount": 4899}), seen)
    assert not fits(told.model_copy(update={"currency": "eur"}), seen)


async def test_a_call_lost_on_the_way_waits_while_the_switch_is_on(play: Play) -> None:
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before")
    await walk.execute()
    await play.switch("all", "", on=True)
    assert isinstance(await play.settle(walk.action_id), Unsure)
    assert _moved(play) == []
    await play.switch("all", "", on=False)
    assert isinstance(await play.settle(walk.action_id), Executed)


async def test_a_call_lost_on_the_way_is_not_repeated_when_it_must_not_happen_any_more(play: Play) -> None:
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before")
    await walk.execute()
    await play.touch("stripe.charge", charge(walk.person), disputed=True)
    told = await play.settle(walk.action_id)
    assert told.kind == "handed_over"
    assert _moved(play) == []


async def test_a_call_lost_on_the_way_is_not_repeated_once_the_rules_deny_it(play: Play) -> None:
    """The vendor would take it; the rules of today do not."""
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before")
    await walk.execute()
    policy = play.ground.catalog.get("refund_request")
    assert policy is not None
    strict = policy.model_copy(update={"judges": {}})
    categories = {**play.ground.catalog.categories, policy.category: strict}
    play.ground.parts = replace(play.ground.parts, catalog=Catalog(categories))
    assert (await play.settle(walk.action_id)).kind == "handed_over"
    assert _moved(play) == []


async def test_a_call_lost_on_the_way_is_not_repeated_for_somebody_else(play: Play) -> None:
    walk = await _approved(play)
    other = await play.ground.somebody()
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before")
    await walk.execute()
    gone = {"customer": f"cus_{other.key}", "owner": other.external_id}
    await play.touch("stripe.charge", charge(walk.person), **gone)
    assert (await play.settle(walk.action_id)).kind == "handed_over"
    assert (await play.row(walk.action_id)).failure is not None


async def test_a_call_that_surely_did_nothing_has_failed_once_it_may_not_happen(play: Play) -> None:
    walk = await _approved(play)
    other = await play.ground.somebody()
    play.ground.faults.plan("stripe", REFUNDS, "busy")
    await walk.execute()
    gone = {"customer": f"cus_{other.key}", "owner": other.external_id}
    await play.touch("stripe.charge", charge(walk.person), **gone)
    assert (await play.settle(walk.action_id)).kind == "failed"
    assert _moved(play) == []


@pytest.mark.parametrize(("hours", "again"), [(22, True), (23, False)])
async def test_a_key_is_trusted_for_less_than_a_day(play: Play, hours: int, *, again: bool) -> None:
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before")
    await walk.execute()
    await play.wait(hours=hours)
    await play.settle(walk.action_id)
    assert _moved(play) == ([("refund", 4900)] if again else [])


async def test_a_vendor_without_keys_is_never_sent_a_lost_call_again(play: Play) -> None:
    walk = await _approved(play, CANCEL)
    play.ground.faults.plan("shopify", "orderCancel", "timeout_before")
    await walk.execute()
    assert (await play.settle(walk.action_id)).kind == "handed_over"
    assert _moved(play) == []


async def test_tries_are_bounded(play: Play) -> None:
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before", times=50)
    await walk.execute()
    for _ in range(6):
        told = await play.settle(walk.action_id)
    assert told.kind == "handed_over"
    assert (await _attempt(play, walk.action_id)).tries <= 6


async def _attempt(play: Play, action_id: str) -> AttemptRow:
    async with play.ground.store.begin() as work:
        found = await work.row(AttemptRow, select(_ATTEMPT).where(_ATTEMPT.c.action_id == action_id))
    assert found is not None
    return found


async def test_a_worker_that_wakes_too_late_records_nothing(play: Play) -> None:
    """It was paused after its call; another took over and is not finished yet."""
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before")
    await walk.execute()
    seen, row = await see_again(walk.action_id, play.ground.parts), await play.row(walk.action_id)
    async with play.ground.store.begin() as work:
        newer = update(_ATTEMPT).where(_ATTEMPT.c.action_id == row.id).values(fence=2)
        await work.run(newer)
    told = await perform(
        seen, permit_for(row), play.ground.parts, fence=1, decided_at=play.ground.clock.now(), tell=False
    )
    assert isinstance(told, Unsure)
    assert (await play.row(walk.action_id)).state == "unsure"


async def test_a_permit_needs_a_recorded_intent(play: Play) -> None:
    walk = await _approved(play)
    with pytest.raises(Conflict):
        permit_for(await play.row(walk.action_id))


async def test_the_key_is_the_action_and_nothing_else(play: Play) -> None:
    assert key_of("act_1") == key_of("act_1") != key_of("act_2")
    walk = await _approved(play)
    await walk.execute()
    assert (await _attempt(play, walk.action_id)).key == key_of(walk.action_id)


async def test_a_silent_worker_is_taken_over_only_after_a_while(play: Play) -> None:
    walk = await _approved(play)
    play.ground.faults.plan("stripe", REFUNDS, "timeout_before")
    await walk.execute()
    async with play.ground.store.begin() as work:
        back = (
            update(_ACTION).where(_ACTION.c.id == walk.action_id).values(state="executing", state_at=work.now)
        )
        await work.run(back)
    await sweep(play.ground.parts)
    assert (await play.row(walk.action_id)).state == "executing"
    play.ground.clock.move(timedelta(seconds=91))
    await sweep(play.ground.parts)
    assert (await play.row(walk.action_id)).state == "executed"


@pytest.mark.parametrize("path", [RESET, FACTOR], ids=lambda p: p.tool)
async def test_no_sign_in_reset_within_a_day_of_a_contact_change(play: Play, path: Any) -> None:
    walk = await Walk.begin(play, EMAIL)
    await (await walk.to_approved()).execute()
    assert _moved(play) == [("email_change", None)]
    old = [m for m in play.ground.world.find("mail.message") if m["subject"].startswith("The e-mail address")]
    assert [m["to"] for m in old] == [walk.person.email]
    again = Walk(play, path, await play.chat(walk.person, path.category, known=True), path.args(walk.person))
    await again.read()
    assert isinstance(await again.propose(), Refused)


async def test_an_unconfirmed_one_is_asked_not_executed(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    await walk.propose()
    assert isinstance(await walk.execute(), Asked)


@pytest.mark.parametrize("told", ["phone", "e-mail"])
async def test_whoever_could_be_robbed_hears_of_it_first(play: Play, told: str) -> None:
    walk = await _approved(play, PHONE if told == "phone" else EMAIL)
    assert isinstance(await walk.execute(), Executed)
    notices = [m for m in play.ground.world.find("mail.message") if m["subject"] != "Your code"]
    assert [m["to"] for m in notices] == [walk.person.email]


async def test_a_dispute_about_a_part_stops_the_rest_too(play: Play) -> None:
    """Enough is left to refund; a dispute is a no all the same, and not a question for a colleague."""
    walk = await Walk.begin(play, REFUND)
    key = charge(walk.person)
    dispute = {"id": "dp_part", "owner": walk.person.external_id, "charge": key, "payment_intent": "pi_part"}
    more = {
        "brand": "visa",
        "amount": 100,
        "currency": "usd",
        "created": 1_763_000_000,
        "reason": "fraudulent",
    }
    async with play.ground.world.change() as change:
        change.put("stripe.dispute", "dp_part", {**dispute, **more, "status": "needs_response"})
    await play.touch("stripe.charge", key, disputed=True)
    assert isinstance(await walk.propose(amount=100), Refused)


async def test_a_payment_that_failed_is_a_no(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    await play.touch("stripe.charge", charge(walk.person), failed=True)
    assert isinstance(await walk.propose(), Refused)
