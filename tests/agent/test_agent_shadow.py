"""A category in shadow, from the customer's words: a person answers, the agent works it out unheard."""

from pathlib import Path

import pytest

from agent.shadow import work_in_shadow
from approvals.parts import Reviewer
from approvals.standing import demote
from core.clock import StillClock
from store.tables.action import ActionRow
from store.tables.conversation import RequestRow
from store.work import Store
from tests.agent.chat_bench import Chat, chat

pytestmark = pytest.mark.slow
CATEGORY = "duplicate_charge"


async def _in_shadow(made: Chat) -> None:
    house = made.parts.approvals
    ops = Reviewer("usr_ops", "Ops", frozenset({"ops"}), made.clock.now())
    await demote(CATEGORY, to="shadow", by=ops, reason="to learn", parts=house)


async def test_a_person_answers_and_the_agent_proposes_unheard(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        await _in_shadow(made)
        said = await made.say("I was charged twice for order 1042")
        [request] = await made.rows(RequestRow)
        shown = [(event.kind, event.seq) for event in await made.events()]
        assert "colleague" in said
        assert {kind for kind, _ in shown} == {"message", "handed_over"}

        await work_in_shadow(made.id, request.id, made.parts)
        [row] = await made.rows(ActionRow)
        assert (row.tool, row.state, row.standing, row.args["amount"]) == (
            "refund_charge",
            "refused",
            "shadow",
            4_900,
        )
        assert [(event.kind, event.seq) for event in await made.events()] == shown
        assert [e for e in made.sandbox.world.ledger if e.kind == "refund"] == []


async def test_without_a_charge_to_refund_nothing_is_proposed(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "greta") as made:
        await _in_shadow(made)
        await made.say("I was charged twice for order 1120")
        [request] = await made.rows(RequestRow)
        await work_in_shadow(made.id, request.id, made.parts)
        await work_in_shadow(made.id, "req_gone", made.parts)
        assert await made.rows(ActionRow) == []
