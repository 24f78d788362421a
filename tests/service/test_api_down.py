"""When something we need is down: a clear 503 without a database, and customers linked as far as systems answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import select
from web_bench import client, customer, opened, say, token_for

from service.app import create_app
from service.build import House
from service.customers import principal
from store.columns import table
from store.tables.conversation import CustomerRow, MessageRow
from store.work import Store, engine_for

pytestmark = pytest.mark.asyncio(loop_scope="session")
_CUSTOMER = table(CustomerRow)
_MESSAGE = table(MessageRow)


@pytest_asyncio.fixture(loop_scope="session")
async def without_database(home: House) -> AsyncIterator[FastAPI]:
    """The application on a database that refuses connections."""
    store = Store(
        clock=home.service.clock, engine=engine_for("postgresql://u:hidden@127.0.0.1:1/none", size=1)
    )
    approvals = replace(home.service.approvals, store=store)
    agent = replace(home.service.agent, approvals=approvals)
    yield create_app(replace(home.service, agent=agent))
    await store.close()


async def test_without_a_database_every_door_says_so_and_the_process_lives(
    home: House, without_database: FastAPI
) -> None:
    headers = {"authorization": f"Bearer {token_for(home, 'u_noor')}"}
    message = {"text": "hi", "key": "key-00000001"}
    async with client(without_database, headers=headers, cookies={"remit_session": "x"}) as asks:
        answers = [
            await asks.get("/readyz"),
            await asks.get("/v1/conversations"),
            await asks.post("/v1/conversations/con_1/messages", json=message),
            await asks.get("/v1/actions"),
            await asks.get("/console"),
        ]
        alive = await asks.get("/healthz")
    assert [a.status_code for a in answers] == [503] * 5
    assert alive.status_code == 200
    assert answers[2].json()["error"]["code"] == "unavailable"
    assert "Not reachable right now" in answers[4].text
    for answer in answers:
        assert "hidden" not in answer.text


async def fault(home: House, **order: Any) -> None:
    assert home.sandbox is not None
    await home.sandbox.admin("POST", "/faults", json=order)


async def no_faults(home: House) -> None:
    assert home.sandbox is not None
    await home.sandbox.admin("DELETE", "/faults")


async def links(home: House, sub: str) -> dict[str, Any]:
    async with home.service.store.begin() as work:
        row = await work.row(CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == sub))
    assert row is not None
    return row.links


async def test_customer_is_linked_again_once_a_system_answers(home: House, mara: str) -> None:
    await fault(home, vendor="shopify", path_contains="", kind="unavailable_503", times=20)
    try:
        first = await principal(mara, home.service.approvals)
    finally:
        await no_faults(home)
    assert "shopify" not in first.links
    assert "unread" not in first.links
    assert first.links["stripe"]
    second = await principal(mara, home.service.approvals)
    assert second.links["shopify"]
    assert "unread" not in await links(home, mara)


async def test_person_whom_no_system_knows_may_still_write(home: House, web: FastAPI) -> None:
    async with customer(home, web, "u_stranger") as asks:
        conversation = await opened(asks)
        answer = await say(home, asks, conversation, "Where is my order?", "key-00000001")
    assert answer.status_code == 202
    assert await links(home, "u_stranger") == {}


async def test_message_whose_turn_died_is_owed_a_turn(home: House, web: FastAPI, anybody: str) -> None:
    """The job that finds it is in the same transaction as the message."""
    from sqlalchemy import text

    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
        before = home.service.clock.now()
        await say(home, asks, conversation, "Where is my order?", "key-00000001")
    query = text(
        "select scheduled_at from procrastinate_jobs "
        "where task_name = 'finish_turn' and args ->> 'conversation_id' = :c"
    )
    async with home.service.store.begin() as work:
        due = [row[0] for row in (await work.conn.execute(query, {"c": conversation})).all()]
    assert due
    assert all(timedelta(seconds=10) < at - before < timedelta(minutes=2) for at in due)
