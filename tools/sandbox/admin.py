"""The sandbox's own door, for tests, evals and the demo: seed a customer, read the ledger, plan faults."""

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, get_args

from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import Invalid, NotFound, RemitError
from core.frozen import Frozen
from tools.sandbox import people
from tools.sandbox.faults import Faults, Kind
from tools.sandbox.happen import happen
from tools.sandbox.persona import Persona
from tools.sandbox.webhooks.sender import Sender
from tools.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]


class SeedOrder(Frozen):
    """Either a known person's key (with a suffix: a fresh copy of them) or a whole persona."""

    person: str | None = None
    suffix: str | None = None
    persona: Persona | None = None


class FaultOrder(Frozen):
    vendor: str
    path_contains: str
    kind: str
    times: int = Field(default=1, ge=1)
    retry_after: float | None = None


class HappenOrder(Frozen):
    """Something that happens without us: see tools/sandbox/happen.py."""

    what: str
    object: str
    value: str = ""


class SubscribeOrder(Frozen):
    """Where webhooks go from now on; null: nowhere."""

    url: str | None = Field(pattern=r"^http://(127\.0\.0\.1|localhost)(:\d{1,5})?$")


def app(world: World, faults: Faults, *, key: str, webhooks: Sender | None = None) -> Starlette:
    """The admin door; every route wants `Authorization: Bearer <key>`."""
    door = _Admin(world, faults, webhooks)
    routes = [
        ("POST", "/seed", door.seed),
        ("GET", "/ledger", door.ledger),
        ("GET", "/faults", door.planned),
        ("POST", "/faults", door.plan),
        ("DELETE", "/faults", door.clear),
        ("POST", "/happen", door.happen),
        ("POST", "/webhooks", door.subscribe),
        ("GET", "/mails", door.mails),
        ("GET", "/tickets", door.tickets),
        ("GET", "/people", door.people),
    ]
    return Starlette(routes=[Route(path, _keyed(to, key), methods=[method]) for method, path, to in routes])


def _keyed(handler: Handler, key: str) -> Handler:
    async def checked(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
            return JSONResponse({"error": "the admin door wants the sandbox's key as a bearer token"}, 401)
        try:
            return await handler(request)
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            return JSONResponse({"error": "; ".join(problems)}, 400)
        except RemitError as error:
            return JSONResponse({"error": str(error)}, error.status)

    return checked


class _Admin:
    def __init__(self, world: World, faults: Faults, webhooks: Sender | None) -> None:
        self._world = world
        self._faults = faults
        self._webhooks = webhooks

    async def seed(self, request: Request) -> Response:
        order = SeedOrder.model_validate_json(await request.body())
        persona = order.persona
        if persona is None:
            persona = next((p for p in people.PEOPLE if p.key == order.person), None)
        if persona is None:
            known = ", ".join(p.key for p in people.PEOPLE)
            raise NotFound(f"unknown person {order.person!r}; known: {known}")
        if order.suffix:
            persona = people.fresh(persona, order.suffix)
        await people.seed_person(self._world, persona)
        return JSONResponse(introduced(self._world, persona), 201)

    async def ledger(self, request: Request) -> Response:
        owner = request.query_params.get("owner")
        rows = [e for e in self._world.ledger if owner is None or e.owner == owner]
        return JSONResponse({"effects": [e.model_dump(mode="json") for e in rows]})

    async def plan(self, request: Request) -> Response:
        order = FaultOrder.model_validate_json(await request.body())
        kind: Kind | None = next((k for k in get_args(Kind) if k == order.kind), None)
        if kind is None:
            known = ", ".join(get_args(Kind))
            raise Invalid(f"unknown fault {order.kind!r}; known: {known}")
        self._faults.plan(order.vendor, order.path_contains, kind, order.times, order.retry_after)
        return JSONResponse({"waiting": self._faults.waiting}, 201)

    async def planned(self, request: Request) -> Response:
        return JSONResponse({"planned": [asdict(fault) for fault in self._faults.planned]})

    async def clear(self, request: Request) -> Response:
        self._faults.clear()
        return JSONResponse({"waiting": 0})

    async def happen(self, request: Request) -> Response:
        order = HappenOrder.model_validate_json(await request.body())
        async with self._world.change() as change:
            happen(change, order.what, order.object, order.value)
        return JSONResponse({"happened": order.what}, 201)

    async def subscribe(self, request: Request) -> Response:
        order = SubscribeOrder.model_validate_json(await request.body())
        if self._webhooks is None:
            raise NotFound("this sandbox sends no webhooks")
        self._webhooks.subscribe(order.url)
        return JSONResponse({"url": order.url}, 201)

    async def mails(self, request: Request) -> Response:
        to = request.query_params.get("to")
        return JSONResponse({"mails": self._rows("mail.message", to=to)})

    async def tickets(self, request: Request) -> Response:
        tickets = self._rows("zendesk.ticket", owner=request.query_params.get("owner"))
        return JSONResponse({"tickets": tickets})

    async def people(self, request: Request) -> Response:
        return JSONResponse({"people": [{**_told(p), "story": p.story} for p in people.PEOPLE]})

    def _rows(self, kind: str, **equal: str | None) -> list[Any]:
        given = {name: value for name, value in equal.items() if value is not None}
        rows: list[Any] = json.loads(json.dumps(self._world.find(kind, **given), default=str))
        return rows


def _told(persona: Persona) -> dict[str, Any]:
    return {
        "key": persona.key,
        "external_id": persona.external_id,
        "name": persona.name,
        "email": persona.email,
        "orders": [order.number for order in persona.orders],
        "charges": [f"ch_{persona.key}_{charge.key}" for charge in persona.charges],
    }


def introduced(world: World, persona: Persona) -> dict[str, Any]:
    """A seeded customer, and what a script may want to name of theirs with the vendors' ids: account, contact, orders."""
    kinds = {
        "customer": ("stripe.customer",),
        "subscription": ("stripe.subscription",),
        "account": ("okta.user", "auth0.user"),
        "contact": ("hubspot.contact",),
        "shopper": ("shopify.customer",),
    }
    owner = persona.external_id
    found = {name: row["id"] for name, of in kinds.items() for k in of for row in world.find(k, owner=owner)}
    orders = {f"order {row['number']}": row["id"] for row in world.find("shopify.order", owner=owner)}
    return {**_told(persona), "objects": found | orders}
