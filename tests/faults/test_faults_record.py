"""Our record against what really happened: effects nobody intended, what came undone, and a database from yesterday."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from approvals.execute import execute
from approvals.parts import Reviewer
from approvals.queue import detail
from approvals.reopen import reopen_undone
from approvals.reviews import Decided, decide
from approvals.switches import release_restored
from core.actions import Asked, Executed, Held, Outcome, Permit
from core.clock import StillClock
from core.errors import Invalid, NotFound
from core.ids import ActionId
from core.money import Money
from service.findings import explain, keep
from service.reconcile import Found, compare
from service.starting import look_before_running
from store.audit import Anchor, anchor_now
from store.columns import table
from store.tables.record import FindingRow, OutboxRow
from store.work import Store
from tests.agent.chat_bench import chat
from tests.faults.shop import Shop, shop
from tests.gate.gate_bench import person

ONCALL = "oncall@example.com"
_OUTBOX, _FINDING = table(OutboxRow), table(FindingRow)


@pytest.fixture
async def at(store: Store, clock: StillClock) -> AsyncIterator[Shop]:
    async with shop(store, clock) as made:
        yield made


async def _effect(at: Shop, charge: str, action_id: str) -> None:
    """A refund at the vendor that carries an action's id, and of which our record knows nothing."""
    permit = Permit(ActionId(action_id), "d" * 64, f"remit-{action_id}")
    await at.gate.parts.systems.billing.refund(charge, Money(500, "usd"), "duplicate", permit)


async def _kept(at: Shop, **more: Any) -> Found:
    found = await compare(at.gate.parts, **more)
    found.differences = await keep(found.differences, at.gate.parts, page=ONCALL, whole=not more)
    return found


async def _mails(at: Shop) -> list[OutboxRow]:
    async with at.gate.parts.store.begin() as work:
        return await work.rows(OutboxRow, select(_OUTBOX))


async def test_F32_what_was_done_and_is_on_record_agrees(at: Shop) -> None:
    await at.run("fine")
    found = await _kept(at)
    assert (found.is_clean, found.checked, found.as_document()["orphans"]) == (True, 1, [])


@pytest.mark.parametrize("window", [{}, {"since": timedelta(hours=1)}], ids=["whole", "every-five-minutes"])
async def test_F32_an_effect_nobody_intended_pages_once_and_has_an_owner(
    at: Shop, window: dict[str, timedelta]
) -> None:
    more = {name: at.gate.clock.now() - by for name, by in window.items()}
    await at.run("known")
    await _effect(at, "ch_known_large", "act_stranger")
    for _ in range(2):
        found = await _kept(at, **more)
    [orphan] = found.as_document()["orphans"]
    assert (orphan["action"], orphan["owner"], orphan["vendor"]) == ("act_stranger", "ops", "stripe")
    [mail] = await _mails(at)
    assert mail.body["to"] == ONCALL
    assert await at.audited("incident.opened") == 1


async def test_F32_an_effect_of_a_customer_we_no_longer_know_is_found(at: Shop) -> None:
    await at.gate.customer(person("kept"), "refund_request")
    await at.gate.customer(person("lost"), "refund_request")
    await _effect(at, "ch_lost_fine", "act_after_backup")
    async with at.gate.parts.store.begin() as work:
        await work.run(text("truncate customer, conversation, request, message cascade"))
    assert [one.action_id for one in (await _kept(at)).of("orphan")] == ["act_after_backup"]


async def test_F32_what_a_colleague_explained_is_no_difference_any_more(at: Shop) -> None:
    await at.run("known")
    await _effect(at, "ch_known_large", "act_stranger")
    [one] = (await _kept(at)).differences
    parts, now = at.gate.parts, at.gate.clock.now()
    with pytest.raises(Invalid, match="Say what it was"):
        await explain(one.finding, " ", by="ops", at=now, parts=parts)
    await explain(one.finding, "made by hand in the dashboard", by="ops", at=now, parts=parts)
    found = await _kept(at)
    assert (found.is_clean, found.explained) == (True, 1)
    with pytest.raises(NotFound):
        await explain(one.finding, "again", by="ops", at=now, parts=parts)


async def test_F32_a_difference_that_is_so_no_more_closes_by_itself(at: Shop) -> None:
    action_id, _ = await at.run("gone")
    async with at.gate.world.change() as change:
        refund = change.find("stripe.refund")[-1]
        change.drop("stripe.refund", refund["id"])
    assert [one.why for one in (await _kept(at)).differences] == ["the vendor shows no such effect"]
    async with at.gate.world.change() as change:
        change.put("stripe.refund", refund["id"], refund)
    assert (await _kept(at)).is_clean
    async with at.gate.parts.store.begin() as work:
        [row] = await work.rows(FindingRow, select(_FINDING))
    assert (row.action_id, row.closed_by) == (action_id, "no longer so")


async def test_F32_what_was_done_already_is_never_done_again(at: Shop) -> None:
    """A backup from before the execution: approved here, done there, and the vendor's key is forgotten."""
    asked = await at.asked("twice")
    await _effect(at, "ch_twice_fine", asked.action_id)
    async with at.gate.parts.store.begin() as work:
        await work.run(text("update action set state = 'approved' where id = :id"), {"id": asked.action_id})
    at.gate.clock.move(timedelta(hours=20))
    await _kept(at)
    await execute(asked.action_id, at.gate.parts, tell=True)
    assert (await at.row(asked.action_id)).state == "refused"
    assert (at.effects(), at.calls.sent) == (1, 0)


async def _approved(at: Shop, action_id: str) -> Outcome:
    ines = Reviewer("usr_ines", "Ines", frozenset({"approver"}), at.gate.clock.now())
    shown = await detail(action_id, ines, at.gate.parts)
    await decide(Decided(action_id, shown.digest, "approve"), ines, at.gate.parts)
    return await execute(action_id, at.gate.parts)


async def test_a_cancellation_taken_back_is_no_difference(at: Shop) -> None:
    await at.gate.stands("subscription_cancel", "autonomous_20")
    customer = await at.gate.customer(person("stays"), "subscription_cancel")
    looked = await customer.look("get_subscription")
    key = looked.content.split('"id":"')[1].split('"')[0]
    for tool, more in (("cancel_subscription", {"when": "period_end"}), ("resume_subscription", {})):
        asked = await customer.submit(tool, subscription_id=key, **more)
        done = await customer.yes(asked) if isinstance(asked, Asked) else asked
        if isinstance(done, Held):
            done = await _approved(at, done.action_id)
        assert isinstance(done, Executed), done
        at.gate.clock.move(timedelta(minutes=1))
    assert [one.why for one in (await _kept(at)).differences] == []


async def _bounces(world: Any) -> None:
    async with world.change() as change:
        for refund in change.find("stripe.refund"):
            change.put("stripe.refund", refund["id"], {**refund, "status": "failed"})


async def test_F10_a_refund_that_bounces_comes_back_once(at: Shop) -> None:
    action_id, told = await at.run("bounced")
    assert isinstance(told, Executed)
    assert not await reopen_undone(action_id, at.gate.parts)
    await _bounces(at.gate.world)
    assert [one.kind for one in (await _kept(at)).differences] == []
    assert (await at.row(action_id)).state == "needs_person"
    assert [one.action_id for one in (await _kept(at)).of("unsure")] == [action_id]
    assert not await reopen_undone(action_id, at.gate.parts)
    assert await at.audited("action.undone") == 1
    assert await at.audited("action.late_error") == 1


async def test_F10_the_customer_hears_that_it_bounced_and_a_person_has_it(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        await made.say("I was charged twice for order 1042, I want my money back")
        await made.confirm()
        await made.decide()
        [done] = [row for row in await made.actions() if row.state == "executed"]
        await _bounces(made.sandbox.world)
        assert await reopen_undone(done.id, made.parts.approvals)
        await made.drain()
        told = [text for text in await made.replies() if "did not reach you" in text]
        assert len(told) == 1
        assert len(await made.handoffs()) == 1
        assert any("did not reach you" in row.body["text"] for row in await made.outbox("ticket_comment"))


async def test_F32_a_database_older_than_its_anchor_executes_nothing_until_it_is_made_good(
    at: Shop, tmp_path: Path
) -> None:
    parts, anchor = at.gate.parts, Anchor(tmp_path / "anchor", b"key")
    await at.run("before")
    async with parts.store.begin() as work:
        assert await anchor_now(work.conn, anchor) is None
    assert await look_before_running(parts.store, parts.jobs, anchor) is None
    anchor.write(9_999, "f" * 64)
    problem = await look_before_running(parts.store, parts.jobs, anchor)
    assert "the anchor knows 9999" in (problem or "")
    _, told = await at.run("after")
    assert isinstance(told, Held)
    assert at.effects() == 1
    async with parts.store.begin() as work:
        await release_restored(work)
    _, told = await at.run("then")
    assert isinstance(told, Executed)
