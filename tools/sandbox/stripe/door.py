"""The Stripe door: authentication, routing, idempotency keys and error shapes around the handlers."""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tools.sandbox.faults import Faults
from tools.sandbox.stripe import customers, form, refunds, subscriptions
from tools.sandbox.stripe.call import Call, Handler
from tools.sandbox.stripe.errors import Refusal
from tools.sandbox.stripe.idempotency import Keys, Saved, request_text
from tools.sandbox.stripe.reads import READS
from tools.sandbox.world import Change, World

API_VERSION = "2026-10-28.endive"
WRITES: Mapping[tuple[str, str], Handler] = {
    ("POST", "/v1/refunds"): refunds.create,
    ("POST", "/v1/subscriptions/{id}"): subscriptions.update,
    ("DELETE", "/v1/subscriptions/{id}"): subscriptions.cancel_now,
    ("POST", "/v1/invoices/create_preview"): subscriptions.preview,
    ("POST", "/v1/invoices/{id}/send"): customers.send_invoice,
    ("POST", "/v1/customers/{id}/balance_transactions"): customers.add_balance,
    ("POST", "/v1/billing_portal/sessions"): customers.open_portal,
}
ROUTES: Mapping[tuple[str, str], Handler] = {**{("GET", path): to for path, to in READS.items()}, **WRITES}


def app(world: World, faults: Faults, *, key: str) -> Starlette:
    """Stripe's API over this world; every request wants `Authorization: Bearer <key>`."""
    door = _Door(world, faults, key)
    return Starlette(routes=[Route("/{path:path}", door.handle, methods=["GET", "POST", "DELETE"])])


@dataclass(frozen=True)
class _Asked:
    """One request, decoded."""

    method: str
    path: str
    tree: dict[str, Any]
    handler: Handler
    ids: Mapping[str, str]
    key: str | None

    @property
    def text(self) -> str:
        return request_text(self.method, self.path, self.tree)


class _Door:
    def __init__(self, world: World, faults: Faults, key: str) -> None:
        self._world = world
        self._faults = faults
        self._key = key
        self._keys = Keys()

    async def handle(self, request: Request) -> Response:
        request_id = f"req_{secrets.token_hex(7)}"
        try:
            self._authenticate(request)
            asked = await _decoded(request)
            if asked.method == "GET" or asked.path == "/v1/invoices/create_preview":
                told = self._run(asked, Change(self._world), request_id)
                return _response(asked, told)
            return await self._write(asked, request_id)
        except Refusal as refusal:
            return _refused(refusal, request_id)

    async def _write(self, asked: _Asked, request_id: str) -> Response:
        if asked.key is None or asked.method != "POST":
            # Stripe gives keys a meaning on POST only.
            async with self._world.change() as change:
                return _response(asked, self._run(asked, change, request_id))
        self._keys.take(asked.key)
        try:
            async with self._world.change() as change:
                saved = self._keys.saved(change, asked.key, asked.text)
                if saved is not None:
                    return _response(asked, saved, replayed=True)
                told = self._broken(asked, request_id) or self._run(asked, change, request_id)
                self._keys.save(change, asked.key, asked.text, told)
                return _response(asked, told)
        finally:
            self._keys.release(asked.key)

    def _run(self, asked: _Asked, change: Change, request_id: str) -> Saved:
        """The handler's answer; a refusal that Stripe would keep is an answer too."""
        changed, effects = dict(change.changed), list(change.effects)
        try:
            body = asked.handler(Call(change, form.Params(asked.tree), asked.ids))
        except Refusal as refusal:
            if not refusal.kept:
                raise
            # What is saved is the refusal alone, never half of what was tried before it.
            change.changed, change.effects = changed, effects
            return Saved(refusal.status, json.dumps(refusal.body(request_id)), request_id)
        return Saved(200, json.dumps(body), request_id)

    def _broken(self, asked: _Asked, request_id: str) -> Saved | None:
        text = f"{asked.method} {asked.path}?\n{json.dumps(asked.tree)}"
        if self._faults.take("stripe", text, kinds={"saved_500"}) is None:
            return None
        failure = Refusal(500, "An unknown error occurred.", kind="api_error")
        return Saved(500, json.dumps(failure.body(request_id)), request_id)

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not given:
            raise Refusal(401, "You did not provide an API key. Provide it as a Bearer token.")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._key}".encode()):
            shown = given.removeprefix("Bearer ")[-4:]
            raise Refusal(401, f"Invalid API Key provided: ****{shown}")


async def _decoded(request: Request) -> _Asked:
    path = request.url.path
    handler, ids = _route(request.method, path)
    tree = form.decode(request.url.query)
    body = await request.body()
    if body:
        kind = request.headers.get("content-type", "").split(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            raise Refusal(400, f"Invalid content type {kind!r}: this API takes form-encoded bodies.")
        try:
            tree = {**tree, **form.decode(body.decode())}
        except UnicodeDecodeError:
            raise Refusal(400, "Invalid request body: not UTF-8.") from None
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= 255:
        raise Refusal(400, "Idempotency keys have 1 to 255 characters.", kind="idempotency_error")
    return _Asked(request.method, path, tree, handler, ids, key)


def _route(method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
    for (verb, template), handler in sorted(ROUTES.items(), key=lambda row: row[0][1].count("{")):
        match = re.fullmatch(template.replace("{id}", r"(?P<id>[^/]+)"), path)
        if match is not None and verb == method:
            return handler, match.groupdict()
    raise Refusal(404, f"Unrecognized request URL ({method}: {path}).")


def _response(asked: _Asked, told: Saved, *, replayed: bool = False) -> Response:
    headers = {"request-id": told.request_id, "stripe-version": API_VERSION}
    if asked.key is not None and asked.method == "POST":
        headers["idempotency-key"] = asked.key
    if replayed:
        headers |= {"idempotent-replayed": "true", "original-request": told.request_id}
    return Response(told.body, told.status, headers, "application/json")


def _refused(refusal: Refusal, request_id: str) -> Response:
    headers = {"request-id": request_id, "stripe-version": API_VERSION}
    return Response(json.dumps(refusal.body(request_id)), refusal.status, headers, "application/json")
