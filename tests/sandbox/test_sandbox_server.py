"""The open sandbox: its doors answer on loopback, and the planned faults really happen on the wire."""

import asyncio
import json
import socket
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.clock import StillClock
from core.errors import SettingsError
from tools.sandbox import server
from tools.sandbox.faults import Faults, Kind, faulty
from tools.sandbox.world import World

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World(clock=StillClock(NOW))


async def test_admin_door_wants_the_key(world: World) -> None:
    running = await server.start(world)
    try:
        async with httpx.AsyncClient(base_url=running.admin_url) as client:
            assert (await client.get("/ledger")).status_code == 401
            kept = await client.get("/ledger", headers={"Authorization": f"Bearer {running.key}"})
            assert kept.json() == {"effects": []}
    finally:
        await running.stop()


async def test_a_closed_sandbox_answers_no_more(world: World) -> None:
    running = await server.start(world)
    await running.stop()
    async with httpx.AsyncClient(base_url=running.admin_url) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/ledger")


async def test_a_taken_port_is_named(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} .*'admin' door"):
            await server.start(world, ports={"admin": port})


async def test_ledger_can_be_asked_for_one_owner(world: World) -> None:
    async with world.change() as change:
        change.effect("stripe", "refund", "ch_a", owner="u_a", amount=1, currency="usd")
        change.effect("stripe", "refund", "ch_b", owner="u_b", amount=2, currency="usd")
    running = await server.start(world)
    try:
        async with httpx.AsyncClient(
            base_url=running.admin_url, headers={"Authorization": f"Bearer {running.key}"}
        ) as client:
            told = (await client.get("/ledger", params={"owner": "u_b"})).json()["effects"]
            assert [(e["object"], e["amount"]) for e in told] == [("ch_b", 2)]
            wrong = await client.post(
                "/faults", json={"vendor": "stripe", "path_contains": "/", "kind": "gremlin"}
            )
            assert wrong.status_code == 400
            assert "timeout_after" in wrong.json()["error"]
    finally:
        await running.stop()


class Counting:
    """A door that counts how often it did something."""

    def __init__(self) -> None:
        self.done = 0

    async def answer(self, request: Request) -> JSONResponse:
        self.done += 1
        return JSONResponse({"done": self.done, "echo": (await request.body()).decode()})


@pytest.mark.parametrize(
    ("kind", "happened", "seen"),
    [
        pytest.param("timeout_before", 0, "RemoteProtocolError", id="timeout-before"),
        pytest.param("timeout_after", 1, "RemoteProtocolError", id="timeout-after"),
        pytest.param("drop", 1, "RemoteProtocolError", id="drop"),
        pytest.param("busy", 0, "429", id="busy"),
        pytest.param("saved_500", 0, "500", id="500"),
        pytest.param("unavailable_503", 0, "503", id="503"),
        pytest.param("malformed", 1, "unreadable", id="malformed"),
    ],
)
async def test_each_fault_is_what_it_says(world: World, kind: Kind, happened: int, seen: str) -> None:
    faults, door = Faults(), Counting()
    app = Starlette(routes=[Route("/v1/things", door.answer, methods=["POST"])])
    sandbox = server.open_doors({"door": faulty(app, "stripe", faults)})
    faults.plan("stripe", "POST /v1/things", kind, retry_after=7)
    try:
        async with httpx.AsyncClient(base_url=sandbox.urls["door"]) as client:
            assert await _seen(client) == seen
            assert door.done == happened
            assert await _seen(client) == "200"
            assert faults.waiting == 0
    finally:
        await sandbox.stop()


async def test_a_fault_can_be_aimed_at_a_body(world: World) -> None:
    faults, door = Faults(), Counting()
    app = Starlette(routes=[Route("/v1/things", door.answer, methods=["POST"])])
    sandbox = server.open_doors({"door": faulty(app, "shopify", faults)})
    faults.plan("shopify", "orderCancel", "busy", retry_after=3)
    try:
        async with httpx.AsyncClient(base_url=sandbox.urls["door"]) as client:
            assert (await client.post("/v1/things", content="query orders")).status_code == 200
            hit = await client.post("/v1/things", content="mutation orderCancel")
            assert (hit.status_code, hit.headers["retry-after"]) == (429, "3")
    finally:
        await sandbox.stop()


async def _seen(client: httpx.AsyncClient) -> str:
    try:
        answer = await client.post("/v1/things", content="hello")
        json.loads(answer.content)
        return str(answer.status_code)
    except httpx.HTTPError as error:
        return type(error).__name__
    except ValueError:
        return "unreadable"


async def test_closing_lets_an_answer_finish() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> JSONResponse:
        began.set()
        await go_on.wait()
        return JSONResponse({"done": True})

    doors = server.open_doors({"door": Starlette(routes=[Route("/", slow)])})
    async with httpx.AsyncClient(base_url=doors.urls["door"]) as client:
        asked = asyncio.create_task(client.get("/"))
        await began.wait()
        stopping = asyncio.create_task(doors.stop())
        go_on.set()
        assert (await asked).json() == {"done": True}
        await stopping
