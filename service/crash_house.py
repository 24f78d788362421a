"""A house in a process that will be killed: the real parts on a database and a sandbox that outlive it, every point counted."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import procrastinate

from agent.offline import OfflineModel
from agent.parts import AgentParts
from agent.triage import Triage
from approvals.parts import Parts
from core.clock import SystemClock
from evals.crash.points import PointedConnector, PointedMail, PointedStore, PointedWire, Points
from policies.model import Catalog
from service.jobs import register
from service.live import Hub
from service.parts import ServiceParts
from service.rates import Rates
from service.sandbox import NO_CERTIFICATES, Sandbox
from service.settings import load
from service.systems import systems_for
from service.tokens import Tokens
from store.audit import Anchor
from store.jobs import Jobs
from store.work import engine_for
from tools.knowledge.articles import HELP_HOST
from tools.toolset import toolset

SECRET = b"for kills only"


@dataclass(frozen=True)
class Lasting:
    """What outlives a kill, and what is read once before the first fork."""

    dsn: str
    sandbox: Sandbox
    folder: Path
    catalog: Catalog
    triage: Triage


class ShiftedClock:
    """The machine's clock, ahead by as much as was waited so far."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead

    def move(self, by: timedelta) -> None:
        """Time passes."""
        self._ahead += by


@dataclass(frozen=True)
class CrashHouse:
    """One process's parts."""

    service: ServiceParts
    jobs: procrastinate.App
    clock: ShiftedClock
    anchor: Anchor

    async def work(self) -> None:
        """Does what is due, one job after the other, as a worker does."""
        await self.jobs.run_worker_async(
            wait=False,
            concurrency=1,
            install_signal_handlers=False,
            listen_notify=False,
            delete_jobs="successful",
        )


@asynccontextmanager
async def crash_house(lasting: Lasting, points: Points, *, ahead: timedelta) -> AsyncIterator[CrashHouse]:
    """The parts of service/build.py on given ground, with the points between them and what lasts."""
    clock = ShiftedClock(ahead)
    async with AsyncExitStack() as stack:
        store = PointedStore(clock=clock, engine=engine_for(lasting.dsn, size=2), points=points)
        stack.push_async_callback(store.close)
        app = procrastinate.App(
            connector=PointedConnector(
                points,
                conninfo=lasting.dsn,
                min_size=1,
                max_size=3,
                kwargs={"options": "-c timezone=utc"},
            )
        )
        await stack.enter_async_context(app.open_async())
        # One identity provider: building the other one takes as long as the rest of the house.
        settings = load({"OKTA_ORG_URL": lasting.sandbox.urls["okta"], "OKTA_TOKEN": lasting.sandbox.key})

        def wire(vendor: str) -> httpx.AsyncBaseTransport:
            return PointedWire(vendor, httpx.AsyncHTTPTransport(verify=NO_CERTIFICATES), points)

        systems = await systems_for(settings, lasting.sandbox, store, clock, stack, wire=wire)
        parts = Parts(
            store=store,
            clock=clock,
            catalog=lasting.catalog,
            tools=toolset(),
            systems=replace(systems, mail=PointedMail(systems.mail, points)),
            jobs=Jobs(app),
            secret=SECRET,
        )
        hub = Hub()
        agent = AgentParts(
            approvals=parts,
            triage=lasting.triage,
            model=OfflineModel(),
            fallback=OfflineModel(),
            live=hub,
            link_hosts=frozenset({HELP_HOST}),
        )
        anchor = Anchor(lasting.folder / "audit.anchor", SECRET)
        register(app, agent, anchor)
        service = ServiceParts(
            settings=settings, agent=agent, hub=hub, tokens=Tokens({}, "", ""), rates=Rates(clock)
        )
        yield CrashHouse(service, app, clock, anchor)
