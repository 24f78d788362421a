"""The customer's side of the API: messages are kept once, bad input loses nothing, others' things do not exist."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from web_bench import client, customer, opened, say, shown, token_for

from service.build import House
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import MessageRow

pytestmark = pytest.mark.asyncio(loop_scope="session")
_MESSAGE = table(MessageRow)
_ACTION = table(ActionRow)


async def count(home: House, conversation: str) -> int:
    async with home.service.store.begin() as work:
        mine = _MESSAGE.c.conversation_id == conversation
        return int(await work.value(select(func.count()).where(mine, _MESSAGE.c.author == "customer")))


async def test_conversation_is_listed_with_the_customers_name(
    home: House, web: FastAPI, anybody: str
) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks, page="billing")
        listed = (await asks.get("/v1/conversations")).json()
    assert listed["customer_name"]
    assert listed["conversations"][0]["id"] == conversation
    assert listed["conversations"][0]["page"] == "billing"


async def test_same_key_twice_is_one_message(home: House, web: FastAPI, anybody: str) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
        posts = [say(home, asks, conversation, "Where is my order?", "key-00000001") for _ in range(5)]
        answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await count(home, conversation) == 1
    assert [k for k, b in await shown(home, conversation) if b.get("author") == "customer"] == ["message"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param("", 400, id="empty"),
        pytest.param(" \n\t ", 400, id="blank"),
        pytest.param("\x00\x01\x07", 400, id="only-control-characters"),
        pytest.param("a" * 16_000, 202, id="as-long-as-allowed"),
        pytest.param("a" * 16_001, 413, id="one-byte-too-long"),
        pytest.param("\N{GRINNING FACE}" * 4_000, 202, id="4000-emoji"),
        pytest.param("\N{GRINNING FACE}" * 10_000, 413, id="10000-emoji"),
        pytest.param("a\x00b\u202ec", 202, id="nul-and-bidi"),
    ],
)
async def test_message_of_any_kind_is_kept_or_refused_clearly(
    home: House, web: FastAPI, anybody: str, text: str, status: int
) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
        answer = await say(home, asks, conversation, text, "key-00000001")
        assert answer.status_code == status, answer.text
        if status != 202:
            assert set(answer.json()["error"]) >= {"code", "message", "next"}
    assert await count(home, conversation) == (1 if status == 202 else 0)


RAW: Mapping[str, tuple[bytes, str | None, int]] = {
    "no-content-type": (b'{"text": "hi", "key": "key-00000001"}', None, 415),
    "form": (b"text=hi&key=key-00000001", "application/x-www-form-urlencoded", 415),
    "text-plain": (b'{"text": "hi", "key": "key-00000001"}', "text/plain", 415),
    "binary": (b"\x89PNG\r\n\x00\xff", "application/json", 400),
    "cut-json": (b'{"text": "hi"', "application/json", 400),
    "deep-json": (b"[" * 100_000, "application/json", 400),
    "a-list": (b"[]", "application/json", 422),
    "no-text": (b'{"key": "key-00000001"}', "application/json", 422),
    "text-a-number": (b'{"text": 5, "key": "key-00000001"}', "application/json", 422),
    "unknown-field": (b'{"text": "hi", "key": "key-00000001", "role": "admin"}', "application/json", 422),
    "short-key": (b'{"text": "hi", "key": "k"}', "application/json", 422),
    "lone-surrogate": (b'{"text": "\\ud800", "key": "key-00000001"}', "application/json", 400),
    "surrogate-in-the-key": (b'{"text": "hi", "key": "key-0000000\\ud800"}', "application/json", 422),
    "over-a-megabyte": (b'{"text": "' + b"a" * 1_000_000 + b'"}', "application/json", 413),
}


@pytest.mark.parametrize("name", RAW)
async def test_malformed_body_gets_a_clear_error_and_loses_nothing(
    home: House, web: FastAPI, anybody: str, name: str
) -> None:
    body, kind, status = RAW[name]
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
        headers = {"content-type": kind} if kind else {}
        path = f"/v1/conversations/{conversation}/messages"
        answer = await asks.post(path, content=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert set(answer.json()["error"]) >= {"code", "message", "next"}
        assert (await say(home, asks, conversation, "hi", "key-00000002")).status_code == 202
    assert await count(home, conversation) == 1


async def test_foreign_and_missing_conversation_are_the_same(home: House, web: FastAPI) -> None:
    async with customer(home, web, "u_noor") as noor:
        hers = await opened(noor)
    answers: list[tuple[int, Any]] = []
    async with customer(home, web, "u_otis") as otis:
        for conversation in (hers, "con_00000000000000000000", "' or 1=1"):
            base = f"/v1/conversations/{conversation}"
            message = {"text": "hi", "key": "key-00000001"}
            for answer in (
                await otis.post(f"{base}/messages", json=message),
                await otis.get(f"{base}/events"),
                await otis.post(f"{base}/person"),
                await otis.post(f"{base}/rating", json={"csat": 5}),
                await otis.post(f"{base}/reopen"),
            ):
                answers.append((answer.status_code, answer.content))
    assert {status for status, _ in answers} == {404}
    assert len({body for _, body in answers}) == 1
    assert await count(home, hers) == 0


async def test_without_a_good_token_every_door_says_the_same(home: House, web: FastAPI) -> None:
    good = token_for(home, "u_noor")
    tries = [{}, {"authorization": "Bearer "}, {"authorization": f"Basic {good}"}]
    tries += [
        {"authorization": f"Bearer {bad}"} for bad in (good[:-3], "x", token_for(home, "u_noor", life=-700))
    ]
    async with client(web) as nobody:
        answers = [await nobody.get("/v1/conversations", headers=headers) for headers in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


async def test_too_many_messages_are_told_when_to_come_back(home: House, web: FastAPI) -> None:
    async with customer(home, web, "u_hasty") as asks:
        conversation = await opened(asks)
        path = f"/v1/conversations/{conversation}/messages"
        answers = [await asks.post(path, json={"text": "hi", "key": f"key-{n:08}"}) for n in range(21)]
        await home.service.turns.ended(f"turn of {conversation}")
    assert [a.status_code for a in answers] == [202] * 20 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert await count(home, conversation) == 20


async def proposed(home: House, asks: Any) -> tuple[str, dict[str, Any]]:
    """A conversation with one open proposal, and its card."""
    conversation = await opened(asks)
    text = "I was charged twice for order 1042, I want my money back"
    await say(home, asks, conversation, text, "key-00000001")
    cards = [body for kind, body in await shown(home, conversation) if kind == "confirm"]
    assert len(cards) == 1
    return conversation, cards[0]


async def state_of(home: House, action_id: str) -> str:
    async with home.service.store.begin() as work:
        return str(await work.value(select(_ACTION.c.state).where(_ACTION.c.id == action_id)))


async def test_exact_no_withdraws_the_one_proposal(home: House, web: FastAPI, mara: str) -> None:
    async with customer(home, web, mara) as asks:
        conversation, card = await proposed(home, asks)
        await say(home, asks, conversation, "Nein, danke.", "key-00000002")
    assert await state_of(home, card["action_id"]) == "withdrawn"


async def test_exact_yes_confirms_the_one_proposal_once(home: House, web: FastAPI, mara: str) -> None:
    async with customer(home, web, mara) as asks:
        conversation, card = await proposed(home, asks)
        await say(home, asks, conversation, "yes, but only half of it", "key-00000002")
        assert await state_of(home, card["action_id"]) == "asked"
        await say(home, asks, conversation, "Yes.", "key-00000003")
        assert await state_of(home, card["action_id"]) == "held"
        body = {"digest": card["digest"]}
        again = await asks.post(f"/v1/actions/{card['action_id']}/confirm", json=body)
    assert again.json()["kind"] == "held"


async def test_confirmation_of_another_digest_or_by_another_customer_is_refused(
    home: House, web: FastAPI, mara: str
) -> None:
    async with customer(home, web, mara) as asks, customer(home, web, "u_noor") as noor:
        _, card = await proposed(home, asks)
        path = f"/v1/actions/{card['action_id']}/confirm"
        assert (await asks.post(path, json={"digest": "0" * 64})).status_code == 409
        assert (await asks.post(path, json={"digest": "zz"})).status_code == 422
        foreign = await noor.post(path, json={"digest": card["digest"]})
        missing = await noor.post("/v1/actions/act_none/confirm", json={"digest": card["digest"]})
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert await state_of(home, card["action_id"]) == "asked"


async def test_a_person_can_be_asked_for_at_any_moment(home: House, web: FastAPI, anybody: str) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
        first = await asks.post(f"/v1/conversations/{conversation}/person")
        second = await asks.post(f"/v1/conversations/{conversation}/person")
        listed = (await asks.get("/v1/conversations")).json()["conversations"]
    assert (first.status_code, second.status_code) == (202, 202)
    assert [k for k, _ in await shown(home, conversation)].count("handed_over") == 1
    assert next(c["state"] for c in listed if c["id"] == conversation) == "with_person"


async def test_open_conversation_cannot_be_rated(home: House, web: FastAPI, anybody: str) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
        path = f"/v1/conversations/{conversation}/rating"
        assert (await asks.post(path, json={"csat": 5})).status_code == 409
        assert (await asks.post(path, json={"csat": 6})).status_code == 422
        assert (await asks.post(path, json={"csat": True})).status_code == 422
