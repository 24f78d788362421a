"""The claude model through the whole house: streaming, tool use, a held action and what follows, against a stub API."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agent.claude import ClaudeModel, ClaudeSettings, Price
from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import chat
from tests.agent.messages_stub import Body, Trouble, Use, Words, messages_stub

TWICE = "I was charged twice for order 1042, I want my money back"
REFUND = {"charge_id": "ch_mara_second", "amount": 4900, "currency": "usd", "reason": "duplicate"}
PRICE = Price(fresh=3000, out=15000, cache_write=3750, cache_read=300)


def _results(body: Body) -> list[Any]:
    blocks = [block for message in body["messages"] for block in message["content"]]
    return [block for block in blocks if block["type"] == "tool_result"]


def _thoughtful(body: Body) -> Use | Words:
    """What a sensible model does: look, propose what was found, then say what code told it."""
    results = _results(body)
    if not results:
        return Use([("toolu_1", "find_charges", {})], text="Let me look at your payments. ")
    if len(results) == 1:
        assert "ch_mara_second" in results[0]["content"]
        return Use([("toolu_2", "refund_charge", REFUND)])
    assert '"asked"' in results[1]["content"]
    return Words(
        "I found the second payment. Please confirm the refund on the card. Then a colleague checks it."
    )


@pytest.mark.parametrize("stream", [True, False], ids=["sse", "json"])
async def test_charged_twice_with_claude(
    store: Store, database: str, clock: StillClock, tmp_path: Path, stream: bool
) -> None:
    async with messages_stub(otherwise=_thoughtful) as stub:
        model = ClaudeModel(
            ClaudeSettings(api_key=SecretStr("sk-test"), base_url=stub.url, price=PRICE, stream=stream)
        )
        async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
            assert "confirm the refund" in await made.say(TWICE)
            assert len(stub.asked) == 3
            assert [bool(body.get("stream")) for body in stub.asked] == [stream] * 3
            if stream:
                assert "I found the second payment. Please confirm" in made.screen.words()
            # The prefix that is cached is the same in every call, byte for byte.
            assert len({str((body["system"], body["tools"])) for body in stub.asked}) == 1
            [turn] = await made.turns()
            assert (turn.model, turn.steps, turn.tokens_out, turn.tokens_cached) == ("claude", 3, 60, 3000)
            assert turn.cost_micro_usd == 3 * (300 + 300 + 188 + 300)

            await made.confirm()
            assert made.effects() == []
            await made.decide("approve")
            assert made.effects() == [("stripe", "refund", "ch_mara_second", 4900)]
            assert "$49.00" in (await made.replies())[-1]
            assert (await made.conversation()).state == "closed"
            assert [ticket["status"] for ticket in made.tickets()] == ["solved"]
        await model.close()


async def test_nothing_but_what_it_needs_is_sent_about_a_person(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with messages_stub(otherwise=_thoughtful) as stub:
        model = ClaudeModel(ClaudeSettings(api_key=SecretStr("sk-test"), base_url=stub.url))
        async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
            await made.say(TWICE)
            sent = str(stub.asked)
            for private in (
                made.who.email,
                made.who.id,
                made.who.links["stripe"],
                "+1 555 1042",
                "Lindqvist",
            ):
                assert private
                assert private not in sent
        await model.close()


async def test_with_the_api_down_the_same_story_begins_offline(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with messages_stub(otherwise=Trouble(401, "authentication_error")) as stub:
        model = ClaudeModel(ClaudeSettings(api_key=SecretStr("sk-test"), base_url=stub.url))
        async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
            assert "confirm" in await made.say(TWICE)
            assert [t.model for t in await made.turns()] == ["offline"]
        await model.close()


async def test_a_call_cut_off_by_max_tokens_proposes_nothing(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    cut = Use([("toolu_2", "refund_charge", REFUND)], stop="max_tokens")
    look = Use([("toolu_1", "find_charges", {})])
    async with messages_stub(look, cut, cut) as stub:
        model = ClaudeModel(ClaudeSettings(api_key=SecretStr("sk-test"), base_url=stub.url))
        async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
            await made.say(TWICE)
            assert await made.actions() == []
            assert (await made.conversation()).state == "with_person"
        await model.close()
