"""A sandbox with both identity doors open, the adapters on it, and the scope a tool works in."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from core.actions import Permit
from core.clock import StillClock
from core.conversation import Principal
from core.errors import VendorError
from core.ids import ActionId, CustomerId
from tools.crm.port import Contact
from tools.identity.auth0 import Auth0
from tools.identity.either import Either
from tools.identity.okta import Okta
from tools.identity.port import Identity
from tools.kit import Scope
from tools.mail.port import Letter
from tools.sandbox.auth0 import door as auth0_door
from tools.sandbox.auth0 import seed as auth0_seed
from tools.sandbox.faults import Faults, faulty
from tools.sandbox.okta import door as okta_door
from tools.sandbox.okta import seed as okta_seed
from tools.sandbox.persona import Persona, PersonaAccount
from tools.sandbox.server import open_doors
from tools.sandbox.world import Effect, World
from tools.systems import Systems

sys.path.append(str(Path(__file__).parents[1] / "contract"))
from wire import App, Message, Receive, Recorder, Send

KEY = "key-of-the-sandbox"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PREFIX = {"okta": "00u", "auth0": "a0_"}


def persona(key: str, vendor: str = "okta", **account: Any) -> Persona:
    """A customer with an account at the vendor."""
    held = PersonaAccount.model_validate({"vendor": vendor, **account})
    return Persona(key=key, name=f"{key.title()} Example", email=f"{key}@example.com", account=held)


def principal(key: str, **links: str) -> Principal:
    """The verified customer of that persona."""
    return Principal(id=CustomerId(f"u_{key}"), assurance="identified", links=links)


ANONYMOUS = Principal(id=CustomerId("u_mara"), assurance="anonymous")


def permit(action_id: str = "act_1") -> Permit:
    return Permit(action_id=ActionId(action_id), digest="d" * 64, idempotency_key=f"remit-{action_id}")


@dataclass
class Letters:
    """A mailbox that keeps what it is given; `fails` makes it refuse with that error."""

    sent: list[Letter] = field(default_factory=list)
    fails: VendorError | None = None

    async def send(self, letter: Letter) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(letter)


class OneContact:
    """A CRM that knows everybody as the same good standard customer."""

    vendor = "hubspot"

    async def contact(self, contact: str) -> Contact:
        return Contact(
            id=contact,
            external_id="u_mara",
            name="Mara Example",
            email="mara@example.com",
            phone="+15550100",
            address=None,
            tier="standard",
            health="good",
            owner="Dana Reyes",
            company="Northwind Example",
            updated_at=NOW,
        )

    async def find_contact(self, external_id: str) -> Contact:
        return await self.contact("501")


@dataclass
class Bench:
    world: World
    faults: Faults
    clock: StillClock
    okta: Okta
    auth0: Auth0
    either: Either
    wire: dict[str, Recorder]
    urls: dict[str, str]
    mail: Letters

    def adapter(self, vendor: str) -> Identity:
        return self.okta if vendor == "okta" else self.auth0

    def scope(self, who: Principal, identity: Identity | None = None) -> Scope:
        """The scope of a tool that works for `who`, on both vendors unless one is given."""
        none = cast(Any, None)
        systems = Systems(
            billing=none,
            identity=identity or self.either,
            crm=cast(Any, OneContact()),
            orders=none,
            desk=none,
            mail=self.mail,
            knowledge=none,
        )
        return Scope(who=who, systems=systems, now=self.clock.now())

    def effects(self) -> list[tuple[str, str, str, str | None]]:
        """Vendor, kind, object and action id of everything that really happened."""
        return [(e.vendor, e.kind, e.object, e.action_id) for e in self.ledger]

    @property
    def ledger(self) -> Sequence[Effect]:
        return self.world.ledger


async def no_sleep(_: float) -> None:
    """For retries that need not wait."""


@dataclass
class House:
    """Doors and adapters that outlive a test; what is behind them is the world of the present one."""

    okta: Okta
    auth0: Auth0
    urls: dict[str, str]
    rooms: dict[str, App]
    clock: StillClock


_HOUSES: list[House] = []


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    """Opens both doors once; `opened` puts worlds behind them."""
    rooms: dict[str, App] = {}

    def door(vendor: str) -> App:
        async def lead_in(scope: Message, receive: Receive, send: Send) -> None:
            await rooms[vendor](scope, receive, send)

        return lead_in

    doors = open_doors({vendor: door(vendor) for vendor in ("okta", "auth0")})
    key, clock = SecretStr(KEY), StillClock(NOW)
    okta = Okta(base_url=doors.urls["okta"], token=key, clock=clock, sleep=no_sleep)
    auth0 = Auth0(base_url=doors.urls["auth0"], token=key, client_id="remit", clock=clock, sleep=no_sleep)
    _HOUSES.append(House(okta, auth0, dict(doors.urls), rooms, clock))
    try:
        yield _HOUSES[-1]
    finally:
        _HOUSES.pop()
        await asyncio.gather(okta.close(), auth0.close())
        await doors.stop()


@asynccontextmanager
async def opened(*people: Persona) -> AsyncIterator[Bench]:
    """A world of its own with these people in it, behind the doors of the house."""
    house = _HOUSES[-1]
    house.clock.move(NOW - house.clock.now())
    world, faults = World(clock=house.clock), Faults()
    async with world.change() as change:
        for person in people:
            okta_seed.seed(change, person)
            auth0_seed.seed(change, person)
    wire = {
        "okta": Recorder(okta_door.app(world, faults, key=KEY)),
        "auth0": Recorder(auth0_door.app(world, faults, key=KEY)),
    }
    house.rooms.update({vendor: faulty(app, vendor, faults) for vendor, app in wire.items()})
    either = Either(house.okta, house.auth0)
    yield Bench(world, faults, house.clock, house.okta, house.auth0, either, wire, house.urls, Letters())
