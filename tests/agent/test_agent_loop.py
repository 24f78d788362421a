"""The loop under a model that does anything: nothing it says is done without the gate, nothing is lost, nothing doubled."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.bounds import Bounds
from agent.entries import Heard, Noted, Replied, Results
from agent.handover import hand_over
from agent.model import ModelDown, Prompt, Reply, Usage
from agent.outbound import UNPROVEN
from agent.scripted import Script, ScriptedModel, call, say
from agent.transcript import load
from agent.turn import run_turn
from core.actions import ToolCall
from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import Chat, chat

# Whole conversations on real parts: `make test` runs them, `make check` does not.
pytestmark = pytest.mark.slow

TWICE = "I was charged twice for order 1042, I want my money back"
REFUND = {"charge_id": "ch_mara_second", "amount": 4900, "currency": "usd", "reason": "duplicate"}
LEASE_OVER = timedelta(minutes=5)
Talk = Callable[..., Any]


@pytest.fixture
def talk(store: Store, database: str, clock: StillClock, tmp_path: Path) -> Talk:
    @asynccontextmanager
    async def begin(
        *script: Script, person: str = "mara", bounds: Bounds | None = None
    ) -> AsyncIterator[tuple[Chat, ScriptedModel]]:
        model = ScriptedModel(script)
        async with chat(store, database, clock, tmp_path, person, model=model, bounds=bounds) as made:
            yield made, model

    return begin


async def _entries(made: Chat) -> Sequence[Any]:
    async with made.parts.approvals.store.begin() as work:
        return await load(work, made.id)


async def test_reads_then_proposes_then_says(talk: Talk) -> None:
    script = (call("find_charges"), call("refund_charge", **REFUND), say("Please confirm the card."))
    async with talk(*script) as (made, model):
        assert await made.say(TWICE) == "Please confirm the card."
        model.assert_finished()
        assert [(a.tool, a.state) for a in await made.actions()] == [("refund_charge", "asked")]
        kinds = [type(entry) for entry in await _entries(made)]
        assert kinds == [Heard, Replied, Results, Replied, Results, Replied]
        assert made.effects() == []


async def test_the_model_sees_the_tools_of_the_category_and_no_others(talk: Talk) -> None:
    async with talk(say("Which order?")) as (made, model):
        await made.say(TWICE)
        names = {tool.name for tool in model.seen[0].tools}
        assert {"refund_charge", "find_charges", "hand_over"} <= names
        assert "change_email" not in names


@pytest.mark.parametrize(
    ("name", "args", "word"),
    [
        pytest.param("drop_tables", {}, "no tool", id="unknown-tool"),
        pytest.param("change_email", {"account_id": "a", "new_email": "b"}, "refused", id="other-category"),
        pytest.param("refund_charge", {**REFUND, "principal": "u_x"}, "refused", id="extra-argument"),
        pytest.param("refund_charge", {**REFUND, "amount": "4900"}, "refused", id="ill-typed"),
        pytest.param("refund_charge", REFUND, "refused", id="id-from-nowhere"),
        pytest.param("get_charge", {"charge_id": "ch_noor_main"}, "nothing like that", id="foreign-id"),
    ],
)
async def test_a_wrong_call_is_told_to_the_model_and_does_nothing(
    talk: Talk, name: str, args: dict[str, Any], word: str
) -> None:
    async with talk(call(name, **args), say("Sorry, one moment.")) as (made, model):
        await made.say(TWICE)
        [results] = [e for e in model.seen[1].transcript if isinstance(e, Results)]
        assert word in results.results[0].content
        assert await made.actions() == []
        assert made.effects() == []


async def test_malformed_arguments_are_a_tool_error(talk: Talk) -> None:
    bad = Reply(calls=(ToolCall(id="t1", name="refund_charge", args='{"amount": 49'),), stop="tool_use")
    async with talk(bad, say("Sorry.")) as (made, model):
        await made.say(TWICE)
        assert "refused" in model.seen[1].transcript[-1].results[0].content
        assert await made.actions() == []


async def test_a_call_id_used_twice_never_runs_again(talk: Talk) -> None:
    def again(prompt: Prompt) -> Reply:
        return Reply(calls=(ToolCall(id="t1", name="find_charges", args={}),), stop="tool_use")

    async with talk(again, again, say("Done looking.")) as (made, model):
        await made.say(TWICE)
        found = [e for e in model.seen[-1].transcript if isinstance(e, Results)]
        assert [r.ok for e in found for r in e.results] == [True, False]
        ids = [c.id for e in model.seen[-1].transcript if isinstance(e, Replied) for c in e.calls]
        assert len(set(ids)) == 2


async def test_every_call_has_its_result_right_after_it(talk: Talk) -> None:
    two = Reply(
        calls=(
            ToolCall(id="t1", name="find_charges", args={}),
            ToolCall(id="t2", name="find_orders", args={"order_number": "1042"}),
        ),
        stop="tool_use",
    )
    async with talk(two, say("Here.")) as (made, model):
        await made.say(TWICE)
        replied, results = model.seen[1].transcript[-2:]
        assert [c.id for c in replied.calls] == [r.call_id for r in results.results] == ["t1", "t2"]


async def test_the_same_proposal_after_an_answer_is_the_same_action(talk: Talk) -> None:
    script = (
        call("find_charges"),
        call("refund_charge", **REFUND),
        call("refund_charge", **REFUND),
        say("There."),
    )
    async with talk(*script) as (made, _):
        await made.say(TWICE)
        assert len(await made.actions()) == 1


async def test_a_claim_without_a_receipt_is_replaced_and_never_shown(talk: Talk) -> None:
    async with talk(say("Good news. I have refunded your $49.00. Anything else?")) as (made, _):
        assert await made.say(TWICE) == UNPROVEN
        assert "refunded" not in made.screen.words()


async def test_links_to_elsewhere_never_leave(talk: Talk) -> None:
    async with talk(say("See https://evil.example.net/x for more.")) as (made, _):
        assert "evil" not in await made.say(TWICE)
        assert "evil" not in made.screen.words()


async def test_words_are_shown_while_they_come(talk: Talk) -> None:
    async with talk(say("I see two payments. Which one is it?")) as (made, _):
        await made.say(TWICE)
        assert made.screen.words() == "I see two payments. Which one is it?"
        assert made.screen.shown[0][0] == "typing"


async def test_what_is_being_looked_at_is_shown(talk: Talk) -> None:
    async with talk(call("find_charges"), say("Which?")) as (made, _):
        await made.say(TWICE)
        shown = [body["text"] for kind, body in made.screen.shown if kind == "looking"]
        assert shown == ["Looking at your payments"]
        assert [e.kind for e in await made.events()] == ["message", "found", "message"]


@pytest.mark.parametrize(
    "stop", [pytest.param("refusal", id="refusal"), pytest.param("too_long", id="context-full")]
)
async def test_a_model_that_will_not_go_on_brings_a_person(talk: Talk, stop: Any) -> None:
    async with talk(Reply(text="I can't.", stop=stop)) as (made, _):
        await made.say(TWICE)
        assert (await made.conversation()).state == "with_person"


async def test_a_reply_cut_off_is_asked_for_once_more(talk: Talk) -> None:
    cut = Reply(text="I will tell you everyth", stop="max_tokens")
    async with talk(cut, say("Short.")) as (made, model):
        assert await made.say(TWICE) == "Short."
        assert isinstance(model.seen[1].transcript[-1], Noted)


async def test_a_reply_cut_off_twice_brings_a_person(talk: Talk) -> None:
    cut = Reply(text="I will tell you everyth", stop="max_tokens")
    async with talk(cut, cut) as (made, _):
        await made.say(TWICE)
        assert (await made.conversation()).state == "with_person"


async def test_an_empty_reply_brings_a_person(talk: Talk) -> None:
    async with talk(Reply()) as (made, _):
        await made.say(TWICE)
        assert (await made.handoffs())[0].reason == "The model had nothing to say."


async def test_when_the_model_is_down_the_offline_one_takes_the_turn(talk: Talk) -> None:
    async with talk(call("find_charges"), ModelDown("status 529")) as (made, _):
        reply = await made.say(TWICE)
        assert "confirm" in reply
        assert [(a.tool, a.state) for a in await made.actions()] == [("refund_charge", "asked")]
        assert [t.model for t in await made.turns()] == ["offline"]


async def test_the_model_may_hand_over_with_a_last_word(talk: Talk) -> None:
    async with talk(call("hand_over", text="Let me get somebody.", reason="It is about two accounts.")) as (
        made,
        _,
    ):
        assert (await made.say(TWICE)).startswith("Let me get somebody.")
        [handoff] = await made.handoffs()
        assert handoff.reason == "It is about two accounts."
        assert handoff.packet["conversation"][0]["text"] == TWICE


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        pytest.param(Bounds(steps=3), "steps", id="steps"),
        pytest.param(Bounds(conversation_tokens=250), "words", id="tokens"),
        pytest.param(Bounds(conversation_cost_micro_usd=250), "cost", id="cost"),
        pytest.param(Bounds(result_bytes=50), "more than", id="bytes"),
    ],
)
async def test_bounds_bring_a_person_with_everything_kept(talk: Talk, bounds: Bounds, why: str) -> None:
    def look(prompt: Prompt) -> Reply:
        made = call("find_charges")
        return Reply(calls=made.calls, stop="tool_use", usage=Usage(tokens_in=100, cost_micro_usd=100))

    async with talk(*[look] * 3, bounds=bounds) as (made, _):
        await made.say(TWICE)
        assert (await made.conversation()).state == "with_person"
        assert why in (await made.handoffs())[0].reason
        assert any(isinstance(entry, Results) for entry in await _entries(made))


async def test_time_that_is_up_brings_a_person(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    class Slow(ScriptedModel):
        async def reply(self, prompt: Prompt, *, on_text: Any) -> Reply:
            await asyncio.Event().wait()
            raise AssertionError

    slow, bounds = Slow([]), Bounds(seconds=0.05)
    async with chat(store, database, clock, tmp_path, "mara", model=slow, bounds=bounds) as made:
        await made.say(TWICE)
        assert (await made.conversation()).state == "with_person"
        assert (await made.conversation()).lease_until is None


async def test_words_that_arrive_during_a_turn_are_heard_before_a_write(talk: Talk) -> None:
    async with talk(
        call("find_charges"), call("refund_charge", **REFUND), say("Of course, nothing is refunded.")
    ) as (made, model):
        seen = model.reply

        async def interrupted(prompt: Prompt, *, on_text: Any) -> Reply:
            if len(model.seen) == 1:
                await made.write("actually it was order 1101 that I mean")
            return await seen(prompt, on_text=on_text)

        model.reply = interrupted  # type: ignore[method-assign]
        await made.say(TWICE)
        assert await made.actions() == []
        last = model.seen[-1].transcript
        assert isinstance(last[-1], Heard)
        assert "not_run" in last[-2].results[0].content


async def test_words_that_arrive_at_the_end_get_a_turn_of_their_own(talk: Talk) -> None:
    async with talk(say("Which order?"), say("Thank you, looking.")) as (made, model):
        first = model.reply

        async def interrupted(prompt: Prompt, *, on_text: Any) -> Reply:
            if not model.seen:
                await made.write("it is order 1042")
            return await first(prompt, on_text=on_text)

        model.reply = interrupted  # type: ignore[method-assign]
        await made.say(TWICE)
        model.assert_finished()
        assert len(await made.turns()) == 2


async def test_two_turns_at_once_answer_once(talk: Talk) -> None:
    async with talk(say("Which order?")) as (made, model):
        await made.write(TWICE)
        await asyncio.gather(*(run_turn(made.id, "", made.parts) for _ in range(4)))
        model.assert_finished()
        assert await made.replies() == ["Which order?"]


async def test_a_turn_whose_process_died_is_taken_up_again(talk: Talk, clock: StillClock) -> None:
    def dies(prompt: Prompt) -> Reply:
        raise ConnectionAbortedError("the process died")

    async with talk(call("find_charges"), dies, say("Which of the two?")) as (made, _):
        await made.write(TWICE)
        with pytest.raises(ConnectionAbortedError):
            await run_turn(made.id, "", made.parts)
        await run_turn(made.id, "", made.parts)
        assert await made.replies() == []
        clock.move(LEASE_OVER)
        await run_turn(made.id, "", made.parts)
        assert await made.replies() == ["Which of the two?"]
        assert sorted(t.state for t in await made.turns()) == ["done", "failed"]


async def test_a_message_that_kills_every_turn_is_set_aside_for_a_person(
    talk: Talk, clock: StillClock
) -> None:
    def dies(prompt: Prompt) -> Reply:
        raise ConnectionAbortedError("the process died")

    async with talk(dies, dies, dies) as (made, _):
        await made.write(TWICE)
        for _ in range(3):
            with pytest.raises(ConnectionAbortedError):
                await run_turn(made.id, "", made.parts)
            clock.move(LEASE_OVER)
        await run_turn(made.id, "", made.parts)
        assert (await made.handoffs())[0].reason == "The agent failed on this several times."


async def test_an_agent_whose_conversation_was_taken_says_and_does_nothing_more(talk: Talk) -> None:
    async with talk(call("find_charges"), call("refund_charge", **REFUND)) as (made, model):
        seen = model.reply

        async def taken(prompt: Prompt, *, on_text: Any) -> Reply:
            if len(model.seen) == 1:
                await hand_over(made.id, "The customer asked for a person.", made.parts)
            return await seen(prompt, on_text=on_text)

        model.reply = taken  # type: ignore[method-assign]
        await made.say(TWICE)
        assert await made.actions() == []
        assert len(await made.replies()) == 1
        assert len(await made.handoffs()) == 1


async def test_a_vendor_that_is_down_brings_a_person_and_says_so(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        made.sandbox.faults.plan("stripe", "/v1/charges", "drop", times=20)
        assert "does not answer" in await made.say(TWICE)
        assert (await made.conversation()).state == "with_person"
        assert made.effects() == []
