"""What runs alone is looked at afterwards: chosen before the outcome, more often after an error, and pulled back by it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from approvals.detail import detail
from approvals.ladder.audits import SHARES, begin_burst, is_audited, is_chosen
from approvals.ladder.views import category_view
from approvals.ladder.weighing import weigh_category
from approvals.parts import Parts, Reviewer
from approvals.queue import waiting
from approvals.reviews import Decided, decide
from approvals.standing import standing_of
from core.actions import Executed, Held
from core.standing import Standing
from evals.earned import earn
from store.columns import table
from store.tables.standing import StandingRow
from tests.gate.gate_bench import Gate, person

_STANDING = table(StandingRow)
CATEGORY = "refund_request"


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_the_choice_is_a_share_that_only_the_secret_knows(share: float) -> None:
    tickets = [f"con_{i}" for i in range(20_000)]
    chosen = {t for t in tickets if is_chosen(b"one", t, share)}
    other = {t for t in tickets if is_chosen(b"two", t, share)}
    assert len(chosen) / len(tickets) == pytest.approx(share, rel=0.12)
    assert len(chosen & other) / len(tickets) == pytest.approx(share**2, abs=0.004)
    assert chosen <= {t for t in tickets if is_chosen(b"one", t, share + 0.1)}


def test_a_share_of_one_is_everything() -> None:
    assert all(is_chosen(b"one", f"con_{i}", 1.0) for i in range(1_000))
    assert not any(is_chosen(b"one", f"con_{i}", 0.0) for i in range(1_000))


async def alone(gate: Gate, key: str) -> tuple[str, str]:
    """A refund that runs without a review: its conversation and its action."""
    customer = await gate.customer(person(key), CATEGORY)
    await customer.look("find_charges")
    args = {
        "charge_id": f"ch_{key}_fine",
        "amount": 1_200,
        "currency": "usd",
        "reason": "requested_by_customer",
    }
    done = await customer.yes(await customer.submit("refund_charge", **args))
    assert isinstance(done, Executed), done
    return customer.asking.conversation_id, done.action_id


async def wrong(gate: Gate, action_id: str, reason: str = "wrong_amount") -> None:
    reviewer = Reviewer("usr_ines", "Ines", frozenset({"approver"}), gate.clock.now())
    shown = await detail(action_id, reviewer, gate.parts)
    gate.clock.move(timedelta(seconds=30))
    told: Any = {"reason_code": reason}
    await decide(Decided(action_id, shown.digest, "reject", **told), reviewer, gate.parts)


async def place(parts: Parts) -> Standing:
    async with parts.store.begin() as work:
        return await standing_of(work, parts.catalog.categories[CATEGORY], parts)  # type: ignore[index]


async def test_what_was_chosen_comes_into_the_queue_afterwards_and_the_rest_does_not(gate: Gate) -> None:
    await earn(gate.parts, CATEGORY, "autonomous_20")
    ran = [await alone(gate, f"k{i}") for i in range(12)]
    chosen = {
        action for ticket, action in ran if is_chosen(gate.parts.secret, ticket, SHARES["autonomous_20"])
    }
    assert {entry.action_id for entry in (await waiting(gate.parts)).entries} == chosen
    assert {(await gate.row(action)).review_after for _, action in ran} <= {True, False}
    view = await category_view(CATEGORY, gate.parts)
    assert view.n >= 500, "audits that wait hide nothing that was decided before"


async def test_an_audited_error_raises_the_share_to_all_for_a_hundred_tickets(gate: Gate) -> None:
    await earn(gate.parts, CATEGORY, "autonomous_20")
    async with gate.parts.store.begin() as work:
        await begin_burst(work, CATEGORY)
    gate.clock.move(timedelta(seconds=1))
    ran = [await alone(gate, f"k{i}") for i in range(3)]
    assert {e.action_id for e in (await waiting(gate.parts)).entries} == {action for _, action in ran}
    await wrong(gate, ran[0][1])
    async with gate.parts.store.begin() as work:
        began = await work.value(select(_STANDING.c.burst_from))
        assert began == work.now
        assert await is_audited(work, CATEGORY, "con_any", "autonomous_2", gate.parts)
    assert await place(gate.parts) == "autonomous_20"


async def test_five_errors_in_a_row_ring_and_pull_the_category_back_at_once(gate: Gate) -> None:
    await earn(gate.parts, CATEGORY, "autonomous_20")
    async with gate.parts.store.begin() as work:
        await begin_burst(work, CATEGORY)
    gate.clock.move(timedelta(seconds=1))
    ran = [await alone(gate, f"k{i}") for i in range(5)]
    for _, action in ran[:4]:
        await wrong(gate, action)
    assert await place(gate.parts) == "autonomous_20"
    await wrong(gate, ran[4][1])
    assert await place(gate.parts) == "observation"
    view = await category_view(CATEGORY, gate.parts)
    assert view.changes[0].reason == "The drift detector rang at audit 5."
    assert view.version is not None
    assert view.version.v == 2


async def test_one_critical_error_is_enough(gate: Gate) -> None:
    await earn(gate.parts, CATEGORY, "autonomous_20")
    async with gate.parts.store.begin() as work:
        await begin_burst(work, CATEGORY)
    gate.clock.move(timedelta(seconds=1))
    _, action = await alone(gate, "one")
    await wrong(gate, action, "wrong_customer")
    assert await place(gate.parts) == "observation"


async def test_another_agent_version_is_held_at_once_and_pulled_back_when_weighed(gate: Gate) -> None:
    await earn(gate.parts, CATEGORY, "autonomous_20")
    gate.parts = replace(gate.parts, prompts={CATEGORY: "a new prompt"})
    customer = await gate.customer(person("new"), CATEGORY)
    await customer.look("find_charges")
    args = {"charge_id": "ch_new_fine", "amount": 1_200, "currency": "usd", "reason": "requested_by_customer"}
    assert isinstance(await customer.yes(await customer.submit("refund_charge", **args)), Held)
    gate.clock.move(timedelta(seconds=1))
    await weigh_category(CATEGORY, gate.parts)
    view = await category_view(CATEGORY, gate.parts)
    assert (view.standing, view.changes[0].by) == ("observation", "ladder")
    assert "version changed" in view.changes[0].reason
    assert view.version is not None
    assert (view.version.v, view.n) == (2, 0), "the new version has shown nothing yet"


async def test_what_the_stand_in_model_proposes_is_held_in_a_category_it_has_not_earned(gate: Gate) -> None:
    await earn(gate.parts, CATEGORY, "autonomous_20")
    customer = await gate.customer(person("alt"), CATEGORY)
    await customer.look("find_charges")
    customer.asking = replace(customer.asking, model="offline 1")
    args = {"charge_id": "ch_alt_fine", "amount": 1_200, "currency": "usd", "reason": "requested_by_customer"}
    assert isinstance(await customer.yes(await customer.submit("refund_charge", **args)), Held)
    assert customer.effects() == []
