"""Okta's HTTP door: the users, factors, lifecycle, sessions and log endpoints that support work needs."""

import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.ids import new_id
from tools.sandbox.faults import Faults
from tools.sandbox.okta import lifecycle, render
from tools.sandbox.okta.log import EVENT, parse_filter
from tools.sandbox.okta.refusals import OktaRefusal, answer, body
from tools.sandbox.okta.seed import USER
from tools.sandbox.world import Record, World

_SEARCHED = {"profile.externalId": "owner", "profile.email": "email", "profile.login": "login", "id": "id"}


def app(world: World, faults: Faults, *, key: str) -> Starlette:
    """The door as an application; `faults` are injected around it by the sandbox."""
    door = Door(world)
    user, life = "/api/v1/users/{id}", "/api/v1/users/{id}/lifecycle"
    routes = [
        Route("/api/v1/users", door.users),
        Route(user, door.user),
        Route(user, door.update, methods=["POST"]),
        Route(f"{user}/factors", door.factors),
        Route(f"{user}/factors/{{factor}}", door.drop_factor, methods=["DELETE"]),
        Route(f"{user}/roles", door.roles),
        Route(f"{user}/groups", door.groups),
        Route(f"{user}/sessions", door.clear_sessions, methods=["DELETE"]),
        Route(f"{life}/{{what}}", door.lifecycle, methods=["POST"]),
        Route("/api/v1/logs", door.logs),
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
        name, value = _search(request.query_params.get("search", ""))
        found = self._world.find(USER, **({name: value} if name else {}))
        limit = _limit(request, 200)
        return _page(request, [render.user(r, _base(request)) for r in found], limit)

    async def user(self, request: Request) -> Response:
        return JSONResponse(render.user(self._known(request), _base(request)))

    async def update(self, request: Request) -> Response:
        wanted = await _json(request)
        async with self._world.change() as change:
            record = lifecycle.known(change, request.path_params["id"])
            lifecycle.update(change, record, wanted.get("profile", {}), agent=_agent(request))
        return JSONResponse(render.user(record, _base(request)))

    async def factors(self, request: Request) -> Response:
        record = self._known(request)
        return JSONResponse([render.factor(record, f, _base(request)) for f in record["factors"]])

    async def drop_factor(self, request: Request) -> Response:
        async with self._world.change() as change:
            record = lifecycle.known(change, request.path_params["id"])
            lifecycle.drop_factor(change, record, request.path_params["factor"], agent=_agent(request))
        return Response(status_code=204)

    async def roles(self, request: Request) -> Response:
        record = self._known(request)
        return JSONResponse([render.role(record)] if record["admin"] else [])

    async def groups(self, request: Request) -> Response:
        names = ["Everyone", "Admins"] if self._known(request)["admin"] else ["Everyone"]
        return JSONResponse([render.group(name) for name in names])

    async def clear_sessions(self, request: Request) -> Response:
        async with self._world.change() as change:
            record = lifecycle.known(change, request.path_params["id"])
            lifecycle.clear_sessions(change, record, agent=_agent(request))
        return Response(status_code=204)

    async def lifecycle(self, request: Request) -> Response:
        what, query = request.path_params["what"], request.query_params
        if what not in lifecycle.MOVES:
            raise OktaRefusal("E0000022")
        if what == "reset_password" and query.get("sendEmail") not in ("true", "false"):
            raise OktaRefusal("E0000001", "sendEmail", causes=("sendEmail: must be true or false",))
        async with self._world.change() as change:
            record = lifecycle.known(change, request.path_params["id"])
            lifecycle.MOVES[what](change, record, _agent(request))
        if what == "expire_password":
            return JSONResponse(render.user(record, _base(request)))
        if what == "reset_password" and query["sendEmail"] == "false":
            return JSONResponse({"resetPasswordUrl": f"{_base(request)}/reset_password/{new_id('ott')}"})
        return JSONResponse({})

    async def logs(self, request: Request) -> Response:
        query = request.query_params
        wanted = parse_filter(query.get("filter", ""))
        if wanted is None:
            raise OktaRefusal("E0000053", query["filter"])
        events = sorted((e for e in self._world.find(EVENT) if wanted.fits(e)), key=lambda e: e["at"])
        since, until = _time(request, "since"), _time(request, "until")
        shapes = [render.event(e) for e in events if _within(e, since, until)]
        if query.get("sortOrder", "ASCENDING") == "DESCENDING":
            shapes.reverse()
        return _page(request, shapes, _limit(request, 100, most=1000))

    def _known(self, request: Request) -> Record:
        key = request.path_params["id"]
        record = self._world.get(USER, key) or next(iter(self._world.find(USER, login=key)), None)
        if record is None:
            raise OktaRefusal("E0000007", f"{key} (User)")
        return record


def _search(text: str) -> tuple[str | None, str]:
    """Attribute and value of `attribute eq "value"`; no search lists everybody."""
    if not text:
        return None, ""
    attribute, _, rest = text.partition(" eq ")
    if attribute not in _SEARCHED or not (len(rest) > 1 and rest[0] == rest[-1] == '"'):
        raise OktaRefusal("E0000031")
    try:
        return _SEARCHED[attribute], str(json.loads(rest))
    except ValueError:
        raise OktaRefusal("E0000031") from None


def _within(event: Record, since: datetime | None, until: datetime | None) -> bool:
    at = datetime.fromisoformat(event["at"])
    return (since is None or at >= since) and (until is None or at < until)


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        cause = f"{name}: The date format in your query is not recognized"
        raise OktaRefusal("E0000001", name, causes=(cause,)) from None


def _limit(request: Request, default: int, *, most: int = 200) -> int:
    text = request.query_params.get("limit", str(default))
    if not text.isdigit() or not 0 < int(text) <= most:
        raise OktaRefusal("E0000001", "limit", causes=(f"limit: must be between 1 and {most}",))
    return int(text)


def _page(request: Request, rows: list[dict[str, Any]], limit: int) -> Response:
    """One page and its Link headers; the cursor is the number of rows before it."""
    start = int(after) if (after := request.query_params.get("after", "0")).isdigit() else 0
    response = JSONResponse(rows[start : start + limit])
    response.headers.append("link", f'<{request.url}>; rel="self"')
    if start + limit < len(rows):
        query = urlencode({**request.query_params, "after": start + limit})
        response.headers.append("link", f'<{_base(request)}{request.url.path}?{query}>; rel="next"')
    return response


async def _json(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except ValueError:
        raise OktaRefusal("E0000003") from None
    if not isinstance(value, dict):
        raise OktaRefusal("E0000003")
    return value


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


class Gatehouse:
    """Checks the token and puts Okta's rate-limit and request-id headers on every answer."""

    def __init__(self, app: ASGIApp, *, key: str) -> None:
        self._app = app
        self._expected = f"SSWS {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def speak(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-okta-request-id"] = new_id("req")
                headers["x-rate-limit-limit"] = "600"
                headers["x-rate-limit-remaining"] = "599"
                headers["x-rate-limit-reset"] = "1900000000"
            await send(message)

        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, speak)
        else:
            refusal = JSONResponse(body("E0000011", "Invalid token provided"), status_code=401)
            await refusal(scope, receive, speak)
