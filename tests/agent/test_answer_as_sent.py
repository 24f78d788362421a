"""An answer that waits is read by a colleague exactly as the customer will get it, and never claims what was not done."""

from pathlib import Path

from sqlalchemy import update

from agent.followup import follow_up
from agent.model import Reply
from agent.outbound import UNPROVEN
from agent.parts import AgentParts
from agent.scripted import ScriptedModel
from core.actions import Receipt, ToolCall
from core.clock import StillClock
from store.columns import table
from store.tables.action import ActionRow
from store.work import Store
from tests.agent.chat_bench import chat

TWICE = "I was charged twice for order 1042, I want my money back"
_ACTION = table(ActionRow)


def answer(text: str) -> Reply:
    return Reply(
        stop="tool_use", calls=(ToolCall(id="c1", name="answer", args={"text": text, "closes": True}),)
    )


async def test_a_reviewer_reads_the_answer_as_it_will_be_sent(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    model = ScriptedModel([answer("Read https://evil.example.net/x first.")])
    async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
        await made.say(TWICE)
        [row] = await made.actions()
        shown = row.preview["lines"][0]["after"]
        assert shown == "Read [link removed] first."
        await made.decide("approve")
        assert shown in (await made.replies())[-1]


async def test_an_answer_that_claims_an_effect_without_a_receipt_is_not_proposed(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    model = ScriptedModel([answer("I have refunded your $49.00."), Reply(stop="end", text="Let me look.")])
    async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
        assert "refunded" not in await made.say(TWICE)
        assert await made.actions() == []
        model.assert_finished()


async def test_an_approved_answer_is_no_receipt_for_itself(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    model = ScriptedModel([answer("Nothing to do.")])
    async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
        await made.say(TWICE)
        [row] = await made.actions()
        # As if it had been stored before the filter knew such words.
        claim = {"text": "The $49.00 went back to your Visa a minute ago.", "closes": True}
        async with store.begin() as work:
            await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(args=claim))
        await _answer_by_hand(made.parts, row.id, store)
        assert (await made.replies())[-1] == UNPROVEN
        assert made.effects() == []


async def _answer_by_hand(parts: AgentParts, action_id: str, store: Store) -> None:
    receipt = Receipt(
        vendor="remit",
        kind="answer",
        object=action_id,
        reference=action_id,
        title="Answered",
        at=parts.approvals.clock.now(),
    )
    async with store.begin() as work:
        done = update(_ACTION).where(_ACTION.c.id == action_id)
        await work.run(done.values(state="executed", receipt=receipt.model_dump(mode="json")))
    await follow_up(action_id, parts)
