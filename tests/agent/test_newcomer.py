"""What somebody new to it writes, and the answer they get: a changed mind, anger, another language, a wrong number."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from agent.hearing import SORRY
from agent.language import IN_ENGLISH
from agent.requests import means_stop
from agent.turn import STOPPED
from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import Chat, chat

Open = Callable[[str], AbstractAsyncContextManager[Chat]]


@pytest.fixture
async def opened(store: Store, database: str, clock: StillClock, tmp_path: Path) -> Open:
    return lambda person: chat(store, database, clock, tmp_path, person)


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        pytest.param("I changed my mind, keep my subscription", True, id="changed-mind-keep"),
        pytest.param("keep it please", True, id="keep"),
        pytest.param("I changed my mind", True, id="changed-mind"),
        pytest.param("I changed my mind, I want to return order 1101", False, id="a-reason-is-no-stop"),
        pytest.param("keep my subscription but change the card", False, id="another-wish"),
    ],
)
def test_a_changed_mind_stops_only_by_itself(text: str, stops: bool) -> None:
    assert means_stop(text) is stops


async def test_a_changed_mind_withdraws_the_card(opened: Open) -> None:
    async with opened("paul") as paul:
        await paul.say("cancel my subscription")
        assert await paul.say("I changed my mind, keep my subscription") == STOPPED
        assert [(a.tool, a.state) for a in await paul.actions()] == [("cancel_subscription", "withdrawn")]
        again = await paul.say("keep my subscription")
        assert "is not set to end" in again


async def test_a_changed_mind_after_the_cancellation_resumes(opened: Open) -> None:
    async with opened("uma") as uma:
        await uma.say("cancel my subscription")
        await uma.say("I changed my mind, keep my subscription")
        assert [(a.tool, a.state) for a in await uma.actions()] == [("resume_subscription", "asked")]


async def test_at_once_is_offered_only_after_what_is_lost_was_said(opened: Open) -> None:
    async with opened("paul") as paul:
        told = await paul.say("cancel my subscription now")
        assert "is not paid back" in told
        assert await paul.actions() == []
        await paul.say("right now")
        assert [a.args["when"] for a in await paul.actions()] == ["now"]


async def test_the_end_of_the_period_is_the_other_way_out(opened: Open) -> None:
    async with opened("paul") as paul:
        await paul.say("cancel my subscription immediately")
        await paul.say("at the end then")
        assert [a.args["when"] for a in await paul.actions()] == ["period_end"]


@pytest.mark.parametrize("number", ["9999", "1042"])
async def test_a_foreign_and_a_missing_order_get_the_same_words(opened: Open, number: str) -> None:
    async with opened("noor") as noor:
        said = await noor.say(f"I want a refund for order {number}")
        assert said == (
            f"I see no payment for order {number} on your account. Which of these do you mean?\n"
            "1. order 1101, October 17, 2026, Visa •••• 4242, $89.00, paid"
        )
        assert (await noor.conversation()).state == "open"
        await noor.say("1")
        assert [a.tool for a in await noor.actions()] == ["refund_charge"]


async def test_when_the_list_does_not_help_a_person_does(opened: Open) -> None:
    async with opened("noor") as noor:
        await noor.say("I want a refund for order 9999")
        await noor.say("none of them")
        assert (await noor.conversation()).state == "with_person"


async def test_anger_is_met_with_regret_and_a_person(opened: Open) -> None:
    async with opened("noor") as noor:
        said = await noor.say("THIS IS RIDICULOUS!!! You are useless, I want my money back NOW!!!")
        assert said.startswith(SORRY)
        assert (await noor.conversation()).state == "with_person"


async def test_charged_twice_again_after_the_refund(opened: Open) -> None:
    async with opened("vera") as vera:
        said = await vera.say("I was charged twice for order 1109")
        assert "the one of $59.00 from November 11, 2026 was refunded in full" in said
        assert (await vera.conversation()).state == "open"


async def test_the_notice_comes_before_a_plain_answer(opened: Open) -> None:
    async with opened("xavi") as xavi:
        said = await xavi.say("Wo ist meine Bestellung 1143? Ich warte schon seit einer Woche darauf.")
        assert said.startswith(IN_ENGLISH["de"])
        assert "Order 1143" in said
        assert [(a.tool, a.state) for a in await xavi.actions()] == [("answer", "executed")]


async def test_three_wishes_are_all_named_and_taken_in_turn(opened: Open) -> None:
    async with opened("paul") as paul:
        said = await paul.say("Send me the last invoice, change my address and cancel my subscription")
        assert said.startswith(
            "I will take these one after the other: first invoice request, then address change, then "
        )
        assert "Which of these invoices" in said
        assert "What is the new address?" in said
        assert [(a.tool, a.state) for a in await paul.actions()] == [("cancel_subscription", "asked")]


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("How do I export my data?", "articles/export-data"),
        ("How long does shipping take?", "articles/shipping-times"),
        ("How do I change my delivery address?", "articles/change-delivery-address"),
    ],
)
async def test_a_question_finds_its_article(opened: Open, question: str, article: str) -> None:
    async with opened("wanda") as wanda:
        assert article in await wanda.say(question)
