"""What is too much at once is turned away at the door, before it costs anything: 503 with Retry-After."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service import errors
from service.turns import Turns

# More than the database's connections can serve within a customer's patience.
MOST_REQUESTS = 200
RETRY_AFTER = 5
# What costs little and must be heard however full it is.
_ALWAYS = ("/healthz", "/readyz", "/v1/hooks/", "/static/")
_SAID = "Very much is going on right now. Please send it again."


class Shed:
    """ASGI middleware: at most `most` requests at once (open event streams are not counted), and no message without room."""

    def __init__(self, app: ASGIApp, *, turns: Turns, most: int = MOST_REQUESTS) -> None:
        self._app = app
        self._turns = turns
        self._most = most
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS) or _is_stream(scope):
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._most or (self._turns.is_full and _is_message(scope)):
            headers = {"Retry-After": str(RETRY_AFTER)}
            refusal = errors.answer(Request(scope), 503, "unavailable", _SAID, headers=headers)
            await refusal(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1


def _is_stream(scope: Scope) -> bool:
    return scope["method"] == "GET" and str(scope["path"]).endswith("/events")


def _is_message(scope: Scope) -> bool:
    return scope["method"] == "POST" and str(scope["path"]).endswith("/messages")
