"""A bench for whole conversations: a customer who types, a colleague who decides, everything between them real."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import procrastinate
from sqlalchemy import select

from agent.bounds import Bounds
from agent.model import Model
from agent.offline import OfflineModel
from agent.parts import AgentParts
from agent.triage import Triage
from agent.turn import run_turn
from approvals import consent
from approvals.detail import detail
from approvals.parts import Parts, Reviewer
from approvals.reviews import Decided, decide
from core.actions import Outcome
from core.clock import StillClock
from core.conversation import Principal
from core.ids import new_id
from policies.load import load_catalog
from policies.model import Catalog
from service.customers import principal
from service.jobs import register
from service.paths import CATALOG
from service.sandbox import Sandbox
from service.settings import load
from service.systems import systems_for
from store.audit import Anchor
from store.columns import table
from store.events import after, emit
from store.jobs import Jobs, connect
from store.tables.action import ActionRow
from store.tables.conversation import (
    ClosureRow,
    ConversationRow,
    EventRow,
    HandoffRow,
    MessageRow,
    RequestRow,
    TurnRow,
)
from store.tables.record import OutboxRow
from store.work import Store
from tools.kit import Tool
from tools.knowledge.articles import HELP_HOST
from tools.knowledge.seed import seed_articles
from tools.sandbox.people import PEOPLE, seed_person
from tools.sandbox.server import Running, start
from tools.sandbox.world import World
from tools.toolset import toolset


@cache
def _tools() -> Mapping[str, Tool]:
    return toolset()


@cache
def catalog() -> Catalog:
    """The real catalog, read once."""
    return load_catalog(CATALOG, {name: tool.spec for name, tool in _tools().items()})


@cache
def triage() -> Triage:
    """Triage as it is in service, trained once."""
    return Triage.train(catalog().utterances())


@dataclass
class Screen:
    """What was shown and not kept."""

    shown: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    watched: bool = True

    def show(self, conversation_id: str, kind: str, body: dict[str, Any]) -> None:
        self.shown.append((kind, body))

    def is_watched(self, conversation_id: str) -> bool:
        return self.watched

    def words(self) -> str:
        return "".join(body["text"] for kind, body in self.shown if kind == "delta")


@dataclass
class Chat:
    """One conversation of one person of the sandbox."""

    parts: AgentParts
    sandbox: Running
    clock: StillClock
    who: Principal
    id: str
    app: procrastinate.App
    screen: Screen

    async def write(self, text: str) -> None:
        """Stores a message as the service does, and nothing more."""
        async with self.parts.approvals.store.begin() as work:
            row = MessageRow(
                id=new_id("msg"),
                conversation_id=self.id,
                key=f"c:{new_id('k')}",
                author="customer",
                text=text,
                at=work.now,
            )
            await work.add(row)
            body = {"id": row.id, "author": "customer", "text": text, "at": row.at.isoformat()}
            await emit(work, self.id, "message", body)

    async def say(self, text: str) -> str:
        """The customer writes and the agent's turn runs; everything the agent said in it."""
        before = len(await self.replies())
        self.clock.move(timedelta(seconds=5))
        await self.write(text)
        await run_turn(self.id, "", self.parts)
        return "\n".join((await self.replies())[before:])

    async def replies(self) -> list[str]:
        return [str(e.body["text"]) for e in await self.events("message") if e.body["author"] != "customer"]

    async def events(self, *kinds: str) -> list[EventRow]:
        async with self.parts.approvals.store.begin() as work:
            found = await after(work, self.id, 0)
        return [event for event in found if not kinds or event.kind in kinds]

    async def rows(self, row: Any) -> list[Any]:
        where = table(row)
        column = where.c.id if row is ConversationRow else where.c.conversation_id
        async with self.parts.approvals.store.begin() as work:
            return await work.rows(row, select(where).where(column == self.id))

    async def actions(self) -> list[ActionRow]:
        return sorted(await self.rows(ActionRow), key=lambda row: row.created_at)

    async def requests(self) -> list[tuple[str, str]]:
        found = sorted(await self.rows(RequestRow), key=lambda row: (row.opened_at, row.id))
        return [(row.category, row.state) for row in found]

    async def conversation(self) -> ConversationRow:
        found: ConversationRow = (await self.rows(ConversationRow))[0]
        return found

    async def closures(self) -> list[ClosureRow]:
        return await self.rows(ClosureRow)

    async def handoffs(self) -> list[HandoffRow]:
        return await self.rows(HandoffRow)

    async def turns(self) -> list[TurnRow]:
        return sorted(await self.rows(TurnRow), key=lambda row: row.started_at)

    async def outbox(self, *kinds: str) -> list[OutboxRow]:
        return [row for row in await self.rows(OutboxRow) if not kinds or row.kind in kinds]

    async def confirm(self) -> Outcome:
        """Presses Confirm on the one open card."""
        [row] = await consent.open_proposals(self.id, self.parts.approvals)
        return await consent.confirm(
            row.id, digest=row.digest, who=self.who, event="button", parts=self.parts.approvals
        )

    async def decide(self, decision: Any = "approve", **more: Any) -> None:
        """A colleague opens the one waiting action and decides; then the background work runs dry."""
        self.clock.move(timedelta(seconds=5))
        [row] = [row for row in await self.actions() if row.state == "held"]
        reviewer = Reviewer("usr_ines", "Ines Okafor", frozenset({"approver"}), self.clock.now())
        seen = await detail(row.id, reviewer, self.parts.approvals)
        await decide(Decided(row.id, seen.digest, decision, **more), reviewer, self.parts.approvals)
        await self.drain()

    async def drain(self) -> None:
        """Runs every job that is due."""
        await self.app.run_worker_async(wait=False, install_signal_handlers=False, concurrency=1)

    def effects(self) -> list[tuple[str, str, str, int | None]]:
        mine = [e for e in self.sandbox.world.ledger if e.owner == self.who.id]
        return [(e.vendor, e.kind, e.object, e.amount) for e in mine]

    def tickets(self) -> list[dict[str, Any]]:
        found = self.sandbox.world.find("zendesk.ticket", owner=self.who.id)
        return [ticket for ticket in found if "remit" in ticket.get("tags", ())]


@asynccontextmanager
async def chat(
    store: Store,
    database: str,
    clock: StillClock,
    folder: Path,
    person: str,
    *,
    model: Model | None = None,
    bounds: Bounds | None = None,
) -> AsyncIterator[Chat]:
    """A chat of one sandbox person, with the offline model unless another is given."""
    world = World(clock=clock)
    await seed_person(world, next(one for one in PEOPLE if one.key == person))
    async with AsyncExitStack() as stack:
        sandbox = await start(world)
        stack.push_async_callback(sandbox.stop)
        app = connect(database, size=4)
        await stack.enter_async_context(app.open_async())
        doors = Sandbox(sandbox.urls, sandbox.smtp, sandbox.admin_url, sandbox.key)
        systems = await systems_for(load({}), doors, store, clock, stack)
        screen = Screen()
        parts = AgentParts(
            approvals=Parts(
                store=store,
                clock=clock,
                catalog=catalog(),
                tools=_tools(),
                systems=systems,
                jobs=Jobs(app),
                secret=b"for tests only",
            ),
            triage=triage(),
            model=model or OfflineModel(),
            fallback=OfflineModel(),
            live=screen,
            bounds=bounds or Bounds(),
            link_hosts=frozenset({HELP_HOST}),
        )
        register(app, parts, Anchor(folder / "anchor", b"for tests only"))
        yield await _begun(parts, sandbox, clock, person, app, screen)


async def _begun(
    parts: AgentParts, sandbox: Running, clock: StillClock, person: str, app: Any, screen: Screen
) -> Chat:
    who = await principal(f"u_{person}", parts.approvals)
    now = clock.now()
    conversation = ConversationRow(id=new_id("con"), customer_id=who.id, opened_at=now, last_at=now)
    async with parts.approvals.store.begin() as work:
        await work.add(conversation)
    await seed_articles(parts.approvals.store)
    return Chat(parts, sandbox, clock, who, conversation.id, app, screen)
