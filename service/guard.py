"""The first thing behind the wire: size, content type, origin; and the last: security headers."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import errors

LARGEST = 1_000_000
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, public_url: str | None, connect: str | None) -> None:
        self._app = app
        self._host = urlsplit(public_url).netloc if public_url else None
        self._headers = security_headers(
            secure=bool(public_url and public_url.startswith("https")), connect=connect
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        framed = self._framed(send)
        refusal, body = await self._checked(Request(scope, receive))
        if refusal is not None:
            await refusal(scope, receive, framed)
            return
        await self._app(scope, _replayed(body, receive), framed)

    async def _checked(self, request: Request) -> tuple[Response | None, bytes]:
        if "\0" in request.url.path or "\0" in request.scope["path"]:
            return errors.answer(request, 404, "not_found", "There is nothing at this address."), b""
        if request.method not in _UNSAFE:
            return None, b""
        if not self._is_own_origin(request.headers):
            return errors.answer(request, 403, "origin", "This request came from another site."), b""
        body = await _bounded(request)
        if body is None:
            return errors.answer(
                request, 413, "too_large", f"The body is larger than {LARGEST:,} bytes."
            ), b""
        if body and request.url.path.startswith("/v1/") and not _is_json(request.headers):
            return errors.answer(request, 415, "content_type", "The body must be application/json."), b""
        return None, body

    def _is_own_origin(self, headers: Headers) -> bool:
        """Browsers say where a request comes from; a bearer token is not sent by itself, so it needs no such proof."""
        if headers.get("authorization", "").startswith("Bearer "):
            return True
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        return origin is None or urlsplit(origin).netloc == (self._host or headers.get("host"))

    def _framed(self, send: Send) -> Send:
        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
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
