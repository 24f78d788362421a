"""A shop on a sandbox world, over its real door and wire format, with people and planned faults."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import httpx
from pydantic import SecretStr

from core.actions import Permit
from core.clock import StillClock
from core.conversation import Principal
from core.ids import ActionId, CustomerId
from tools.crm.hubspot import HubSpot
from tools.crm.hubspot import open_client as open_hubspot
from tools.kit import Scope
from tools.mail.port import Letter
from tools.orders.shopify import Shopify
from tools.orders.shopify import open_client as open_shopify
from tools.sandbox.faults import Faults, faulty
from tools.sandbox.hubspot import door as hubspot_door
from tools.sandbox.hubspot.seed import number_of as hubspot_number
from tools.sandbox.hubspot.seed import seed as seed_hubspot
from tools.sandbox.persona import Persona, PersonaOrder
from tools.sandbox.shopify import door as shopify_door
from tools.sandbox.shopify.seed import number_of
from tools.sandbox.shopify.seed import seed as seed_shopify
from tools.sandbox.world import World
from tools.systems import Systems

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = "test-key"
OWN: frozenset[Any] = frozenset({"busy"})


class Wire(httpx.AsyncBaseTransport):
    """A door in this process; a connection it cuts looks as it does on a socket."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        try:
            return await self._inner.handle_async_request(request)
        except ConnectionResetError:
            raise httpx.ReadError("cut", request=request) from None


@dataclass
class Outbox:
    """Takes letters; raises `failing` instead when it is set."""

    letters: list[Letter] = field(default_factory=list)
    failing: Exception | None = None

    async def send(self, letter: Letter) -> None:
        if self.failing is not None:
            raise self.failing
        self.letters.append(letter)


@dataclass
class Bench:
    clock: StillClock
    world: World
    faults: Faults
    shopify: Shopify
    hubspot: HubSpot
    shop_wire: Wire
    crm_wire: Wire
    mail: Outbox
    slept: list[float]

    def scope(self, persona: Persona) -> Scope:
        """The persona's own scope, linked as the service links them."""
        links = {
            "shopify": number_of("customer", persona.key),
            "hubspot": hubspot_number("contact", persona.key),
        }
        who = Principal(
            id=CustomerId(persona.external_id),
            assurance="identified",
            links=links,
            name=persona.name,
            email=persona.email,
        )
        none = cast(Any, None)
        systems = Systems(none, none, self.hubspot, self.shopify, none, self.mail, none)
        return Scope(who=who, systems=systems, now=self.clock.now())

    def unlinked(self, persona: Persona) -> Scope:
        """The persona as somebody whose ids were not looked up yet."""
        return self._as(persona, links={})

    def stranger(self, persona: Persona) -> Scope:
        """Somebody no vendor knows."""
        return self._as(persona, links={}, id=CustomerId("u_stranger"))

    def anonymous(self, persona: Persona) -> Scope:
        """The persona before they showed who they are."""
        return self._as(persona, assurance="anonymous")

    def _as(self, persona: Persona, **change: Any) -> Scope:
        scope = self.scope(persona)
        return replace(scope, who=scope.who.model_copy(update=change))


async def opened(*people: Persona, clock: StillClock | None = None, **door: Any) -> Bench:
    """A bench whose world holds these people; nothing of it needs closing but garbage collection."""
    clock = clock or StillClock(NOW)
    world, faults, slept = World(clock=clock), Faults(), []
    async with world.change() as change:
        for person in people:
            seed_shopify(change, person)
            seed_hubspot(change, person)
    shop_app = shopify_door.app(world, faults, key=KEY, **door)
    shop_wire = Wire(faulty(shop_app, "shopify", faults, own=OWN))
    crm_wire = Wire(faulty(hubspot_door.app(world, faults, key=KEY), "hubspot", faults))

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    shop = open_shopify("http://shopify.test", SecretStr(KEY), transport=shop_wire)
    crm = open_hubspot("http://hubspot.test", SecretStr(KEY), transport=crm_wire)
    return Bench(
        clock=clock,
        world=world,
        faults=faults,
        shopify=Shopify(shop, sleep=sleep),
        hubspot=HubSpot(crm, clock=clock, sleep=sleep),
        shop_wire=shop_wire,
        crm_wire=crm_wire,
        mail=Outbox(),
        slept=slept,
    )


def permit(name: str = "one") -> Permit:
    return Permit(action_id=ActionId(f"act_{name}"), digest="d" * 64, idempotency_key=f"key_{name}")


def person(key: str = "ida", *orders: PersonaOrder, **more: Any) -> Persona:
    values: dict[str, Any] = {"name": "Ida Holm", "email": f"{key}@example.com", "orders": orders} | more
    return Persona(key=key, **values)


def waiting(number: str = "1042", **more: Any) -> PersonaOrder:
    values: dict[str, Any] = {"total": 4900, "status": "unfulfilled", "days_ago": 2} | more
    return PersonaOrder(number=number, **values)


def delivered(number: str = "1042", **more: Any) -> PersonaOrder:
    values: dict[str, Any] = {
        "total": 4900,
        "status": "delivered",
        "days_ago": 9,
        "delivered_days_ago": 4,
    } | more
    return PersonaOrder(number=number, **values)


def order_id(persona: Persona, number: str = "1042") -> str:
    return number_of("order", persona.key, number)


def contact_id(persona: Persona) -> str:
    return hubspot_number("contact", persona.key)
