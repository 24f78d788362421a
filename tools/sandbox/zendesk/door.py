"""Zendesk's Support API as an ASGI app on the world: tickets, comments, tags, users, search."""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.canonical import digest
from tools.sandbox.faults import Faults
from tools.sandbox.world import Change, Record, World
from tools.sandbox.zendesk import render, tickets

Handler = Callable[[Request], Awaitable[Response]]
# Zendesk keeps the answer to a ticket creation under its Idempotency-Key for two hours.
KEPT_FOR = timedelta(hours=2)
LARGEST_PAGE = 100


def app(world: World, faults: Faults, *, key: str, per_minute: int | None = None) -> Starlette:
    """The door; basic auth is `<agent's e-mail>/token` and the key. `per_minute` bounds requests as a plan does."""
    door = _Door(world, key, per_minute)
    routes = [
        ("POST", "/tickets", door.create),
        ("GET", "/tickets", door.by_external_id),
        ("GET", "/tickets/{id}", door.show),
        ("PUT", "/tickets/{id}", door.update),
        ("GET", "/tickets/{id}/comments", door.comments),
        ("GET", "/tickets/{id}/tags", door.tags),
        ("PUT", "/tickets/{id}/tags", door.add_tags),
        ("GET", "/users/search", door.search_users),
        ("GET", "/users/{id}", door.user),
        ("GET", "/users/{id}/tickets/requested", door.requested),
        ("GET", "/search", door.search),
        ("GET", "/incremental/tickets/cursor", door.incremental),
    ]
    listed = [
        Route(f"/api/v2{path}{ending}", door.checked(to), methods=[method])
        for method, path, to in routes
        for ending in (".json", "")
    ]
    return Starlette(routes=listed, exception_handlers={HTTPException: _no_route})


async def _no_route(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "InvalidEndpoint", "description": "Not found"}, 404)


def _not_found() -> Response:
    return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)


def _bad_attribute(name: str, problem: str) -> Response:
    told = f"You passed an invalid value for the {name} attribute. Invalid parameter: {name} {problem}"
    return JSONResponse({"error": {"title": "Invalid attribute", "message": told}}, 400)


class _BadBody(Exception):
    """The body is no JSON object with the object asked for."""


class _Door:
    def __init__(self, world: World, key: str, per_minute: int | None) -> None:
        self._world = world
        self._key = key
        self._per_minute = per_minute
        self._minute, self._seen = "", 0

    def checked(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            refused = self._unknown(request) or self._too_many()
            if refused is not None:
                return refused
            if not re.fullmatch(r"\d{1,18}", request.path_params.get("id", "0")):
                return _bad_attribute("id", "must be an integer")
            try:
                return await handler(request)
            except tickets.Invalid as error:
                told = {
                    "error": "RecordInvalid",
                    "description": "Record validation errors",
                    "details": error.details,
                }
                return JSONResponse(told, 422)
            except tickets.Stale:
                told = {"error": "UpdateConflict", "description": "Safe Update prevented the update"}
                return JSONResponse(told, 409)
            except _BadBody:
                return _bad_attribute("ticket", "is not acceptable")

        return answer

    def _unknown(self, request: Request) -> Response | None:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(value, validate=True).decode() if kind.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        login, _, secret = given.partition(":")
        if login.endswith("/token") and hmac.compare_digest(secret.encode(), self._key.encode()):
            return None
        headers = {"www-authenticate": 'Basic realm="Web Password"'}
        return JSONResponse({"error": "Couldn't authenticate you"}, 401, headers)

    def _too_many(self) -> Response | None:
        if self._per_minute is None:
            return None
        now = self._world.clock.now()
        minute = now.strftime("%Y%m%d%H%M")
        self._seen = self._seen + 1 if minute == self._minute else 1
        self._minute = minute
        if self._seen <= self._per_minute:
            return None
        told = {"error": "TooManyRequests", "description": "Rate limit exceeded"}
        return JSONResponse(told, 429, {"retry-after": str(60 - now.second)})

    async def create(self, request: Request) -> Response:
        body, key = await _body(request), request.headers.get("idempotency-key")
        sent = _object(body, "ticket")
        async with self._world.change() as change:
            kept = _kept(change, key) if key else None
            if kept is not None:
                return _replayed(kept, body)
            made = {"ticket": render.ticket(tickets.create(change, sent))}
            if key:
                held = {"sent": digest(body), "answer": made, "at": change.now.isoformat()}
                change.put("zendesk.idempotency", key, held)
        headers = {"location": made["ticket"]["url"]} | ({"x-idempotency-lookup": "miss"} if key else {})
        return JSONResponse(made, 201, headers)

    async def by_external_id(self, request: Request) -> Response:
        wanted = request.query_params.get("external_id")
        same = {} if wanted is None else {"external_id": wanted}
        return self._listed(request, self._world.find("zendesk.ticket", **same))

    async def requested(self, request: Request) -> Response:
        if self._world.get("zendesk.user", request.path_params["id"]) is None:
            return _not_found()
        found = self._world.find("zendesk.ticket", requester=int(request.path_params["id"]))
        return self._listed(request, found)

    async def show(self, request: Request) -> Response:
        record = self._world.get("zendesk.ticket", request.path_params["id"])
        return _not_found() if record is None else JSONResponse({"ticket": render.ticket(record)})

    async def update(self, request: Request) -> Response:
        sent = _object(await _body(request), "ticket")
        async with self._world.change() as change:
            record = change.get("zendesk.ticket", request.path_params["id"])
            if record is None:
                return _not_found()
            written = tickets.update(change, record, sent)
        return JSONResponse({"ticket": render.ticket(record), "audit": render.audit(record, written)})

    async def comments(self, request: Request) -> Response:
        record = self._world.get("zendesk.ticket", request.path_params["id"])
        if record is None:
            return _not_found()
        rows = [render.comment(c) for c in record["comments"]]
        if request.query_params.get("sort_order") == "desc":
            rows.reverse()
        return _page(request, "comments", rows)

    async def tags(self, request: Request) -> Response:
        record = self._world.get("zendesk.ticket", request.path_params["id"])
        return _not_found() if record is None else JSONResponse({"tags": record["tags"]})

    async def add_tags(self, request: Request) -> Response:
        sent = await _body(request)
        async with self._world.change() as change:
            record = change.get("zendesk.ticket", request.path_params["id"])
            if record is None:
                return _not_found()
            return JSONResponse({"tags": tickets.add_tags(change, record, sent)})

    async def user(self, request: Request) -> Response:
        record = self._world.get("zendesk.user", request.path_params["id"])
        return _not_found() if record is None else JSONResponse({"user": render.user(record)})

    async def search_users(self, request: Request) -> Response:
        external, words = request.query_params.get("external_id"), request.query_params.get("query")
        if external is None and not words:
            return _bad_attribute("query", "is required")
        found = self._world.find("zendesk.user", **({} if external is None else {"external_id": external}))
        if words:
            wanted = words.removeprefix("email:").strip('"').lower()
            found = [u for u in found if wanted in (u["email"].lower(), u["name"].lower())]
        return _page(request, "users", [render.user(u) for u in found])

    async def search(self, request: Request) -> Response:
        query = request.query_params.get("query", "")
        if not query:
            return JSONResponse({"error": "invalid", "description": "Invalid search: query is required"}, 422)
        found = [t for t in self._world.find("zendesk.ticket") if _matches(t, query)]
        rows = [{**render.ticket(t), "result_type": "ticket"} for t in _sorted(request, found)]
        return _page(request, "results", rows)

    async def incremental(self, request: Request) -> Response:
        """Everything since `start_time` in one page."""
        start = request.query_params.get("start_time", "")
        if not start.isdecimal():
            return _bad_attribute("start_time", "must be an integer")
        since = render.stamp(datetime.fromtimestamp(int(start), self._world.clock.now().tzinfo))
        rows = [render.ticket(t) for t in self._world.find("zendesk.ticket") if t["updated_at"] >= since]
        return JSONResponse({"tickets": rows, "after_cursor": None, "after_url": None, "end_of_stream": True})

    def _listed(self, request: Request, found: list[Record]) -> Response:
        return _page(request, "tickets", [render.ticket(t) for t in _sorted(request, found)])


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise _BadBody from None
    if not isinstance(body, dict):
        raise _BadBody
    return body


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(body.get(name), dict):
        raise _BadBody
    return dict(body[name])


def _kept(change: Change, key: str) -> Record | None:
    kept = change.get("zendesk.idempotency", key)
    if kept is None or datetime.fromisoformat(kept["at"]) + KEPT_FOR < change.now:
        return None
    return kept


def _replayed(kept: Record, body: dict[str, Any]) -> Response:
    if kept["sent"] != digest(body):
        told = "Request parameters do not match the first request with this idempotency key"
        return JSONResponse({"error": "IdempotentRequestError", "description": told}, 400)
    return JSONResponse(kept["answer"], 201, {"x-idempotency-lookup": "hit"})


def _sorted(request: Request, found: list[Record]) -> list[Record]:
    by = request.query_params.get("sort_by", "created_at")
    by = by if by in ("created_at", "updated_at", "status") else "created_at"
    down = request.query_params.get("sort_order") == "desc"
    return sorted(found, key=lambda t: (t[by], t["id"]), reverse=down)


def _page(request: Request, name: str, rows: list[dict[str, Any]]) -> Response:
    number, size = (request.query_params.get(n, d) for n, d in (("page", "1"), ("per_page", "100")))
    if not (number.isdecimal() and size.isdecimal() and int(number) >= 1 and int(size) >= 1):
        return _bad_attribute("page", "must be a positive integer")
    return JSONResponse(render.page(name, rows, number=int(number), size=min(int(size), LARGEST_PAGE)))


def _matches(ticket: Record, query: str) -> bool:
    """Zendesk's search in the few words we use: `type:`, `requester:`, `status:`, `tags:`, `external_id:`, plain."""
    known = {
        "type": ["ticket"],
        "requester": [str(ticket["requester"])],
        "status": [ticket["status"]],
        "tags": ticket["tags"],
        "external_id": [ticket["external_id"]],
    }
    for word in re.findall(r'\S+:"[^"]*"|\S+', query):
        name, colon, value = word.partition(":")
        if colon and name in known:
            if value.strip('"') not in known[name]:
                return False
        elif word.lower() not in ticket["subject"].lower():
            return False
    return True
