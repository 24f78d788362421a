"""How conversations end, come back and are counted; and a one-time code typed into the chat."""

import re
import uuid
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from web_bench import customer, opened, say, shown

from insights.numbers import board
from service.build import House
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ClosureRow, MessageRow

pytestmark = pytest.mark.asyncio(loop_scope="session")
_CLOSURE = table(ClosureRow)
_ACTION = table(ActionRow)
_MESSAGE = table(MessageRow)


async def person(home: House, key: str) -> str:
    assert home.sandbox is not None
    order = {"person": key, "suffix": uuid.uuid4().hex[:12]}
    return str((await home.sandbox.admin("POST", "/seed", json=order))["external_id"])


async def numbers(home: House) -> tuple[int, int, int]:
    """Resolved alone, reopened, open."""
    found = await board(home.service.store, days=1)
    return found.number("resolved_alone").now.n, found.number("reopened").now.n, found.open_now


async def kinds(home: House, conversation: str) -> list[str]:
    return [kind for kind, _ in await shown(home, conversation)]


async def test_closed_conversation_is_rated_and_comes_back(home: House, web: FastAPI) -> None:
    async with customer(home, web, await person(home, "noor")) as asks:
        conversation = await opened(asks)
        await say(home, asks, conversation, "Where is my order?", "key-00000001")
        assert (await kinds(home, conversation))[-1] == "closed"
        before = await numbers(home)
        base = f"/v1/conversations/{conversation}"
        for csat in (1, 5):
            assert (await asks.post(f"{base}/rating", json={"csat": csat})).status_code == 200
        assert (await asks.post(f"{base}/reopen")).status_code == 200
        assert (await asks.post(f"{base}/reopen")).status_code == 200
    assert (await kinds(home, conversation)).count("reopened") == 1
    async with home.service.store.begin() as work:
        rows = await work.rows(ClosureRow, select(_CLOSURE).where(_CLOSURE.c.conversation_id == conversation))
    assert [(row.csat, row.how) for row in rows] == [(5, "agent")]
    after = await numbers(home)
    resolved, reopened, still_open = before
    assert after == (resolved - 1, reopened + 1, still_open + 1)


async def test_writing_to_a_closed_conversation_opens_it_in_the_same_thread(
    home: House, web: FastAPI
) -> None:
    async with customer(home, web, await person(home, "noor")) as asks:
        conversation = await opened(asks)
        await say(home, asks, conversation, "Where is my order?", "key-00000001")
        await say(home, asks, conversation, "I was charged twice for my order", "key-00000002")
    events = await shown(home, conversation)
    reopened = [kind for kind, _ in events].index("reopened")
    assert events[reopened + 1][1]["text"] == "I was charged twice for my order"


async def stepping_up(home: House, asks: Any) -> tuple[str, str]:
    """A conversation in which an e-mail change waits for its code, and the action's id."""
    conversation = await opened(asks)
    words = "please change my email to new.address@example.com"
    await say(home, asks, conversation, words, "key-00000001")
    card = next(body for kind, body in await shown(home, conversation) if kind == "confirm")
    await asks.post(f"/v1/actions/{card['action_id']}/confirm", json={"digest": card["digest"]})
    assert (await kinds(home, conversation))[-1] == "step_up"
    return conversation, card["action_id"]


async def mailed_code(home: House) -> str:
    assert home.sandbox is not None
    return re.findall(r"Your code is (\d{6})", str(await home.sandbox.admin("GET", "/mails")))[-1]


async def state_of(home: House, action_id: str) -> str:
    async with home.service.store.begin() as work:
        return str(await work.value(select(_ACTION.c.state).where(_ACTION.c.id == action_id)))


async def test_code_typed_into_the_chat_counts_and_is_never_kept(home: House, web: FastAPI) -> None:
    async with customer(home, web, await person(home, "noor")) as asks:
        conversation, action_id = await stepping_up(home, asks)
        code = await mailed_code(home)
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        await say(home, asks, conversation, wrong, "key-00000002")
        assert await state_of(home, action_id) == "asked"
        assert (await shown(home, conversation))[-1][1]["author"] == "system"
        await say(home, asks, conversation, f" {code[:3]} {code[3:]}.", "key-00000003")
    assert await state_of(home, action_id) == "held"
    async with home.service.store.begin() as work:
        mine = _MESSAGE.c.conversation_id == conversation
        texts = " ".join(row.text for row in await work.rows(MessageRow, select(_MESSAGE).where(mine)))
    seen = texts + str(await shown(home, conversation))
    assert not re.search(r"\b\d{6}\b", re.sub(r"\.\d{6}", "", seen))


async def test_code_on_the_card_is_checked_and_can_be_sent_again(home: House, web: FastAPI) -> None:
    async with customer(home, web, await person(home, "noor")) as asks:
        _, action_id = await stepping_up(home, asks)
        path = f"/v1/actions/{action_id}/code"
        first = await mailed_code(home)
        assert (await asks.post(path, json={"code": "12345"})).status_code == 422
        assert (await asks.post(f"{path}/again")).status_code == 202
        second = await mailed_code(home)
        if first != second:
            assert (await asks.post(path, json={"code": first})).status_code == 400
        right = await asks.post(path, json={"code": second})
        assert (right.status_code, right.json()["kind"]) == (200, "held")
        assert (await asks.post(f"{path}/again")).status_code == 409
        assert (await asks.post("/v1/actions/act_none/code/again")).status_code == 404
