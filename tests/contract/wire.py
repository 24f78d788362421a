"""What went over the wire: one exchange, and a recorder that any ASGI door can be wrapped in."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as bytes and text; `path` is decoded."""

    method: str
    path: str
    query: str
    sent_type: str
    sent: bytes
    status: int
    got_type: str
    got: bytes
    sent_headers: dict[str, str] = field(default_factory=dict)
    got_headers: dict[str, str] = field(default_factory=dict)


def from_httpx(request: httpx.Request, response: httpx.Response) -> Exchange:
    """The exchange of a request and a response whose body was read."""
    return Exchange(
        method=request.method,
        path=request.url.path,
        query=request.url.query.decode(),
        sent_type=request.headers.get("content-type", ""),
        sent=request.content,
        status=response.status_code,
        got_type=response.headers.get("content-type", ""),
        got=response.content,
        sent_headers=dict(request.headers),
        got_headers=dict(response.headers),
    )


class Recorder:
    """Wraps a door and keeps every exchange that an SDK, whatever its transport, had with it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent, got, start = bytearray(), bytearray(), dict[str, Any]()

        async def hearing() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def speaking(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            got.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, hearing, speaking)
        if start:
            self.exchanges.append(_exchange(scope, bytes(sent), start, bytes(got)))


def _exchange(scope: Message, sent: bytes, start: Message, got: bytes) -> Exchange:
    asked = {k.decode().lower(): v.decode("latin-1") for k, v in scope["headers"]}
    answered = {bytes(k).decode().lower(): bytes(v).decode("latin-1") for k, v in start.get("headers", ())}
    raw = scope.get("raw_path") or scope["path"].encode()
    return Exchange(
        method=scope["method"],
        path=unquote(raw.decode("latin-1")),
        query=scope["query_string"].decode(),
        sent_type=asked.get("content-type", ""),
        sent=sent,
        status=start["status"],
        got_type=answered.get("content-type", ""),
        got=got,
        sent_headers=asked,
        got_headers=answered,
    )
