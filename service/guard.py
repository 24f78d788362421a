"""The first thing behind the wire: size, content type, origin; and the last: security headers."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import errors

LARGEST = 1_000_000
# Tokens travel in a header that pages set themselves, so no credentials (cookies) are ever allowed.
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type, last-event-id",
    "Access-Control-Max-Age": "600",
}
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self, app: ASGIApp, *, public_url: str | None, connect: str | None, origins: frozenset[str]
    ) -> None:
        self._app = app
        self._origins = origins
        self._host = urlsplit(public_url).netloc if public_url else None
        self._headers = security_headers(
            secure=bool(public_url and public_url.startswith("https")), connect=connect
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        listed = self._listed(request.headers)
        framed = self._framed(send, listed)
        if listed and request.method == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, framed)
            return
        refusal, body = await self._checked(request)
        if refusal is not None:
            await refusal(scope, receive, framed)
            return
        await self._app(scope, _replayed(body, receive), framed)

    async def _checked(self, request: Request) -> tuple[Response | None, bytes]:
        if "\0" in request.url.path or "\0" in request.scope["path"]:
            return errors.answer(request, 404, "not_found", "There is nothing at this address."), b""
        if not self._may_come(request):
            return errors.answer(request, 403, "origin", "This request came from another site."), b""
        if request.method not in _UNSAFE:
            return None, b""
        body = await _bounded(request)
        if body is None:
            return errors.answer(
                request, 413, "too_large", f"The body is larger than {LARGEST:,} bytes."
            ), b""
        if body and request.url.path.startswith("/v1/") and not _is_json(request.headers):
            return errors.answer(request, 415, "content_type", "The body must be application/json."), b""
        return None, body

    def _may_come(self, request: Request) -> bool:
        """A customer's token counts from our own and from listed sites; anything else that changes, from our own only."""
        headers = request.headers
        if headers.get("authorization", "").startswith("Bearer "):
            # Not sent by a browser by itself, so without an origin it is no browser and needs no proof of one.
            return self._is_ours(headers) or self._listed(headers) is not None
        if request.method not in _UNSAFE:
            return True
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        return self._is_ours(headers)

    def _is_ours(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        return origin is None or urlsplit(origin).netloc == (self._host or headers.get("host"))

    def _listed(self, headers: Headers) -> str | None:
        """The origin a browser names, if it is one of those that may use tokens."""
        origin = headers.get("origin", "").lower()
        return origin if origin in self._origins else None

    def _framed(self, send: Send, listed: str | None) -> Send:
        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if listed:
                    headers["Access-Control-Allow-Origin"] = listed
                    headers.add_vary_header("Origin")
            await send(message)

        return framed


def security_headers(*, secure: bool, connect: str | None) -> Mapping[str, str]:
    """What every answer carries; `connect` is one more origin that pages may fetch from (the host's tokens)."""
    also = f" {connect}" if connect else ""
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'{also}; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cache-Control": "no-store",
    }
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


async def _bounded(request: Request) -> bytes | None:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > LARGEST:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _is_json(headers: Headers) -> bool:
    return headers.get("content-type", "").split(";")[0].strip().lower() == "application/json"


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once; then whatever the connection says (that the client left)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
