"""Several processes on one database: streams, work, a stop in the middle, a vendor or the model that is down (F28, F33)."""

import asyncio
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from web_bench import client, opened, token_for

from agent.model import OnText, Prompt, Reply
from agent.offline import OfflineModel
from agent.turn import run_turn
from service import runfile
from service.actors import Customer
from service.app import create_app
from service.build import House, house
from service.chat import Posted, post
from service.customers import principal
from service.database import Database
from service.demo import host_app
from service.run import work, work_off
from service.settings import load
from service.stream import stream
from service.turns import Turns
from service.wake import Wake

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Pair:
    """Two processes' worth of parts on one database and one sandbox."""

    first: House
    second: House


@asynccontextmanager
async def pair(database: str, sandbox_database: str, home: Path) -> AsyncIterator[Pair]:
    settings = load({"REMIT_HOME": str(home)}, env_file=None)
    addresses = Database(database, sandbox_database)
    demo = host_app(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(house(settings, demo=demo, database=addresses))
            assert first.sandbox is not None
            # As a second process finds the sandbox of the first.
            runfile.write(settings.home, {"sandbox": first.sandbox.noted()})
            second = await stack.enter_async_context(house(settings, demo=demo, database=addresses))
            yield Pair(first, second)
            for one in (first, second):
                await one.service.turns.drain(5)


async def test_each_process_streams_to_its_own_and_another_does_the_work(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    async with pair(database, sandbox_database, tmp_path) as two:
        app = create_app(two.first.service)
        wake = Wake(database, two.second.service.hub)
        wake.start()
        working = asyncio.create_task(work(two.second))
        try:
            async with Customer(app, two.first, "u_mara") as customer, asyncio.timeout(60):
                until = two.first.service.clock.now() + timedelta(minutes=5)
                # The page is open at the second process, with a heartbeat so long that only a notice can wake it.
                shown = stream(customer.conversation_id, 0, until, two.second.service, heartbeat=600)
                seen: list[str] = []

                async def read() -> None:
                    async for chunk in shown:
                        seen.append(chunk.decode())
                        if "event: handed_over" in seen[-1]:
                            return

                reading = asyncio.create_task(read())
                await customer.ask_for_person()
                await reading
                # Nobody works in the first process, and yet the ticket is opened and the note written.
                await customer.quiet()
                async with two.first.service.store.begin() as unit:
                    left = await unit.value(text("select count(*) from outbox where state <> 'sent'"))
                    ticket = await unit.value(text("select ticket_id from conversation"))
                assert (left, bool(ticket)) == (0, True)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await wake.stop()


class Hanging(OfflineModel):
    """A model that has not answered yet when the process stops."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")


async def test_a_turn_that_a_stopping_process_cannot_finish_is_finished_by_another_at_once(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    async with pair(database, sandbox_database, tmp_path) as two:
        model = Hanging()
        dying = replace(two.first.service, agent=replace(two.first.service.agent, model=model), turns=Turns())
        who = await principal("u_mara", dying.approvals)
        async with client(
            create_app(dying), headers={"authorization": f"Bearer {token_for(two.first, 'u_mara')}"}
        ) as asks:
            conversation = await opened(asks)
        await post(conversation, Posted("I was charged twice for order 1042", "key-00000001"), who, dying)
        await asyncio.wait_for(model.asked.wait(), 20)
        await dying.turns.drain(0.01)
        async with two.second.service.store.begin() as unit:
            held = await unit.value(text("select lease_until from conversation"))
        assert held is None
        await work_off(two.second)
        async with two.second.service.store.begin() as unit:
            kinds = (await unit.conn.execute(text("select kind from event order by seq"))).scalars().all()
        assert list(kinds)[:3] == ["message", "found", "confirm"]


async def test_f28_one_vendor_down_stops_its_own_categories_only_and_comes_back(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    async with pair(database, sandbox_database, tmp_path) as two:
        sandbox, app = two.first.sandbox, create_app(two.first.service)
        assert sandbox is not None
        breakers = two.first.service.breakers
        async with (
            Customer(app, two.first, "u_mara") as billing,
            Customer(app, two.first, "u_noor") as locked_out,
        ):
            order = {"vendor": "okta", "path_contains": "", "kind": "unavailable_503", "times": 500}
            await sandbox.admin("POST", "/faults", json=order)
            await locked_out.say("I cannot sign in, please reset my password")
            await locked_out.say("yes please reset it")
            assert breakers.states()["okta"] == "open"
            assert breakers.states()["stripe"] == "closed"
            assert await sandbox.effects("u_noor") == []
            await billing.say("I was charged twice for order 1042, I want my money back")
            assert (await billing.confirm())["kind"] == "held"
            async with client(app) as asks:
                ready = (await asks.get("/readyz")).json()
            assert (ready["asked"]["okta"], ready["asked"]["stripe"]) == ("open", "closed")
            await sandbox.admin("DELETE", "/faults")
        breaker = breakers.of("okta")
        breaker.seconds = 0  # its pause is over
        assert await two.first.service.approvals.systems.identity.find_account("u_noor")
        assert breakers.states()["okta"] == "closed"


async def test_f33_a_conversation_on_which_every_turn_dies_goes_to_a_person_and_others_go_on(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    class Poisoned(OfflineModel):
        async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
            if any("poison" in getattr(entry, "text", "") for entry in prompt.transcript):
                raise RuntimeError("this message breaks the worker")
            return await super().reply(prompt, on_text=on_text)

    async with pair(database, sandbox_database, tmp_path) as two:
        agent = replace(two.first.service.agent, model=Poisoned())
        sick = replace(two.first.service, agent=agent, turns=Turns())
        app = create_app(sick)
        async with Customer(app, two.first, "u_mara") as bad, Customer(app, two.first, "u_noor") as good:
            await bad._post(  # the turn fails, and so does each that takes it up
                f"/v1/conversations/{bad.conversation_id}/messages",
                {"text": "charged twice for order 1042, poison", "key": "key-00000001"},
            )
            await sick.turns.ended(f"turn of {bad.conversation_id}")
            for _ in range(4):
                async with sick.store.begin() as unit:
                    await unit.run(text("update conversation set lease_until = null"))
                try:
                    await run_turn(bad.conversation_id, "", agent)
                except RuntimeError:
                    continue
                break
            assert "handed_over" in [e.kind for e in await bad.events()]
            await good._post(
                f"/v1/conversations/{good.conversation_id}/messages",
                {"text": "Where is my order?", "key": "key-00000002"},
            )
            await sick.turns.ended(f"turn of {good.conversation_id}")
            assert "agent" in [e.body.get("author") for e in await good.events()]


async def test_a_model_that_is_down_costs_one_customer_the_wait_and_the_offline_one_helps(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    from pydantic import SecretStr

    from agent.claude import ClaudeModel, ClaudeSettings
    from agent.steady import Steady
    from core.breaker import Breaker

    connections = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    claude = ClaudeModel(ClaudeSettings(api_key=SecretStr("sk-test"), base_url=url, begin_seconds=0.2))
    model = Steady(claude, Breaker("model", lambda: 0.0, failures=1))
    async with pair(database, sandbox_database, tmp_path) as two:
        agent = replace(two.first.service.agent, model=model)
        served = replace(two.first.service, agent=agent)
        app = create_app(served)
        for sub in ("u_mara", "u_noor", "u_otis"):
            async with Customer(app, two.first, sub) as customer:
                await customer.say("I was charged twice for order 1042, I want my money back")
                assert len(await customer.events()) > 1
    assert connections == 1
    await model.close()
    server.close()


async def test_sigterm_ends_serve_and_worker_with_everything_stored(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    """Two real processes on one database, stopped as a deployment stops them."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "REMIT_HOME": str(tmp_path / "home"),
        "REMIT_DATABASE_URL": database,
        "REMIT_PORT": "0",
    }
    command = [sys.executable, "-c", "from service.cli import main; main()"]
    started: list[subprocess.Popen[str]] = []
    try:
        for words in (["serve", "--no-worker"], ["worker"]):
            started.append(
                subprocess.Popen(  # noqa: ASYNC220 - a moment, before anything else runs in this loop
                    [*command, *words],
                    cwd=ROOT,
                    env=env,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            said = await asyncio.to_thread(started[-1].stdout.readline)  # type: ignore[union-attr]
            assert "ready at" in said or "Working" in said, started[-1].stderr.read()  # type: ignore[union-attr]
        for one in started:
            one.send_signal(signal.SIGTERM)
        ends = [await asyncio.to_thread(one.communicate, timeout=60) for one in started]
        assert [one.returncode for one in started] == [0, 0], ends
    finally:
        for one in started:
            one.kill()
