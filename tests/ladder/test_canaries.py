"""Canaries look like work, never run, count nowhere, and tell who lets everything pass."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from approvals.detail import detail
from approvals.execute import execute, permit_for
from approvals.ladder.canaries import MISSED, plant, plant_canaries
from approvals.ladder.views import category_view
from approvals.parts import Parts, Reviewer
from approvals.queue import waiting
from approvals.record import action_row
from approvals.reviews import Decided, Reviewed, decide
from approvals.settle import sweep
from core.actions import Executed, Held, Refused
from core.errors import Conflict, Gone, Invalid
from store.columns import table
from store.tables.action import ActionRow, AttemptRow
from store.tables.conversation import EventRow
from store.tables.standing import CanaryRow
from tests.gate.gate_bench import Customer, Gate, person

_ACTION, _ATTEMPT, _CANARY, _EVENT = (table(r) for r in (ActionRow, AttemptRow, CanaryRow, EventRow))
CATEGORY = "refund_request"


@dataclass
class Planted:
    """A canary made from a refund that was approved and happened."""

    gate: Gate
    real: Customer
    real_id: str
    id: str

    async def row(self) -> ActionRow:
        return await self.gate.row(self.id)

    async def canary(self) -> CanaryRow:
        async with self.gate.parts.store.begin() as work:
            found = await work.row(CanaryRow, select(_CANARY).where(_CANARY.c.action_id == self.id))
        assert found is not None
        return found

    async def decide(self, decision: Any, **more: Any) -> Reviewed:
        return await reviewed(self.gate, self.id, decision, **more)


async def reviewed(gate: Gate, action_id: str, decision: Any, **more: Any) -> Reviewed:
    reviewer = Reviewer("usr_ines", "Ines", frozenset({"approver"}), gate.clock.now())
    shown = await detail(action_id, reviewer, gate.parts)
    gate.clock.move(timedelta(seconds=20))
    return await decide(Decided(action_id, shown.digest, decision, **more), reviewer, gate.parts)


async def refunded(gate: Gate, key: str) -> tuple[Customer, str]:
    """A refund of one payment, read, proposed, confirmed, approved and done."""
    customer = await gate.customer(person(key), CATEGORY, words="Please refund order 1001.")
    await customer.look("find_charges")
    args = {
        "charge_id": f"ch_{key}_fine",
        "amount": 1_200,
        "currency": "usd",
        "reason": "requested_by_customer",
    }
    held = await customer.yes(await customer.submit("refund_charge", **args))
    assert isinstance(held, Held)
    await reviewed(gate, held.action_id, "approve")
    await execute(held.action_id, gate.parts)
    return customer, held.action_id


@pytest.fixture
async def planted(gate: Gate) -> AsyncIterator[Planted]:
    customer, real_id = await refunded(gate, "pip")
    made = await plant(gate.parts.catalog.categories[CATEGORY], gate.parts)  # type: ignore[index]
    assert made is not None
    yield Planted(gate, customer, real_id, made)
    # Whatever was decided: one refund happened, the real one.
    assert [(e.kind, e.amount) for e in gate.world.ledger] == [("refund", 1_200)]


async def test_a_canary_is_a_real_action_with_one_thing_wrong_that_rules_allow(planted: Planted) -> None:
    row, real = await planted.row(), await planted.gate.row(planted.real_id)
    broke = (await planted.canary()).broke
    assert {name for name in row.args if row.args[name] != real.args[name]} == {broke}
    assert (row.state, row.allowed_by_rules, row.canary) == ("held", True, True)
    assert row.verdict["rules"]["kind"] == "allow"
    assert row.customer_id != real.customer_id
    assert row.preview != real.preview


async def test_a_canary_looks_like_any_entry_of_the_queue(planted: Planted) -> None:
    [entry] = [e for e in (await waiting(planted.gate.parts)).entries if e.action_id == planted.id]
    shown = await detail(planted.id, None, planted.gate.parts)
    assert entry.customer_name == "Ada Example"
    assert shown.request_text == "" or "refund" in shown.request_text
    assert [said.text for said in shown.said] == ["Please refund order 1001."]
    assert [step.what for step in shown.history] == ["Proposed by the agent", "Confirmed by button"]
    assert "canary" not in str(shown).replace(CATEGORY, "").lower()


async def test_approving_a_canary_runs_nothing_and_tells_the_approver(planted: Planted) -> None:
    told = await planted.decide("approve")
    canary = await planted.canary()
    assert told.sentence == MISSED.format(what=canary.what)
    assert (told.state, canary.missed, canary.answered_by) == ("withdrawn", True, "usr_ines")
    assert isinstance(await execute(planted.id, planted.gate.parts), Refused)
    row = await planted.row()
    row.state = "executing"  # as if the database had let it
    with pytest.raises(Conflict):
        permit_for(row)
    with pytest.raises(Gone):
        await planted.decide("approve")


@pytest.mark.parametrize(
    ("decision", "more", "missed"),
    [
        pytest.param("reject", {"reason_code": "wrong_amount"}, False, id="rejected"),
        pytest.param("take_over", {}, False, id="taken-over"),
        pytest.param("edit", {"args": "kept"}, True, id="edited-elsewhere"),
        pytest.param("edit", {"args": "mended"}, False, id="edited-right"),
    ],
)
async def test_what_counts_as_noticed(planted: Planted, decision: str, more: Any, *, missed: bool) -> None:
    row, real = await planted.row(), await planted.gate.row(planted.real_id)
    args = {"kept": row.args | {"reason": "duplicate"}, "mended": real.args}
    if "args" in more:
        more = {"args": args[more["args"]]}
    await planted.decide(decision, **more)
    assert (await planted.canary()).missed is missed


async def test_a_canary_is_rejected_with_a_reason_like_any_other(planted: Planted) -> None:
    with pytest.raises(Invalid, match="Say why"):
        await planted.decide("reject")
    assert (await planted.row()).state == "held"


async def test_a_canary_is_never_evidence_and_says_how_reviewers_are(planted: Planted) -> None:
    before = await category_view(CATEGORY, planted.gate.parts)
    await planted.decide("approve")
    after = await category_view(CATEGORY, planted.gate.parts)
    assert (before.n, before.k) == (after.n, after.k) == (1, 0)
    assert (after.canaries_shown, after.canaries_missed) == (1, 1)
    assert [(one.by, one.missed) for one in after.approvers] == [("usr_ines", 1)]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(update(_ACTION).values(state="executing"), id="executing"),
        pytest.param(update(_ACTION).values(state="approved"), id="approved"),
        pytest.param(update(_ACTION).values(canary=False), id="no-longer-one"),
        pytest.param(update(_ACTION).values(canary=False, state="approved"), id="both"),
    ],
)
async def test_the_database_itself_never_lets_a_canary_run(planted: Planted, statement: Any) -> None:
    with pytest.raises(DBAPIError, match="canary"):
        async with planted.gate.parts.store.begin() as work:
            await work.run(statement.where(_ACTION.c.id == planted.id))


async def test_the_database_takes_no_intent_for_a_canary(planted: Planted) -> None:
    now = planted.gate.clock.now()
    told = {"key": "k", "digest": "d", "first_sent_at": now, "tries": 1, "state": "open", "fence": 1}
    with pytest.raises(DBAPIError, match="a canary is never sent"):
        async with planted.gate.parts.store.begin() as work:
            await work.run(insert(_ATTEMPT).values(action_id=planted.id, **told))


async def test_a_canary_nobody_looked_at_ends_without_a_word(planted: Planted) -> None:
    planted.gate.clock.move(timedelta(days=3))
    assert (await sweep(planted.gate.parts))["expired"] == 1
    row = await planted.row()
    async with planted.gate.parts.store.begin() as work:
        mine = select(func.count()).where(_EVENT.c.conversation_id == row.conversation_id)
        assert (row.state, await work.value(mine)) == ("expired", 0)


async def test_canaries_come_with_the_work_and_not_more_than_their_share(gate: Gate) -> None:
    assert await plant_canaries(gate.parts) == 0
    await refunded(gate, "one")
    async with gate.parts.store.begin() as work:
        copied = text(
            "insert into review select id || n, action_id, digest, reviewer_id, decision, reason_code, note,"
            " shown_rules, args_before, args_after, seconds_open, used_at, at, material"
            " from review, generate_series(1, 8) n"
        )
        await work.run(copied)
    assert await plant_canaries(gate.parts) == 0, "nobody is working here"
    waits = await gate.customer(person("two"), CATEGORY)
    await waits.look("find_charges")
    args = {"charge_id": "ch_two_fine", "amount": 1_200, "currency": "usd", "reason": "requested_by_customer"}
    assert isinstance(await waits.yes(await waits.submit("refund_charge", **args)), Held)
    assert await plant_canaries(gate.parts) == 1
    assert await plant_canaries(gate.parts) == 0, "one action is broken once"


async def test_the_answer_to_another_question_is_a_canary_of_answers(gate: Gate, parts: Parts) -> None:
    for key, words in (("ada", "Open the plan page."), ("bob", "Parcels take two days.")):
        customer = await gate.customer(person(key), "how_to", words="How does it work?")
        sent = await customer.submit("answer", text=words, closes=True)
        assert isinstance(sent, Executed), sent
        await reviewed(gate, sent.action_id, "approve")
    made = await plant(parts.catalog.categories["how_to"], parts)  # type: ignore[index]
    assert made is not None
    async with parts.store.begin() as work:
        row = await action_row(work, made)
        real = await work.value(select(_CANARY.c.made_from).where(_CANARY.c.action_id == made))
        assert {row.args["text"], (await action_row(work, real)).args["text"]} == {
            "Open the plan page.",
            "Parcels take two days.",
        }
    [entry] = (await waiting(parts)).entries
    shown = await detail(made, None, parts)
    assert (entry.action_id, entry.state, entry.review_after) == (made, "executed", True)
    assert shown.receipt is not None
    assert shown.receipt.title == "Answered"
    assert "Now executed" in [step.what for step in shown.history]
    told = await reviewed(gate, made, "reject", reason_code="wrong_text")
    assert told.state == "rejected"
