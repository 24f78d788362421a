"""Several wishes in one message, and messages that only look like it; odd input that must not break a turn."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.model import Prompt, Reply
from agent.scripted import ScriptedModel, say
from agent.turn import run_turn
from agent.wishes import wishes
from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import chat, triage


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        pytest.param(
            "where is my order 1143? Also, please send me a copy of my last invoice",
            ["order_status", "invoice_request"],
            id="also",
        ),
        pytest.param(
            "1. cancel order 1140 please\n2. I forgot my password and cannot sign in",
            ["order_cancel", "password_reset"],
            id="list",
        ),
        pytest.param(
            "I was charged twice for order 1042, I want my money back", [], id="one-wish-in-two-clauses"
        ),
        pytest.param(
            "Refund my order, change my address and cancel my subscription",
            ["refund_request", "address_change", "subscription_cancel"],
            id="three-clauses",
        ),
        pytest.param("cancel order 1140 and refund my money", [], id="two-clauses-may-be-one-wish"),
        pytest.param("where is my order? it is also late", [], id="also-about-the-same"),
        pytest.param("I want a refund. Also hello there friend", [], id="the-second-is-not-clear"),
        pytest.param("also", [], id="nothing-else"),
        pytest.param("", [], id="empty"),
        pytest.param("also " * 3000, [], id="long"),
    ],
)
def test_wishes(text: str, categories: list[str]) -> None:
    assert [signals.category for _, signals in wishes(text, triage().read)] == categories


async def test_two_wishes_are_worked_on_one_after_the_other(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "xavi") as made:
        said = await made.say("where is my order 1143? Also, I want to change the card I pay with")
        assert "sent on November 17, 2026" in said
        assert "confirm" in said
        assert sorted(await made.requests()) == [("order_status", "done"), ("payment_method", "open")]
        assert sorted((a.tool, a.state) for a in await made.actions()) == [
            ("answer", "executed"),
            ("send_payment_link", "asked"),
        ]
        assert (await made.conversation()).state == "open"


async def test_a_wish_is_not_forgotten_when_its_turn_died(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    def dies(prompt: Prompt) -> Reply:
        raise ConnectionAbortedError("the process died")

    model = ScriptedModel([dies, say("It is on its way."), say("Which card is it?")])
    async with chat(store, database, clock, tmp_path, "xavi", model=model) as made:
        await made.write("where is my order 1143? Also, I want to change the card I pay with")
        with pytest.raises(ConnectionAbortedError):
            await run_turn(made.id, "", made.parts)
        clock.move(timedelta(minutes=5))
        await run_turn(made.id, "", made.parts)
        model.assert_finished()
        assert sorted(await made.requests()) == [("order_status", "open"), ("payment_method", "open")]


async def test_a_wish_for_people_brings_a_person_for_all(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "xavi") as made:
        await made.say("where is my order 1143? Also, please delete my account and all my data")
        assert (await made.conversation()).state == "with_person"
        assert await made.actions() == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("😀" * 4000, id="emoji"),
        pytest.param("�\u202e\u200b" * 100, id="bidi"),
        pytest.param("a " * 8000, id="sixteen-kB"),
        pytest.param("'; drop table message; --", id="sql"),
        pytest.param("{order.number} {signals.language}", id="holes"),
        pytest.param("yes", id="yes-to-nothing"),
        pytest.param("1042", id="number-out-of-nowhere"),
    ],
)
async def test_odd_messages_get_an_answer_and_change_nothing(
    store: Store, database: str, clock: StillClock, tmp_path: Path, text: str
) -> None:
    async with chat(store, database, clock, tmp_path, "elif") as made:
        assert await made.say(text)
        assert made.effects() == []
        assert [turn.state for turn in await made.turns()] == ["done"]
