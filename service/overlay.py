"""A stage at hand: every scenario on an overlay of one world, in one transaction that is rolled back at its end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.live import NoLive
from agent.model import Model
from agent.offline import OfflineModel
from agent.parts import AgentParts
from agent.triage import Triage
from approvals.detail import detail
from approvals.parts import Parts, Reviewer
from approvals.reviews import Decided, decide
from core.clock import TickingClock
from core.conversation import Principal
from core.errors import Invalid, RemitError
from core.ids import new_id
from evals.scenario import Scenario
from evals.stage import Take
from evals.steps import Fault
from policies.load import load_catalog
from policies.model import Catalog
from service import api_chat, customers, paths, wire
from service.actors import Refused, mailed_code, newest_card
from service.auth import Customer as Asks
from service.inline import InlineJobs
from service.jobs import register
from service.live import Hub
from service.parts import ServiceParts
from service.rates import Rates
from service.settings import Settings
from service.stage import OnStage, changed, names_of
from service.tokens import accept
from store import events
from store.audit import Anchor
from store.columns import table
from store.plans import Plans
from store.solo import solo, solo_engine
from store.tables.conversation import EventRow
from store.tables.people import UserRow
from store.work import Store, engine_for
from tools.kit import Tool
from tools.knowledge.articles import HELP_HOST
from tools.knowledge.postgres import PostgresKnowledge, query_on
from tools.knowledge.seed import seed_articles
from tools.sandbox.admin import introduced
from tools.sandbox.direct.systems import direct_systems
from tools.sandbox.faults import Faults
from tools.sandbox.mailbox import KIND as MAIL
from tools.sandbox.people import fresh, seed_person, seed_world
from tools.sandbox.world import World
from tools.toolset import toolset

T = TypeVar("T")
# Every run begins at the same moment, so that two runs are the same.
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_LIFE = timedelta(minutes=15)
_COLLEAGUE = ("usr_evals", "evals@example.com", "Ines Okafor", "approver")
_NO_PASSWORD = "nobody logs in with this"  # noqa: S105
ModelOf = Callable[[Scenario, Take], Model]


def offline(scenario: Scenario, take: Take) -> Model:
    """The model without a model, for every run."""
    return OfflineModel()


@dataclass(frozen=True)
class _Shared:
    """What all runs of a process share: nothing in it changes."""

    settings: Settings
    catalog: Catalog
    tools: Mapping[str, Tool]
    triage: Triage
    world: World


class OverlayStage:
    """Plays without doors; the database is one of its own, and nothing of a run is left in it."""

    def __init__(
        self,
        shared: _Shared,
        engine: Engine,
        model: str,
        model_of: ModelOf,
        customers: ModelOf | None = None,
    ) -> None:
        self.model = model
        self._customers = customers
        self._shared = shared
        self._engine = engine
        self._plans = Plans(engine.dialect)
        self._model_of = model_of

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        dsn: str,
        *,
        model: str = "offline",
        model_of: ModelOf = offline,
        customers: ModelOf | None = None,
    ) -> AsyncIterator["OverlayStage"]:
        """A stage on an empty, migrated database that nobody else uses."""
        await _furnish(dsn)
        engine = solo_engine(dsn)
        try:
            yield cls(await _shared(settings), engine, model, model_of, customers)
        finally:
            engine.dispose()

    @asynccontextmanager
    async def on(self, scenario: Scenario, take: Take) -> AsyncIterator[OnStage]:
        """A fresh customer in a world of their own; afterwards nothing has happened."""
        with solo(self._engine, self._plans) as conn:
            yield await self._begin(conn, scenario, take)

    async def _begin(self, conn: AsyncConnection, scenario: Scenario, take: Take) -> OnStage:
        clock, faults = TickingClock(START), Faults()
        world = self._shared.world.overlay(clock)
        persona = fresh(changed(scenario.person, scenario.changes), f"e{take.epoch}")
        await seed_person(world, persona)
        house, jobs = self._house(conn, clock, world, faults, self._model_of(scenario, take))
        names = names_of(introduced(world, persona))
        who = await customers.principal(persona.external_id, house.approvals)
        customer = await _Customer.open(who, house, jobs, world)
        hands, colleague = _Hands(house, world, faults), _Colleague(house.approvals)
        played_by = self._customers(scenario, take) if self._customers is not None else None
        return OnStage(names, customer, colleague, hands, played_by)

    def _house(
        self, conn: AsyncConnection, clock: TickingClock, world: World, faults: Faults, model: Model
    ) -> tuple[ServiceParts, InlineJobs]:
        shared, settings = self._shared, self._shared.settings
        store, jobs = Store(clock=clock, conn=conn), InlineJobs(clock)
        systems = replace(direct_systems(world, faults), knowledge=PostgresKnowledge(query_on(store)))
        parts = Parts(
            store=store,
            clock=clock,
            catalog=shared.catalog,
            tools=shared.tools,
            systems=systems,
            jobs=jobs,
            secret=b"evals",
        )
        agent = AgentParts(
            approvals=parts,
            triage=shared.triage,
            model=model,
            fallback=OfflineModel(),
            live=NoLive(),
            link_hosts=frozenset({HELP_HOST}),
        )
        register(jobs.app, agent, Anchor(Path("evals.anchor"), b"evals"))
        tokens = accept((), issuer=settings.token_issuer, audience=settings.token_audience)
        house = ServiceParts(settings=settings, agent=agent, hub=Hub(), tokens=tokens, rates=Rates(clock))
        return house, jobs


async def _furnish(dsn: str) -> None:
    """What is there before every run: the help articles and a colleague."""
    store = Store(clock=TickingClock(START), engine=engine_for(dsn, size=1))
    try:
        await seed_articles(store)
        user, login, name, role = _COLLEAGUE
        values = {"id": user, "login": login, "name": name, "roles": [role], "disabled": False}
        async with store.begin() as work:
            row = {**values, "password_hash": _NO_PASSWORD, "created_at": work.now}
            await work.run(insert(table(UserRow)).values(**row).on_conflict_do_nothing())
    finally:
        await store.close()


async def _shared(settings: Settings) -> _Shared:
    tools = toolset()
    catalog = load_catalog(paths.CATALOG, {name: tool.spec for name, tool in tools.items()})
    world = World(clock=TickingClock(START))
    await seed_world(world)
    return _Shared(settings, catalog, tools, Triage.train(catalog.utterances()), world)


async def _or_refused(asked: Awaitable[T]) -> T:
    """The answer; what the API would answer with an error is raised as the doors' actors raise it."""
    try:
        return await asked
    except RemitError as error:
        raise Refused(error.status, str(error)) from None


class _Customer:
    """One customer in one conversation, who calls the API's own handlers."""

    def __init__(self, asks: Asks, house: ServiceParts, jobs: InlineJobs, world: World) -> None:
        self.id: str = asks.who.id
        self.conversation_id = ""
        self._asks = asks
        self._house = house
        self._jobs = jobs
        self._world = world

    @classmethod
    async def open(cls, who: Principal, house: ServiceParts, jobs: InlineJobs, world: World) -> "_Customer":
        made = cls(Asks(who, house.clock.now() + _LIFE), house, jobs, world)
        page = wire.NewConversation(page="billing")
        made.conversation_id = (await api_chat.start_conversation(page, made._asks, house)).id
        return made

    async def say(self, words: str) -> None:
        message = wire.NewMessage(text=words, key=new_id("k"))
        await _or_refused(api_chat.post_message(self.conversation_id, message, self._asks, self._house))
        await self._house.turns.ended(f"turn of {self.conversation_id}")

    async def confirm(self) -> object:
        card = newest_card(await self.events(), "confirm")
        yes = wire.Confirmation(digest=card["digest"])
        return await _or_refused(api_chat.confirm_action(card["action_id"], yes, self._asks, self._house))

    async def decline(self) -> object:
        card = newest_card(await self.events(), "confirm")
        return await _or_refused(api_chat.decline_action(card["action_id"], self._asks, self._house))

    async def enter_code(self, code: str | None = None) -> object:
        card = newest_card(await self.events(), "step_up")
        typed = wire.EnteredCode(code=code or mailed_code(self._world.find(MAIL), card["title"]))
        return await _or_refused(api_chat.enter_code(card["action_id"], typed, self._asks, self._house))

    async def ask_for_person(self) -> None:
        await _or_refused(api_chat.ask_for_person(self.conversation_id, self._asks, self._house))

    async def events(self) -> Sequence[EventRow]:
        async with self._house.store.begin() as work:
            return await events.after(work, self.conversation_id, 0)

    async def quiet(self) -> None:
        await self._house.turns.ended(f"turn of {self.conversation_id}")
        await self._jobs.drain()


class _Colleague:
    """A colleague who opens and decides."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        user, _, name, role = _COLLEAGUE
        self._me = Reviewer(user, name, frozenset({role}), parts.clock.now())

    async def open(self, action_id: str) -> Mapping[str, Any]:
        found = await _or_refused(detail(action_id, self._me, self._parts))
        return wire.Detail.model_validate(found).model_dump(mode="json")

    async def decide_on(self, shown: Mapping[str, Any], decision: Any, **more: Any) -> object:
        action_id = shown["entry"]["action_id"]
        decided = Decided(action_id=action_id, digest=shown["digest"], decision=decision, **more)
        if decided.args is not None:
            self._check(shown["tool"], decided.args)
        return await _or_refused(decide(decided, self._me, self._parts))

    def _check(self, tool: str, args: Mapping[str, Any]) -> None:
        known = self._parts.write_tool(tool)
        if known is None:
            raise Invalid(f"there is no write {tool!r} to edit")
        try:
            known.args.model_validate(args)
        except ValidationError as error:
            raise Refused(422, f"the edit does not fit: {error.error_count()} fields") from None


class _Hands:
    """A house whose sandbox is at hand."""

    def __init__(self, house: ServiceParts, world: World, faults: Faults) -> None:
        self.store = house.store
        self.desk = house.approvals.systems.desk
        self._world = world
        self._faults = faults

    async def plan(self, step: Fault, path: str) -> None:
        self._faults.plan(step.vendor, path, step.fault, step.times)

    async def planned(self) -> Sequence[str]:
        return [fault.path_contains for fault in self._faults.planned]

    async def effects(self) -> Sequence[Mapping[str, Any]]:
        return [effect.model_dump(mode="json") for effect in self._world.ledger]
