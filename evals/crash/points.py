"""The numbered points of a process: every commit and every send, passed one by one until one of them strikes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from procrastinate import PsycopgConnector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.clock import Clock
from store.work import Store
from tools.mail.port import Letter, Mail

Strike = Callable[[str], None]
_WROTE = text("select pg_current_xact_id_if_assigned()")


class Points:
    """Counts the points this process passes; at number `at` (from 1) it strikes, once. Without `reads`, only writes count."""

    def __init__(self, at: int | None, strike: Strike, *, reads: bool = True) -> None:
        self.passed: list[str] = []
        self._at, self._strike, self._reads = at, strike, reads

    def passing(self, name: str, *, read: bool = False) -> None:
        """One more point; a process that strikes itself does not come back from here."""
        if read and not self._reads:
            return
        self.passed.append(name)
        if len(self.passed) == self._at:
            self._strike(name)


class PointedStore(Store):
    """A store whose commits are points: right before, and right after."""

    def __init__(self, *, clock: Clock, engine: AsyncEngine, points: Points) -> None:
        super().__init__(clock=clock, engine=engine)
        self._points = points

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with super()._transaction() as conn:
            yield conn
            # A transaction without an id has written nothing.
            read = (await conn.execute(_WROTE)).scalar() is None
            self._points.passing("commit: before", read=read)
        self._points.passing("commit: after", read=read)


class PointedConnector(PsycopgConnector):
    """The jobs' own connection: taking a job, ending it and saying that a worker lives are commits too."""

    def __init__(self, points: Points, **pool: Any) -> None:
        super().__init__(**pool)
        self._points = points

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        self._points.passing("job: before")
        await super().execute_query_async(query, **arguments)
        self._points.passing("job: after")

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        self._points.passing("job: before")
        told: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
        self._points.passing("job: after")
        return told


class PointedWire(httpx.AsyncBaseTransport):
    """What sends for one vendor: before a request, once it is sent and nothing came back, and with the answer in hand."""

    def __init__(self, vendor: str, inner: httpx.AsyncBaseTransport, points: Points) -> None:
        self._vendor, self._inner, self._points = vendor, inner, points

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # Posts that only look: a search, and a GraphQL document without a mutation.
        looks = request.url.path.endswith("/search") or (
            request.url.path.endswith("/graphql.json") and b"mutation" not in request.content
        )
        read = request.method == "GET" or looks

        async def sent(event: str, _: Any) -> None:
            if event == "http11.send_request_body.complete":
                self._points.passing(f"{self._vendor}: sent", read=read)

        self._points.passing(f"{self._vendor}: before", read=read)
        request.extensions = {**request.extensions, "trace": sent}
        answer = await self._inner.handle_async_request(request)
        self._points.passing(f"{self._vendor}: answered", read=read)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


class PointedMail:
    """The mailbox's two points."""

    def __init__(self, inner: Mail, points: Points) -> None:
        self._inner, self._points = inner, points

    async def send(self, letter: Letter) -> None:
        """Sends it between the two."""
        self._points.passing("mail: before")
        await self._inner.send(letter)
        self._points.passing("mail: sent")
