"""The event stream: rows from any number, live ones woken from any process, words before the message."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from web_bench import customer, opened, token_for

from service.build import House
from service.live import Hub
from service.stream import stream
from service.wake import Wake
from store.events import emit

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def put(home: House, conversation: str, text: str) -> None:
    async with home.service.store.begin() as work:
        await emit(work, conversation, "message", {"author": "agent", "text": text})


def parsed(chunk: bytes) -> tuple[str | None, str, Any]:
    fields = dict(
        line.split(": ", 1) for line in chunk.decode().strip().split("\n") if not line.startswith(":")
    )
    return fields.get("id"), fields.get("event", ""), json.loads(fields.get("data", "null"))


async def take(events: AsyncIterator[bytes], number: int) -> list[tuple[str | None, str, Any]]:
    taken: list[tuple[str | None, str, Any]] = []
    async with asyncio.timeout(10):
        while len(taken) < number:
            one = parsed(await anext(events))
            if one[1]:
                taken.append(one)
    return taken


async def test_rows_above_the_last_number_come_once_and_in_order(
    home: House, web: FastAPI, anybody: str
) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
    for text in ("one", "two\nlines", "three \u2028 end"):
        await put(home, conversation, text)
    until = home.service.clock.now() + timedelta(minutes=5)
    events = stream(conversation, 1, until, home.service)
    got = await take(events, 2)
    await events.aclose()  # type: ignore[attr-defined]
    assert [(seq, body["text"]) for seq, _, body in got] == [("2", "two\nlines"), ("3", "three \u2028 end")]


async def test_words_being_written_come_before_the_message_and_carry_no_number(
    home: House, web: FastAPI, anybody: str
) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
    hub = home.service.hub
    events = stream(conversation, 0, home.service.clock.now() + timedelta(minutes=5), home.service)
    first = asyncio.create_task(take(events, 3))
    while not hub.is_watched(conversation):  # noqa: ASYNC110  # the stream itself says when it listens
        await asyncio.sleep(0)
    hub.show(conversation, "looking", {"text": "Looking at your charges"})
    hub.show(conversation, "delta", {"text": "I found"})
    await put(home, conversation, "I found two charges.")
    hub.wake(conversation)
    got = await first
    await events.aclose()  # type: ignore[attr-defined]
    assert [(seq, kind) for seq, kind, _ in got] == [(None, "looking"), (None, "delta"), ("1", "message")]
    assert not hub.is_watched(conversation)


async def test_stream_ends_with_the_token(home: House, web: FastAPI, anybody: str) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
    until = home.service.clock.now() + timedelta(milliseconds=50)
    chunks = [c async for c in stream(conversation, 0, until, home.service, heartbeat=0.06)]
    assert chunks[0].startswith(b"retry:")
    assert chunks[-1].startswith(b":")


async def test_row_whose_notice_was_lost_is_found_at_the_next_heartbeat(
    home: House, web: FastAPI, anybody: str
) -> None:
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
    until = home.service.clock.now() + timedelta(minutes=5)
    events = stream(conversation, 0, until, home.service, heartbeat=0.05)
    assert (await anext(events)).startswith(b"retry:")
    assert (await anext(events)).startswith(b":")
    await put(home, conversation, "late")
    assert (await take(events, 1))[0][2]["text"] == "late"
    await events.aclose()  # type: ignore[attr-defined]


async def test_slow_reader_misses_words_but_never_a_row() -> None:
    hub = Hub()
    with hub.reading("c") as reader:
        for number in range(2000):
            hub.show("c", "delta", {"n": number})
        hub.wake("c")
        assert len(reader.take()) == 500


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn offers no event
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


async def test_open_page_is_woken_by_another_process_and_goes_on_after_a_break(
    home: House, web: FastAPI, anybody: str
) -> None:
    wake = Wake(home.database.dsn, home.service.hub)
    wake.start()
    async with customer(home, web, anybody) as asks:
        conversation = await opened(asks)
    async with served(web) as base, asyncio.timeout(20):
        await wake.ready.wait()
        headers = {"authorization": f"Bearer {token_for(home, anybody)}"}
        async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as page:
            path = f"/v1/conversations/{conversation}/events"
            async with page.stream("GET", path) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                lines = answer.aiter_lines()
                await anext(lines)
                await put(home, conversation, "first")
                assert await _text(lines) == "first"
            await put(home, conversation, "second")
            async with page.stream("GET", path, headers={"last-event-id": "1"}) as answer:
                assert await _text(answer.aiter_lines()) == "second"
    await wake.stop()


async def _text(lines: AsyncIterator[str]) -> str:
    async for line in lines:
        if line.startswith("data: "):
            return str(json.loads(line[6:])["text"])
    raise AssertionError("the stream ended")
