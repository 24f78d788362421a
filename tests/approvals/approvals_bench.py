"""A bench for the gate and the executor: the real sandbox on loopback, the real adapters, a database of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from approvals.detail import detail
from approvals.execute import execute
from approvals.look import Looked, look
from approvals.parts import Asking, Parts, Reviewer
from approvals.record import action_row
from approvals.reviews import Decided, Reviewed, decide
from approvals.submit import submit
from core.actions import Outcome, ToolCall
from core.clock import StillClock
from core.conversation import Principal
from core.ids import ConversationId, CustomerId, new_id
from policies.load import load_catalog
from service.paths import CATALOG
from service.sandbox import Sandbox
from service.settings import load
from service.systems import systems_for
from store.events import after
from store.jobs import Jobs, connect
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, CustomerRow, EventRow, RequestRow
from store.work import Store
from tools.sandbox.people import seed_world
from tools.sandbox.server import Running, start
from tools.sandbox.world import World
from tools.toolset import toolset

APPROVER = ("usr_ines", "Ines Okafor")


@dataclass
class Bench:
    """One conversation of one customer, with everything behind it real."""

    parts: Parts
    sandbox: Running
    clock: StillClock
    asking: Asking
    request_id: str

    async def look(self, name: str, **args: Any) -> Looked:
        return await look(ToolCall(id=new_id("call"), name=name, args=args), self.asking, self.parts)

    async def submit(self, name: str, **args: Any) -> Outcome:
        return await submit(ToolCall(id=new_id("call"), name=name, args=args), self.asking, self.parts)

    async def execute(self, action_id: str) -> Outcome:
        return await execute(action_id, self.parts, tell=True)

    async def row(self, action_id: str) -> ActionRow:
        async with self.parts.store.begin() as work:
            return await action_row(work, action_id)

    async def review(
        self, action_id: str, decision: Any = "approve", *, by: str = "usr_ines", **more: Any
    ) -> Reviewed:
        reviewer = Reviewer(by, by, frozenset({"approver"}), self.clock.now())
        shown = await detail(action_id, reviewer, self.parts)
        return await decide(Decided(action_id, shown.digest, decision, **more), reviewer, self.parts)

    async def events(self) -> list[EventRow]:
        async with self.parts.store.begin() as work:
            return list(await after(work, self.asking.conversation_id, 0))

    def effects(self) -> list[tuple[str, str, str, int | None]]:
        owner = self.asking.who.id
        return [(e.vendor, e.kind, e.object, e.amount) for e in self.sandbox.world.ledger if e.owner == owner]


@asynccontextmanager
async def bench(
    store: Store, database: str, clock: StillClock, person: str, category: str, *, confidence: float = 0.95
) -> AsyncIterator[Bench]:
    """A bench for one sandbox person with one open request."""
    world = World(clock=clock)
    await seed_world(world)
    async with AsyncExitStack() as stack:
        sandbox = await start(world)
        stack.push_async_callback(sandbox.stop)
        app = connect(database, size=2)
        await stack.enter_async_context(app.open_async())
        doors = Sandbox(sandbox.urls, sandbox.smtp, sandbox.admin_url, sandbox.key)
        systems = await systems_for(load({}), doors, store, clock, stack)
        tools = toolset()
        parts = Parts(
            store=store,
            clock=clock,
            catalog=load_catalog(CATALOG, {n: t.spec for n, t in tools.items()}),
            tools=tools,
            systems=systems,
            jobs=Jobs(app),
            secret=b"for tests only",
        )
        yield await _talking(parts, sandbox, clock, person, category, confidence)


async def _talking(
    parts: Parts, sandbox: Running, clock: StillClock, person: str, category: str, confidence: float
) -> Bench:
    who = Principal(id=CustomerId(f"u_{person}"), assurance="identified")
    now = clock.now()
    conversation = ConversationRow(id=new_id("con"), customer_id=who.id, opened_at=now, last_at=now)
    request = RequestRow(
        id=new_id("req"),
        conversation_id=conversation.id,
        message_id="msg_none",
        category=category,
        confidence=confidence,
        slots={},
        opened_at=now,
    )
    async with parts.store.begin() as work:
        await work.add(
            CustomerRow(id=who.id, name=person.title(), email="", links={}, created_at=now),
            conversation,
            request,
        )
    asking = Asking(conversation_id=ConversationId(conversation.id), who=who)
    return Bench(parts, sandbox, clock, asking, request.id)
