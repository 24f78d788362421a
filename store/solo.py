"""A connection nobody else is beside: statements run at once, in one transaction that is rolled back at the end (evals)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Engine, Executable, TextClause, create_engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Unavailable
from store.plans import Plans, sent

# Locks against others and calls to others: alone in its database there is nobody to lock out or to wake.
_OPTIONS = "-c timezone=utc -c synchronous_commit=off -c jit=off"
_MOST_PLANS = 2000
_FOR_OTHERS = ("select pg_advisory_xact_lock(", "select pg_notify(")


def solo_engine(dsn: str) -> Engine:
    """An engine for `solo`, on a database that nobody else uses and whose content nobody will miss."""
    engine = create_engine(
        f"postgresql+psycopg://{dsn.partition('://')[2]}",
        pool_size=1,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        connect_args={"prepare_threshold": 1, "options": _OPTIONS},
    )
    event.listen(engine, "connect", _keep_plans)
    return engine


def _keep_plans(conn: psycopg.Connection, _: object) -> None:
    conn.prepared_max = _MOST_PLANS


@contextmanager
def solo(engine: Engine, plans: Plans) -> Iterator[AsyncConnection]:
    """What a Store takes as its given connection; whatever happens on it is undone when the block ends."""
    with engine.connect() as conn:
        alone = Solo(conn, plans)
        alone.tell("begin")
        try:
            # It offers what a unit of work uses; waiting for a socket through the event loop costs more than the answer.
            yield cast(AsyncConnection, alone)
        finally:
            alone.tell("rollback")


class Solo:
    """Stands where an async connection does, over a plain one; one unit of work runs at a time."""

    def __init__(self, conn: Connection, plans: Plans) -> None:
        self._conn = conn
        self._plans = plans
        self._driver: psycopg.Connection[Any] = conn.connection.driver_connection  # type: ignore[assignment]
        # Of each open unit of work: the savepoint it goes back to, None until it writes.
        self._open: list[str | None] = []
        self._taken = 0

    async def execute(self, statement: Executable, values: Any = None) -> Any:
        if isinstance(statement, TextClause) and statement.text.startswith(_FOR_OTHERS):
            return None
        if isinstance(values, list):
            for one in values:
                self._execute(statement, one)
            return None
        return self._execute(statement, values)

    def _execute(self, statement: Executable, values: Any) -> Any:
        ready = self._plans.ready(statement, values)
        if ready is None:
            self._secure()
            return self._conn.execute(statement, values)
        plan, whole = ready
        if plan.writes:
            self._secure()
        return sent(self._driver, plan, whole)

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """A unit of work: undone when the block raises. One that only reads costs no round trip."""
        self._open.append(None)
        try:
            yield
        except BaseException:
            if (point := self._open[-1]) is not None:
                self.tell(f"rollback to savepoint {point}")
            raise
        finally:
            self._open.pop()

    def _secure(self) -> None:
        """A savepoint for every open unit that has none, before the first write; the outer rollback lets them all go."""
        for place, point in enumerate(self._open):
            if point is None:
                self._taken += 1
                self._open[place] = f"s{self._taken}"
                self.tell(f"savepoint s{self._taken}")

    def tell(self, statement: str) -> None:
        """Sends a word of transaction control."""
        # Past the driver, which forgets every prepared statement when it sees a rollback.
        answer = self._driver.pgconn.exec_(statement.encode())
        if answer.status != ExecStatus.COMMAND_OK:
            raise Unavailable(f"The database does not take {statement!r}: {answer.error_message.decode()}")
