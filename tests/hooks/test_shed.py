"""What is too much is turned away at once with a time to come back; what is under way is not harmed."""

import asyncio

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from service.shed import Shed
from service.turns import Turns


class Slow:
    """An application that answers when told."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.reached = 0
        self.both = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached += 1
        if self.reached == 2:
            self.both.set()
        if Request(scope).url.path.startswith("/slow"):
            await self.go.wait()
        answer: Response = PlainTextResponse("done")
        await answer(scope, receive, send)


def asking(shed: Shed) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=shed), base_url="http://testserver")


async def test_one_request_too_many_is_turned_away_and_the_next_is_not() -> None:
    app = Slow()
    async with asking(Shed(app, turns=Turns(), most=2)) as client:
        under_way = [asyncio.create_task(client.get("/slow/v1")) for _ in range(2)]
        await app.both.wait()
        refused = await client.get("/v1/conversations")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["error"]["code"] == "unavailable"
        assert app.reached == 2
        for path in ("/healthz", "/v1/hooks/stripe", "/v1/conversations/con_1/events"):
            assert (await client.get(path)).status_code == 200
        app.go.set()
        assert [one.status_code for one in await asyncio.gather(*under_way)] == [200, 200]
        assert (await client.get("/v1/conversations")).status_code == 200


async def test_without_room_for_a_turn_messages_are_turned_away_and_nothing_else() -> None:
    turns, go = Turns(at_once=1, most=2), asyncio.Event()

    async def turn() -> None:
        await go.wait()

    for number in range(2):
        turns.start(turn(), name=f"turn {number}")
    async with asking(Shed(Slow(), turns=turns)) as client:
        path = "/v1/conversations/con_1/messages"
        assert (await client.post(path)).status_code == 503
        assert (await client.get(path)).status_code == 200
        assert (await client.post("/v1/actions/act_1/confirm")).status_code == 200
        go.set()
        await turns.drain(5)
        assert (await client.post(path)).status_code == 200


async def test_turns_wait_for_room_and_run_in_the_order_they_came() -> None:
    turns, ran, go = Turns(at_once=1, most=10), list[int](), asyncio.Event()

    async def turn(number: int) -> None:
        await go.wait()
        ran.append(number)

    for number in range(3):
        turns.start(turn(number), name=f"turn {number}")
    await asyncio.sleep(0)
    assert ran == []
    go.set()
    await turns.drain(5)
    assert ran == [0, 1, 2]


async def test_a_stop_cancels_what_runs_and_what_waits() -> None:
    turns, ended = Turns(at_once=1, most=10), list[str]()

    async def turn(name: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(name)
            raise

    for name in ("running", "waiting"):
        turns.start(turn(name), name=name)
    await asyncio.sleep(0)
    await turns.drain(0.01)
    assert ended == ["running"]
    assert not turns.is_full
