"""Billing over the open sandbox: real adapters on real doors, and the people in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import httpx
from pydantic import SecretStr

from core.actions import Permit
from core.clock import StillClock
from core.conversation import Principal
from core.ids import ActionId, CustomerId
from tools.billing.reads import READS
from tools.billing.stripe import Stripe
from tools.billing.writes import WRITES
from tools.crm import hubspot
from tools.kit import ReadTool, Scope, WriteTool
from tools.mail.smtp import Server, SmtpMail
from tools.orders import shopify
from tools.sandbox import server
from tools.sandbox.hubspot.seed import number_of
from tools.sandbox.people import PEOPLE, seed_person
from tools.sandbox.persona import Persona
from tools.sandbox.world import Effect, Record, World
from tools.systems import Systems

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# A request that is cut is seen at once; only a bug waits this long.
SHORT = httpx.Timeout(2.0)


def person(key: str) -> Persona:
    return next(p for p in PEOPLE if p.key == key)


def permit(name: str = "1") -> Permit:
    return Permit(action_id=ActionId(f"act_{name}"), digest="d" * 64, idempotency_key=f"remit-act_{name}")


def write(name: str) -> WriteTool[Any]:
    return next(tool for tool in WRITES if tool.spec.name == name)


def read(name: str) -> ReadTool[Any]:
    return next(tool for tool in READS if tool.spec.name == name)


@dataclass
class Bench:
    clock: StillClock
    world: World
    running: server.Running
    stripe: Stripe
    systems: Systems

    def scope(self, key: str) -> Scope:
        """The scope of one of the people; their ids at Stripe and Shopify are found by external id."""
        links = {"hubspot": number_of("contact", key)}
        who = Principal(id=CustomerId(f"u_{key}"), assurance="identified", links=links)
        return Scope(who=who, systems=self.systems, now=self.clock.now())

    async def seeded(self, persona: Persona) -> Scope:
        await seed_person(self.world, persona)
        return self.scope(persona.key)

    async def alter(self, kind: str, key: str, **values: object) -> None:
        """Changes a record behind everybody's back."""
        async with self.world.change() as change:
            record = change.get(kind, key)
            assert record is not None
            change.put(kind, key, {**record, **values})

    def fail(self, path: str, kind: Any, times: int = 1) -> None:
        self.running.faults.plan("stripe", path, kind, times=times)

    @property
    def effects(self) -> list[Effect]:
        return self.world.ledger

    def row(self, kind: str, key: str) -> Record:
        record = self.world.get(kind, key)
        assert record is not None
        return record


@asynccontextmanager
async def opened(*people: Persona) -> AsyncIterator[Bench]:
    """A sandbox with these people, closed afterwards."""
    clock = StillClock(NOW)
    world = World(clock=clock)
    for one in people:
        await seed_person(world, one)
    running = await server.start(world)
    key = SecretStr(running.key)
    stripe = Stripe.open(key, clock=clock, base_url=running.urls["stripe"], timeout=SHORT)
    shop_client = shopify.open_client(running.urls["shopify"], key)
    crm_client = hubspot.open_client(running.urls["hubspot"], key)
    mail_server = Server(host=running.smtp[0], port=running.smtp[1], user="remit", password=key, tls="none")
    none = cast(Any, None)
    systems = Systems(
        billing=stripe,
        identity=none,
        crm=hubspot.HubSpot(crm_client, clock=clock),
        orders=shopify.Shopify(shop_client),
        desk=none,
        mail=SmtpMail(mail_server, sender="support@example.com", clock=clock),
        knowledge=none,
    )
    try:
        yield Bench(clock, world, running, stripe, systems)
    finally:
        await stripe.close()
        await shop_client.aclose()
        await crm_client.aclose()
        await running.stop()
