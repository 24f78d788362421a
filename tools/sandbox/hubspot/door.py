"""The HTTP side of HubSpot's CRM API: objects, search, associations and owners, in its shapes and errors."""

import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tools.sandbox.faults import Faults
from tools.sandbox.hubspot import writes
from tools.sandbox.hubspot.bodies import Batch, NewNote, Patch, Search, Wrong, read
from tools.sandbox.hubspot.render import company, contact, note, owner, page
from tools.sandbox.hubspot.search import searched
from tools.sandbox.world import Record, World

OBJECTS = "/crm/v3/objects"
_SHOWN: Mapping[str, Callable[..., dict[str, Any]]] = {"contact": contact, "note": note, "company": company}
_PLURAL = {"contacts": "contact", "notes": "note", "companies": "company"}


def app(world: World, faults: Faults, *, key: str) -> Starlette:
    """The door; `faults` act on it from outside."""
    del faults
    door = Door(world, key=key)
    routes = [
        Route(f"{OBJECTS}/{{kind}}/search", door.asked(door.search), methods=["POST"]),
        Route(f"{OBJECTS}/{{kind}}/batch/read", door.asked(door.batch), methods=["POST"]),
        Route(f"{OBJECTS}/contacts/{{id}}", door.asked(door.patch), methods=["PATCH"]),
        Route(
            f"{OBJECTS}/contacts/{{id}}/associations/{{to}}", door.asked(door.associations), methods=["GET"]
        ),
        Route(f"{OBJECTS}/notes", door.asked(door.create_note), methods=["POST"]),
        Route(f"{OBJECTS}/{{kind}}/{{id}}", door.asked(door.get), methods=["GET"]),
        Route("/crm/v3/owners/{id}", door.asked(door.get_owner), methods=["GET"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _unrouted})


class Door:
    """One HubSpot account on the world."""

    def __init__(self, world: World, *, key: str) -> None:
        self._world = world
        self._key = key

    def asked(
        self, handle: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """`handle` behind the key check, with what it finds wrong told as HubSpot tells it."""

        async def endpoint(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not secrets.compare_digest(given.encode(), f"Bearer {self._key}".encode()):
                words = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
                return error(401, words, "INVALID_AUTHENTICATION")
            try:
                return await handle(request)
            except Wrong as wrong:
                return error(400, str(wrong), "VALIDATION_ERROR")
            except LookupError:
                return error(404, "resource not found", "OBJECT_NOT_FOUND")

        return endpoint

    async def get(self, request: Request) -> Response:
        """GET /crm/v3/objects/{kind}/{id}?properties=&propertiesWithHistory=&associations="""
        kind = _kind(request)
        found = self._found(kind, request.path_params["id"])
        shown = _SHOWN[kind](found, _names(request, "properties"), _names(request, "propertiesWithHistory"))
        if kind == "contact" and (wanted := _names(request, "associations")):
            shown["associations"] = {to: rows for to in wanted if (rows := self._refs(found, to))["results"]}
        return JSONResponse(shown)

    async def search(self, request: Request) -> Response:
        """POST /crm/v3/objects/{kind}/search"""
        kind, asked = _kind(request), read(Search, await request.body())
        rows = searched(self._world.find(f"hubspot.{kind}"), asked)
        shown = [_SHOWN[kind](row, asked.properties) for row in rows[: asked.limit]]
        return JSONResponse({"total": len(rows), "results": shown})

    async def batch(self, request: Request) -> Response:
        """POST /crm/v3/objects/{kind}/batch/read: 200, or 207 when some ids were not found."""
        kind, asked = _kind(request), read(Batch, await request.body())
        found = [r for ref in asked.inputs if (r := self._world.get(f"hubspot.{kind}", ref.id)) is not None]
        shown = [_SHOWN[kind](row, asked.properties) for row in found]
        now = self._world.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {"status": "COMPLETE", "results": shown, "startedAt": now, "completedAt": now}
        return JSONResponse(body, status_code=200 if len(found) == len(asked.inputs) else 207)

    async def associations(self, request: Request) -> Response:
        """GET /crm/v3/objects/contacts/{id}/associations/{to}"""
        found = self._found("contact", request.path_params["id"])
        rows = self._refs(found, request.path_params["to"])["results"]
        return JSONResponse(page(rows, request.query_params.get("limit"), request.query_params.get("after")))

    async def patch(self, request: Request) -> Response:
        """PATCH /crm/v3/objects/contacts/{id}"""
        asked = read(Patch, await request.body())
        async with self._world.change() as change:
            after = writes.patch_contact(change, request.path_params["id"], asked)
        return JSONResponse(contact(after, [*asked.properties]))

    async def create_note(self, request: Request) -> Response:
        """POST /crm/v3/objects/notes"""
        asked = read(NewNote, await request.body())
        async with self._world.change() as change:
            made = writes.create_note(change, asked)
        return JSONResponse(note(made, [*asked.properties]), status_code=201)

    async def get_owner(self, request: Request) -> Response:
        """GET /crm/v3/owners/{id}"""
        return JSONResponse(owner(self._found("owner", request.path_params["id"])))

    def _found(self, kind: str, key: str) -> Record:
        found = self._world.get(f"hubspot.{kind}", key)
        if found is None:
            raise LookupError(key)
        return found

    def _refs(self, found: Record, to: str) -> dict[str, Any]:
        if to == "companies":
            rows = [{"id": found["company"], "type": "contact_to_company"}]
        elif to == "notes":
            notes = self._world.find("hubspot.note", contact=found["id"])
            rows = [{"id": row["id"], "type": "contact_to_note"} for row in notes]
        else:
            raise Wrong(f"Unable to infer object type from: {to}")
        return {"results": rows}


def error(status: int, message: str, category: str) -> JSONResponse:
    """HubSpot's error shape."""
    return JSONResponse(
        {"status": "error", "message": message, "correlationId": str(uuid.uuid4()), "category": category},
        status_code=status,
    )


async def _unrouted(request: Request, failed: Exception) -> Response:
    status = failed.status_code if isinstance(failed, HTTPException) else 500
    return error(status, "Unable to find or use this resource", "OBJECT_NOT_FOUND")


def _kind(request: Request) -> str:
    plural = request.path_params["kind"]
    if plural not in _PLURAL:
        raise Wrong(f"Unable to infer object type from: {plural}")
    return _PLURAL[plural]


def _names(request: Request, name: str) -> list[str]:
    return [word for word in request.query_params.get(name, "").split(",") if word]
