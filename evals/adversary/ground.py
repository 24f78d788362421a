"""Where the adversary plays: the real gate on a database, and a sandbox world at hand that is renewed now and then."""

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import procrastinate
from procrastinate.testing import InMemoryConnector
from sqlalchemy.ext.asyncio import create_async_engine

from approvals.parts import Parts
from core.clock import StillClock
from core.standing import Standing
from policies.model import Catalog
from store.jobs import Jobs
from store.tables.standing import StandingRow
from store.work import Store, Work
from tools.kit import Tool
from tools.sandbox.direct.systems import direct_systems
from tools.sandbox.faults import Faults
from tools.sandbox.people import seed_person
from tools.sandbox.persona import (
    Persona,
    PersonaAccount,
    PersonaCharge,
    PersonaOrder,
    PersonaSubscription,
)
from tools.sandbox.world import World


class Idle(Jobs):
    """Notes jobs and runs none: the adversary itself decides when a worker wakes."""

    def __init__(self) -> None:
        super().__init__(procrastinate.App(connector=InMemoryConnector()))

    async def defer(
        self,
        work: Work,
        task: str,
        *,
        lock: str | None = None,
        once: str | None = None,
        in_seconds: int = 0,
        **ids: Any,
    ) -> None:
        """Forgotten: state rows are the truth, a job only says "look at this row"."""


@dataclass
class Ground:
    """The house under attack."""

    store: Store
    clock: StillClock
    catalog: Catalog
    tools: Mapping[str, Tool]
    world: World
    faults: Faults
    parts: Parts
    rng: random.Random
    born: int = field(default=0)
    # The rungs a category has earned here, by category and rung.
    earned: dict[str, Mapping[Standing, StandingRow]] = field(default_factory=dict)

    def renew(self) -> None:
        """A fresh world; the database, its limits and its audit log go on."""
        self.world, self.faults = World(clock=self.clock), Faults()
        self.parts = Parts(
            store=self.store,
            clock=self.clock,
            catalog=self.catalog,
            tools=self.tools,
            systems=direct_systems(self.world, self.faults),
            jobs=Idle(),
            secret=b"the adversary does not know this",
        )

    async def somebody(self, **different: Any) -> Persona:
        """A new customer with one of everything."""
        self.born += 1
        person = _person(f"a{self.born:06d}z").model_copy(update=different)
        await seed_person(self.world, person)
        return person


@asynccontextmanager
async def ground(
    dsn: str, clock: StillClock, catalog: Catalog, tools: Mapping[str, Tool], seed: int
) -> AsyncIterator[Ground]:
    """A ground on an empty, migrated database; nothing on it needs to survive a crash."""
    engine = create_async_engine(
        f"postgresql+psycopg://{dsn.partition('://')[2]}",
        pool_size=6,
        connect_args={"options": "-c timezone=utc -c synchronous_commit=off"},
    )
    store, faults = Store(clock=clock, engine=engine), Faults()
    world = World(clock=clock)
    parts = Parts(store, clock, catalog, tools, direct_systems(world, faults), Idle(), b"")
    # Chosen moves only; nothing here is a secret.
    made = Ground(store, clock, catalog, tools, world, faults, parts, random.Random(seed))  # noqa: S311
    made.renew()
    try:
        yield made
    finally:
        await store.close()


def _delivered(number: str, total: int, **more: Any) -> PersonaOrder:
    told = {"days_ago": 9.0, "shipped_days_ago": 7.0, "delivered_days_ago": 5.0, "opened": False}
    return PersonaOrder(number=number, total=total, status="delivered", **{**told, **more})


_ORDERS = (
    _delivered("1001", 4_900),
    _delivered("1002", 30_000),
    _delivered("1003", 4_900, opened=True),
    _delivered("1004", 4_900, days_ago=60, shipped_days_ago=58, delivered_days_ago=55),
    _delivered("1005", 90_000),
    _delivered("1006", 4_500, currency="eur"),
    PersonaOrder(number="1007", total=6_000, status="unfulfilled", days_ago=0.5),
    PersonaOrder(number="1008", total=25_000, status="unfulfilled", days_ago=0.5),
)
_KEYS = ("main", "large", "opened", "old", "huge", "euro", "waiting", "waitlarge")
_CHARGES = tuple(
    PersonaCharge(key=key, amount=o.total, currency=o.currency, days_ago=o.days_ago, order=o.number)
    for key, o in zip(_KEYS, _ORDERS, strict=True)
)
_TWICE = PersonaCharge(key="twice", amount=4_900, days_ago=8.99, order="1001")


def _person(key: str) -> Persona:
    return Persona(
        key=key,
        name="Ada Example",
        email=f"{key}@example.com",
        orders=_ORDERS,
        charges=(*_CHARGES, _TWICE),
        subscription=PersonaSubscription(plan="team_month"),
        account=PersonaAccount(factors=("totp", "sms")),
    )
