"""Faults by plan: what a vendor's door does wrong next, and the ASGI wrapper that does it."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "timeout_before",
    "timeout_after",
    "busy",
    "saved_500",
    "unavailable_503",
    "malformed",
    "drop",
    "webhook_twice",
    "webhook_late",
    "webhook_lost",
]
"""timeout_before: cut without an answer, nothing happened; timeout_after: the same, but it happened;
busy: 429 before anything; saved_500: 500, kept under the idempotency key where the vendor keeps one;
unavailable_503: 503 before anything; malformed: it happened, the body is not readable; drop: it happened,
the answer breaks off in the middle; webhook_twice, webhook_late, webhook_lost: of what the vendor tells,
`path_contains` is looked for in the event's name and `retry_after` says how late."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_BODIES: Mapping[str, Mapping[int, object]] = {
    "stripe": {
        429: {
            "error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests."}
        },
        500: {"error": {"type": "api_error", "message": "An unknown error occurred."}},
        503: {"error": {"type": "api_error", "message": "The service is unavailable."}},
    },
    "okta": {
        429: {
            "errorCode": "E0000047",
            "errorSummary": "API call exceeded rate limit due to too many requests.",
            "errorLink": "E0000047",
            "errorId": "sandbox",
            "errorCauses": [],
        },
    },
    "auth0": {
        429: {
            "statusCode": 429,
            "error": "Too Many Requests",
            "message": "Global limit has been reached",
            "errorCode": "too_many_requests",
        },
    },
    "hubspot": {
        429: {
            "status": "error",
            "message": "You have reached your secondly limit.",
            "correlationId": "00000000-0000-4000-8000-000000000000",
            "category": "RATE_LIMITS",
        },
    },
    "shopify": {429: {"errors": "Exceeded 2 calls per second for api client."}},
    "zendesk": {429: {"error": "TooManyRequests", "description": "Rate limit exceeded"}},
}


@dataclass
class Planned:
    """One fault that waits for a matching request."""

    vendor: str
    path_contains: str
    kind: Kind
    times: int
    retry_after: float | None


class Faults:
    """The faults planned for a sandbox; each is used up by the requests it met."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []

    def plan(
        self,
        vendor: str,
        path_contains: str,
        kind: Kind,
        times: int = 1,
        retry_after: float | None = None,
    ) -> None:
        """The next `times` requests of `vendor` whose "METHOD path?query" or body contains the text go wrong."""
        self._planned.append(Planned(vendor, path_contains, kind, times, retry_after))

    def take(self, vendor: str, request: str, *, kinds: Collection[Kind]) -> Planned | None:
        """The first waiting fault of these kinds that fits the request, used up once."""
        for fault in self._planned:
            if fault.vendor == vendor and fault.kind in kinds and fault.path_contains in request:
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forgets every fault that waits."""
        self._planned.clear()

    @property
    def planned(self) -> Sequence[Planned]:
        """The faults that still wait for a request, in the order they were planned."""
        return tuple(self._planned)

    @property
    def waiting(self) -> int:
        """How many requests will still go wrong."""
        return sum(fault.times for fault in self._planned)


_ALL: frozenset[Kind] = frozenset(
    {"timeout_before", "timeout_after", "busy", "saved_500", "unavailable_503", "malformed", "drop"}
)


def faulty(app: App, vendor: str, faults: Faults, *, own: frozenset[Kind] = frozenset()) -> App:
    """The door with the planned faults before it; kinds in `own` are left to the door itself."""

    async def door(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not faults.waiting:
            await app(scope, receive, send)
            return
        body = await _whole(receive)
        fault = faults.take(vendor, _text(scope, body), kinds=_ALL - own)
        again = _again(body, receive)
        if fault is None:
            await app(scope, again, send)
        else:
            await _go_wrong(fault, app, scope, again, receive, send)

    return door


async def _go_wrong(
    fault: Planned, app: App, scope: Message, again: Receive, receive: Receive, send: Send
) -> None:
    match fault.kind:
        case "busy":
            await _answer(fault, 429, send)
        case "unavailable_503":
            await _answer(fault, 503, send)
        case "saved_500":
            await _answer(fault, 500, send)
        case "timeout_before":
            await _cut(receive, send)
        case "timeout_after":
            await app(scope, again, _swallow)
            await _cut(receive, send)
        case "malformed":
            await app(scope, again, _garbled(send))
        case "drop":
            await app(scope, again, _halved(send))
            await _cut(receive, send)


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _text(scope: Message, body: bytes) -> str:
    query = scope["query_string"].decode()
    return f"{scope['method']} {scope['path']}?{query}\n{body[:8192].decode(errors='replace')}"


def _again(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body that was read already, once."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _answer(fault: Planned, status: int, send: Send) -> None:
    told = _BODIES.get(fault.vendor, {}).get(status, {"error": "sandbox fault", "status": status})
    headers = [(b"content-type", b"application/json")]
    if status in (429, 503):
        after = 1 if fault.retry_after is None else fault.retry_after
        headers.append((b"retry-after", f"{after:g}".encode()))
    if fault.vendor == "okta":
        # The SDK reads these before anything else and breaks without them.
        headers += [(b"x-rate-limit-limit", b"600"), (b"x-rate-limit-remaining", b"0")]
        headers.append((b"x-rate-limit-reset", b"0"))
    body = json.dumps(told).encode()
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _swallow(message: Message) -> None:
    """Takes an answer that nobody will hear."""


def _garbled(send: Send) -> Send:
    async def speak(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(k, v) for k, v in message["headers"] if k.lower() != b"content-length"]
            await send({**message, "headers": kept})
        elif not message.get("more_body"):
            await send({"type": "http.response.body", "body": b'{"id": "\xff\xfe'})

    return speak


def _halved(send: Send) -> Send:
    async def speak(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
        elif body := message.get("body", b""):
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})

    return speak


async def _cut(receive: Receive, send: Send) -> None:
    """Closes the connection under the client, as a broken network does."""
    # ASGI has no word for it; uvicorn's send belongs to the object that holds the transport.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the sandbox cut the connection, as planned")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
