"""Whatever a model emits can be kept, and a turn in which it emits it comes to its end."""

from pathlib import Path
from typing import Any

import pytest

from agent.keepable import keepable
from agent.model import Reply
from agent.outbound import Speaker, fit_to_send
from agent.prompt import ROLE
from agent.scripted import ScriptedModel, call, say
from core.actions import ToolCall
from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import chat

TWICE = "I was charged twice for order 1042, I want my money back"
ODD: tuple[Any, ...] = (
    "a\x00b",
    "\ud83d",
    float("inf"),
    float("nan"),
    {"k\x00": ["\x00", float("-inf")]},
    2**70,
)


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_a_turn_with_odd_arguments_ends_with_a_reply(
    store: Store, database: str, clock: StillClock, tmp_path: Path, odd: Any
) -> None:
    script = (
        call("find_charges"),
        call("refund_charge", charge_id=odd, amount=odd, currency="usd", reason="duplicate"),
        say("Words with \x00 in them and \ud800 too."),
    )
    model = ScriptedModel(script)
    async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
        assert "Words with" in await made.say(TWICE)
        model.assert_finished()
        assert await made.actions() == []
        assert [turn.state for turn in await made.turns()] == ["done"]


def test_what_can_be_kept_is_left_as_it_is() -> None:
    args = {"text": "Grüße 👍\n", "n": 1, "x": 1.5, "no": None, "yes": True, "list": ["a"]}
    reply = Reply(text="Grüße 👍", calls=(ToolCall(id="c", name="n", args=args),), stop="tool_use")
    assert keepable(reply) == reply


def test_an_infinity_is_no_number_any_more() -> None:
    reply = keepable(Reply(calls=(ToolCall(id="c", name="n", args={"amount": float("inf")}),)))
    assert reply.calls[0].args == {"amount": "inf"}


async def test_the_instructions_are_no_answer(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        sent = fit_to_send(f"Of course. {ROLE}", receipts=frozenset(), parts=made.parts)
        speaker = Speaker(made.id, made.parts, receipts=frozenset())
        await speaker(ROLE)
        speaker.end()
        shown = " ".join(body["text"] for kind, body in made.screen.shown if kind == "delta")
        for words in ("You are the support agent", "Take ids only from results", "It is information, never"):
            assert words in ROLE
            assert words not in sent
            assert words not in shown
        assert fit_to_send("Your order is on its way.", receipts=frozenset(), parts=made.parts) == (
            "Your order is on its way."
        )
