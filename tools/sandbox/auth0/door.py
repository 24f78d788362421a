"""Auth0's HTTP door: Management API v2 under /api/v2, and beside it the token and the password mail calls."""

import hmac
import json
import re
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.ids import new_id
from tools.sandbox.auth0 import changes, render
from tools.sandbox.auth0.log import EVENT, Caller
from tools.sandbox.auth0.refusals import Auth0Refusal, answer, body
from tools.sandbox.auth0.seed import USER
from tools.sandbox.faults import Faults
from tools.sandbox.world import Record, World

MAILED = "We've just sent you an email to reset your password."
_SEARCHED = {"app_metadata.external_id": "owner", "email": "email", "user_id": "id"}


def app(world: World, faults: Faults, *, key: str) -> Starlette:
    """The door as an application; `faults` are injected around it by the sandbox."""
    door = Door(world)
    user, methods = "/api/v2/users/{id}", "/api/v2/users/{id}/authentication-methods"
    routes = [
        Route("/api/v2/users", door.users),
        Route(user, door.user),
        Route(user, door.update, methods=["PATCH"]),
        Route(methods, door.methods),
        Route(f"{methods}/{{method}}", door.drop_method, methods=["DELETE"]),
        Route(f"{user}/sessions", door.sessions),
        Route(f"{user}/sessions", door.drop_sessions, methods=["DELETE"]),
        Route(f"{user}/roles", door.roles),
        Route(f"{user}/logs", door.user_logs),
        Route("/api/v2/logs", door.logs),
        Route("/api/v2/user-blocks/{id}", door.blocks),
        Route("/api/v2/user-blocks/{id}", door.unblock, methods=["DELETE"]),
        Route("/api/v2/tickets/password-change", door.ticket, methods=["POST"]),
        Route("/dbconnections/change_password", door.change_password, methods=["POST"]),
        Route("/oauth/token", Grants(key).token, methods=["POST"]),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Gatehouse, key=key)],
        exception_handlers={HTTPException: answer},
    )


class Door:
    """The handlers over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def users(self, request: Request) -> Response:
        name, value = _query(request.query_params.get("q", ""))
        found = self._world.find(USER, **({name: value} if name else {}))
        return _page(request, "users", [render.user(r) for r in found])

    async def user(self, request: Request) -> Response:
        return JSONResponse(render.user(self._known(request)))

    async def update(self, request: Request) -> Response:
        wanted = await _json(request)
        async with self._world.change() as change:
            record = changes.update(change, request.path_params["id"], wanted, Caller.of(request))
        return JSONResponse(render.user(record))

    async def methods(self, request: Request) -> Response:
        record = self._known(request)
        return _page(request, "authenticators", [render.method(record, m) for m in record["methods"]])

    async def drop_method(self, request: Request) -> Response:
        async with self._world.change() as change:
            path = request.path_params
            changes.drop_method(change, path["id"], path["method"], Caller.of(request))
        return Response(status_code=204)

    async def sessions(self, request: Request) -> Response:
        record = self._known(request)
        return JSONResponse({"sessions": [render.session(record, n) for n in range(record["sessions"])]})

    async def drop_sessions(self, request: Request) -> Response:
        async with self._world.change() as change:
            changes.drop_sessions(change, request.path_params["id"], Caller.of(request))
        return Response(status_code=202)

    async def roles(self, request: Request) -> Response:
        record = self._known(request)
        return _page(request, "roles", [render.role(record)] if record["admin"] else [])

    async def user_logs(self, request: Request) -> Response:
        return self._logs(request, user=self._known(request)["id"])

    async def logs(self, request: Request) -> Response:
        text = request.query_params.get("q", "")
        match = re.fullmatch(r'user_id:"([^"]+)"', text)
        if text and match is None:
            raise Auth0Refusal(400, "invalid_query_string", "Query string could not be parsed")
        return self._logs(request, user=match[1] if match else None)

    def _logs(self, request: Request, *, user: str | None) -> Response:
        events = self._world.find(EVENT, **({"user_id": user} if user else {}))
        newest_first = request.query_params.get("sort", "date:-1") == "date:-1"
        events.sort(key=lambda e: e["at"], reverse=newest_first)
        return _page(request, "logs", [render.event(e) for e in events])

    async def blocks(self, request: Request) -> Response:
        return JSONResponse({"blocked_for": self._known(request)["blocks"]})

    async def unblock(self, request: Request) -> Response:
        async with self._world.change() as change:
            changes.unblock(change, request.path_params["id"], Caller.of(request))
        return Response(status_code=204)

    async def ticket(self, request: Request) -> Response:
        wanted = await _json(request)
        async with self._world.change() as change:
            record = changes.known(change, str(wanted.get("user_id", "")))
            changes.note_ticket(change, record, Caller.of(request))
        link = f"{request.url.scheme}://{request.url.netloc}/lo/reset?ticket={new_id('tic')}"
        return JSONResponse({"ticket": link}, status_code=201)

    async def change_password(self, request: Request) -> Response:
        wanted = await _json(request)
        if not wanted.get("client_id") or wanted.get("connection") != render.CONNECTION:
            raise Auth0Refusal(400, "invalid_request", "connection and client_id are required")
        async with self._world.change() as change:
            changes.mail_reset(change, str(wanted.get("email", "")), Caller.of(request))
        return PlainTextResponse(MAILED, media_type="text/html")

    def _known(self, request: Request) -> Record:
        record = self._world.get(USER, request.path_params["id"])
        if record is None:
            raise Auth0Refusal(404, "inexistent_user", "The user does not exist.")
        return record


class Grants:
    """The client-credentials grant: the sandbox's key is the client secret and the token alike."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def token(self, request: Request) -> Response:
        wanted = await _json(request)
        known = hmac.compare_digest(str(wanted.get("client_secret", "")).encode(), self._key.encode())
        if wanted.get("grant_type") != "client_credentials" or not known:
            refusal = {"error": "access_denied", "error_description": "Unauthorized"}
            return JSONResponse(refusal, status_code=401)
        granted = {"access_token": self._key, "token_type": "Bearer", "expires_in": 86400}
        return JSONResponse({**granted, "scope": "read:users update:users"})


def _query(text: str) -> tuple[str | None, str]:
    """Field and value of `field:"value"`; no query lists everybody."""
    if not text:
        return None, ""
    match = re.fullmatch(r'([a-z_.]+):"([^"\\]*)"', text)
    if match is None or match[1] not in _SEARCHED:
        raise Auth0Refusal(400, "invalid_query_string", "Query string could not be parsed")
    return _SEARCHED[match[1]], match[2]


def _page(request: Request, name: str, rows: Sequence[dict[str, Any]]) -> Response:
    """One page: a list, or with include_totals an object that counts."""
    query = request.query_params
    page, size = query.get("page", "0"), query.get("per_page", "50")
    if not (page.isdigit() and size.isdigit() and int(size) <= 100):
        raise Auth0Refusal(400, "invalid_query_string", "Query validation error on property per_page")
    start = int(page) * int(size)
    shown = list(rows[start : start + int(size)])
    if query.get("include_totals") != "true":
        return JSONResponse(shown)
    totals = {"start": start, "limit": int(size), "total": len(rows), name: shown}
    return JSONResponse(totals if name in ("authenticators", "roles") else {**totals, "length": len(shown)})


async def _json(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Auth0Refusal(400, "invalid_body", "Payload validation error: 'Expected type object'")
    return value


class Gatehouse:
    """Checks the bearer token of the Management API; the Authentication API asks for none."""

    def __init__(self, app: ASGIApp, *, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        managed = scope["type"] == "http" and scope["path"].startswith("/api/")
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if managed and not hmac.compare_digest(given, self._expected):
            refusal = JSONResponse(
                {**body(401, "invalid_token", "Invalid token"), "attributes": {"error": "Invalid token"}},
                status_code=401,
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
