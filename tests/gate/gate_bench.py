"""A bench for the gate's own tests: a database, a sandbox world at hand, and ways to make either fail."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import procrastinate
from procrastinate.testing import InMemoryConnector

from approvals.consent import confirm
from approvals.look import look
from approvals.parts import Asking, Parts
from approvals.record import action_row
from approvals.submit import submit
from core.actions import Asked, Outcome, ToolCall
from core.clock import StillClock
from core.conversation import Principal
from core.ids import ConversationId, CustomerId, new_id
from core.standing import AUTONOMOUS, Standing
from evals.earned import earn
from store.jobs import Jobs
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, CustomerRow, MessageRow, RequestRow
from store.tables.standing import StandingRow
from store.work import Store, Work
from tests.agent.chat_bench import catalog
from tools.kit import Tool
from tools.sandbox.direct.systems import direct_systems
from tools.sandbox.people import seed_person
from tools.sandbox.persona import Persona, PersonaAccount, PersonaCharge, PersonaOrder, PersonaSubscription
from tools.sandbox.world import Effect, World
from tools.toolset import toolset

Step = Callable[[str], None]


class NotedJobs(Jobs):
    """Keeps what was deferred and runs none of it."""

    def __init__(self, step: Step) -> None:
        super().__init__(procrastinate.App(connector=InMemoryConnector()))
        self._step = step
        self.noted: list[str] = []

    async def defer(self, work: Work, task: str, **more: Any) -> None:
        self._step(f"defer {task}")
        self.noted.append(task)


class _Conn:
    """A connection that tells each statement to `step` before it is run."""

    def __init__(self, conn: Any, step: "Watch") -> None:
        self._conn, self._step = conn, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def execute(self, statement: Any, *args: Any, **more: Any) -> Any:
        # Written out only when somebody listens: it takes longer than most statements do.
        if self._step.listens:
            self._step(" ".join(str(statement).split())[:90])
        return await self._conn.execute(statement, *args, **more)


class WatchedStore(Store):
    """A store whose statements and commits pass by `step`, which may raise."""

    def __init__(self, *, clock: StillClock, engine: Any, step: "Watch") -> None:
        super().__init__(clock=clock, engine=engine)
        self._step = step

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        async with super()._transaction() as conn:
            yield _Conn(conn, self._step)
            self._step("commit")


@dataclass
class Customer:
    """One customer with one open request."""

    gate: "Gate"
    asking: Asking
    request_id: str
    key: str

    async def look(self, name: str, **args: Any) -> Any:
        return await look(ToolCall(id=new_id("call"), name=name, args=args), self.asking, self.gate.parts)

    async def submit(self, name: str, **args: Any) -> Outcome:
        return await submit(ToolCall(id=new_id("call"), name=name, args=args), self.asking, self.gate.parts)

    async def yes(self, asked: Outcome) -> Outcome:
        assert isinstance(asked, Asked)
        row = await self.gate.row(asked.action_id)
        return await confirm(
            row.id, digest=row.digest, who=self.asking.who, event="button", parts=self.gate.parts
        )

    def effects(self) -> list[Effect]:
        return [e for e in self.gate.world.ledger if e.owner == self.asking.who.id]


@dataclass
class Gate:
    """Parts on a world, with the steps that were watched."""

    parts: Parts
    world: World
    clock: StillClock
    watch: "Watch"

    def using(self, tools: Mapping[str, Tool]) -> None:
        self.parts = replace(self.parts, tools={**self.parts.tools, **tools})

    async def row(self, action_id: str) -> ActionRow:
        with self.watch.off():
            async with self.parts.store.begin() as work:
                return await action_row(work, action_id)

    async def stands(self, category: str, standing: str) -> None:
        with self.watch.off():
            if standing in AUTONOMOUS:
                await earn(self.parts, category, cast(Standing, standing))
                return
            async with self.parts.store.begin() as work:
                await work.add(StandingRow(category=category, standing=standing, since=work.now))

    async def customer(
        self, person: Persona, category: str, *, words: str = "", signals: dict[str, Any] | None = None
    ) -> Customer:
        with self.watch.off():
            await seed_person(self.world, person)
            who = Principal(id=CustomerId(person.external_id), assurance="identified")
            now, conversation = self.clock.now(), new_id("con")
            async with self.parts.store.begin() as work:
                await work.add(
                    CustomerRow(id=who.id, name=person.name, email="", links={}, created_at=now),
                    ConversationRow(id=conversation, customer_id=who.id, opened_at=now, last_at=now),
                )
                request = RequestRow(
                    id=new_id("req"),
                    conversation_id=conversation,
                    message_id="msg_none",
                    category=category,
                    confidence=0.95,
                    slots={},
                    opened_at=now,
                )
                message = MessageRow(
                    id=new_id("msg"),
                    conversation_id=conversation,
                    key=new_id("k"),
                    author="customer",
                    text=words,
                    signals=signals,
                    turn_id="t",
                    at=now,
                )
                await work.add(request, message)
        return Customer(self, Asking(ConversationId(conversation), who), request.id, person.key)


@dataclass
class Watch:
    """Counts steps from `start` on; `fails_at` makes that one raise."""

    seen: list[str] = field(default_factory=list)
    fails_at: int | None = None
    muted: int = 0
    started: bool = False

    @property
    def listens(self) -> bool:
        return self.started and not self.muted

    def __call__(self, what: str) -> None:
        if not self.listens:
            return
        self.seen.append(what)
        if self.fails_at == len(self.seen):
            raise InjectedError(f"{self.fails_at}: {what}")

    def start(self, fails_at: int | None = None) -> None:
        self.seen, self.fails_at, self.started = [], fails_at, True

    def off(self) -> "_Muted":
        return _Muted(self)


class _Muted:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __enter__(self) -> None:
        self._watch.muted += 1

    def __exit__(self, *_: object) -> None:
        self._watch.muted -= 1


class InjectedError(RuntimeError):
    """What a test makes happen."""


def gate_on(store: Store, clock: StillClock) -> Gate:
    """A gate on this database with a fresh world."""
    watch, world = Watch(), World(clock=clock)
    parts = Parts(
        store=WatchedStore(clock=clock, engine=store.engine, step=watch),
        clock=clock,
        catalog=catalog(),
        tools=toolset(),
        systems=direct_systems(world),
        jobs=NotedJobs(watch),
        secret=b"for tests only",
    )
    return Gate(parts, world, clock, watch)


def person(key: str, *, text: str | None = None, **different: Any) -> Persona:
    """Somebody with one of everything; `text` stands in every place others may write into."""
    free = {} if text is None else {"description": text[:500]}
    items = ("Desk lamp",) if text is None else (text[:200],)
    order = {"status": "delivered", "days_ago": 9.0, "shipped_days_ago": 7.0, "delivered_days_ago": 5.0}
    made = Persona(
        key=key,
        name="Ada Example",
        email=f"{key}@example.com",
        company=(text or "Northwind Example")[:100],
        past_tickets=() if text is None else (text[:200],),
        orders=tuple(
            PersonaOrder.model_validate({**order, "number": number, "total": total, "items": items, **more})
            for number, total, more in (
                ("1001", 1_200, {"opened": False}),
                ("1002", 30_000, {"opened": False}),
                ("1003", 4_900, {"opened": True}),
                (
                    "1004",
                    2_600,
                    {"opened": False, "delivered_days_ago": 45.0, "days_ago": 50.0, "shipped_days_ago": 47.0},
                ),
            )
        ),
        charges=tuple(
            PersonaCharge.model_validate(
                {"key": name, "amount": total, "days_ago": 9.0, "order": number, **free, **more}
            )
            for name, total, number, more in (
                ("fine", 1_200, "1001", {}),
                ("large", 30_000, "1002", {}),
                ("opened", 4_900, "1003", {}),
                ("late", 2_600, "1004", {"days_ago": 50.0}),
                ("disputed", 3_300, "1001", {"disputed": True}),
            )
        ),
        subscription=PersonaSubscription(plan="team_month"),
        account=PersonaAccount(factors=("totp",)),
    )
    return made.model_copy(update=different)
