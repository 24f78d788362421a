"""Where processes are killed: a database server and a sandbox of its own, and children forked from a warm parent."""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg

from agent.triage import Triage
from core.clock import SystemClock
from core.ids import new_id
from evals.crash.points import Points, Strike
from policies.load import load_catalog
from service.crash_house import Lasting
from service.crash_story import Teller
from service.paths import CATALOG
from service.sandbox import NO_CERTIFICATES, Sandbox
from service.story import PERSON
from store import embedded, migrate
from tools.sandbox.server import start
from tools.sandbox.world import World
from tools.toolset import specs

Play = Callable[[Points], Coroutine[Any, Any, dict[str, Any]]]
# A child that is not done by then hangs, and that is a finding.
LONGEST = 60.0
# How long a process may live on without its database before it is ended too.
_WITHOUT_DATABASE = 0.25


@dataclass(frozen=True)
class Ended:
    """How a child ended: done with its document, struck at a point, or broken with an error."""

    document: dict[str, Any] | None
    struck: str | None
    error: str | None


class Child:
    """One forked process; `end` waits for it."""

    def __init__(self, play: Play, *, at: int | None, strike: Strike | None, reads: bool = True) -> None:
        self._reader, writer = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _be(play, writer, self._reader, at=at, strike=strike, reads=reads)
        os.close(writer)

    def kill(self) -> None:
        """SIGKILL, wherever it is."""
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> Ended:
        """Waits for it and reads what it wrote."""
        with os.fdopen(self._reader, "rb") as told:
            lines = [json.loads(line) for line in told.read().splitlines()]
        os.waitpid(self.pid, 0)
        found: dict[str, Any] = {}
        for line in lines:
            found |= line
        return Ended(found.get("document"), found.get("struck"), found.get("error"))


def _be(play: Play, writer: int, reader: int, *, at: int | None, strike: Strike | None, reads: bool) -> None:
    """The child's whole life; it never returns."""
    os.close(reader)
    logging.disable()
    signal.setitimer(signal.ITIMER_REAL, LONGEST)

    def struck(name: str) -> None:
        os.write(writer, json.dumps({"struck": name}).encode() + b"\n")
        (strike or _die)(name)

    try:
        points = Points(at, struck, reads=reads)
        document = asyncio.run(play(points))
        os.write(writer, json.dumps({"document": {**document, "points": points.passed}}).encode() + b"\n")
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it was, the parent reads it and judges
        os.write(writer, json.dumps({"error": traceback.format_exc()[-1500:]}).encode() + b"\n")
    finally:
        os._exit(1)


def _die(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Lab:
    """A server, a database and a sandbox that outlive every child."""

    def __init__(self, folder: Path, server: embedded.Embedded, lasting: Lasting, doors: "Doors") -> None:
        self.folder, self.server, self.lasting, self._doors = folder, server, lasting, doors

    def teller(self) -> Teller:
        """A fresh customer, known to every vendor and to us."""
        if self._doors.seeded >= _MOST_IN_A_WORLD:
            self._doors.renew()
            self.lasting = replace(self.lasting, sandbox=self._doors.sandbox)
        seeded = self._doors.seed()
        with psycopg.connect(self.lasting.dsn, autocommit=True) as db:
            db.execute(
                "insert into customer (id, name, email, language, links, created_at) "
                "values (%s, %s, %s, 'en', '{}', %s)",
                [seeded["external_id"], seeded["name"], seeded["email"], SystemClock().now()],
            )
        return Teller(seeded["external_id"], seeded["email"], self.lasting)

    def forget_jobs(self) -> None:
        """What a story that went wrong left behind must not be held against the next one."""
        with psycopg.connect(self.lasting.dsn, autocommit=True) as db:
            db.execute("delete from procrastinate_jobs")

    def kill_database(self, _: str) -> None:
        """The database's own process dies where it stands; ours lives on without it for a moment."""
        os.kill(self.server.pid, signal.SIGKILL)
        signal.setitimer(signal.ITIMER_REAL, _WITHOUT_DATABASE)

    def revive_database(self) -> None:
        """Starts it again at once."""
        self.server.revive()


# The sandbox looks through all its customers on each request.
_MOST_IN_A_WORLD = 200


class Doors:
    """The sandbox in a process of its own, which ends with this one."""

    def __init__(self) -> None:
        self.seeded = 0
        self._open()

    def _open(self) -> None:
        reader, writer = os.pipe()
        ours, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(reader)
            os.close(theirs)
            _serve(writer, ours)
        os.close(writer)
        os.close(ours)
        self._hold = theirs
        with os.fdopen(reader, "rb") as told:
            self.sandbox = _sandbox(json.loads(told.readline()))
        self.seeded = 0

    def renew(self) -> None:
        """An empty world; what happened in the former one was judged."""
        self.close()
        self._open()

    def close(self) -> None:
        """Ends it."""
        os.close(self._hold)
        os.waitpid(self._pid, 0)

    def seed(self) -> dict[str, Any]:
        """A fresh copy of the story's customer."""
        self.seeded += 1
        order = {"person": PERSON, "suffix": new_id("k").replace("_", "")[:12]}
        headers = {"authorization": f"Bearer {self.sandbox.key}"}
        url = f"{self.sandbox.admin_url}/seed"
        told = httpx.post(url, json=order, headers=headers, trust_env=False, verify=NO_CERTIFICATES)
        seeded: dict[str, Any] = told.raise_for_status().json()
        return seeded


def _sandbox(noted: dict[str, Any]) -> Sandbox:
    return Sandbox(noted["urls"], (noted["smtp"][0], noted["smtp"][1]), noted["admin_url"], noted["key"])


def _serve(writer: int, lifeline: int) -> None:
    """The sandbox's process: serves until the other end of its lifeline is closed, by will or by death."""

    async def serve() -> None:
        opened = await start(World(clock=SystemClock()))
        noted = Sandbox(opened.urls, opened.smtp, opened.admin_url, opened.key).noted()
        os.write(writer, json.dumps(noted).encode() + b"\n")
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(lifeline, gone.set)
        await gone.wait()

    try:
        asyncio.run(serve())
    finally:
        os._exit(0)


@contextmanager
def lab(name: str) -> Iterator[Lab]:
    """A lab that leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix=f"remit-crash-{name}-"))
    catalog = load_catalog(CATALOG, specs())
    triage = Triage.train(catalog.utterances())
    server = embedded.start(folder / "pg")
    doors = Doors()
    try:
        migrate.ensure_database(server.dsn("postgres"), "crash")
        dsn = server.dsn("crash")
        migrate.upgrade(dsn)
        yield Lab(folder, server, Lasting(dsn, doors.sandbox, folder, catalog, triage), doors)
    finally:
        doors.close()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
