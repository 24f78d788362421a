"""The unit of work: one transaction on one connection, committed at its edge."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from itertools import groupby
from time import monotonic
from typing import Any, TypeVar

from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import Executable, Insert, Select, Table, event, literal, text
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, InternalError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import ClassManager, configure_mappers
from sqlalchemy.orm.attributes import manager_of_class
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlmodel import SQLModel

from core.canonical import canonical_json
from core.clock import Clock
from core.errors import Unavailable
from store import audit
from store.columns import table

R = TypeVar("R", bound=SQLModel)
_NOTIFY = text("select pg_notify(:c, :p)")


class Work:
    """What one transaction does; audit entries are chained last, so that the chain's lock is held briefly."""

    def __init__(self, conn: AsyncConnection, clock: Clock) -> None:
        self.conn = conn
        self.clock = clock
        self._audit: list[tuple[str, dict[str, Any]]] = []
        self._after: list[Callable[[], Awaitable[None]]] = []

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def rows(self, row: type[R], query: Select[Any]) -> list[R]:
        """The rows of `select(table)…`, detached."""
        result = await self.conn.execute(query)
        return [_detached(row, found) for found in result.mappings()]

    async def row(self, row: type[R], query: Select[Any]) -> R | None:
        """The first row, or None."""
        found = (await self.conn.execute(query)).mappings().first()
        return None if found is None else _detached(row, found)

    async def value(self, query: Executable) -> Any:
        """The first column of the first row, or None."""
        return (await self.conn.execute(query)).scalar()

    async def add(self, *rows: SQLModel) -> None:
        """Inserts rows; a broken unique constraint raises sqlalchemy.exc.IntegrityError."""
        for kind, same in groupby(rows, type):
            into = table(kind)
            names = [c.key for c in into.columns if c.computed is None]
            kept = [{name: getattr(row, name) for name in names} for row in same]
            await self.conn.execute(_insert(into), kept if len(kept) > 1 else kept[0])

    async def run(self, statement: Executable, values: Any = None) -> int:
        """Executes a statement; the number of rows it touched."""
        result = await self.conn.execute(statement, values)
        return int(getattr(result, "rowcount", 0))

    async def insert_once(self, statement: PostgresInsert) -> bool:
        """Inserts unless a unique constraint has it already; True when it was new."""
        added = await self.conn.execute(statement.on_conflict_do_nothing().returning(literal(1)))
        return added.first() is not None

    async def lock(self, *names: str) -> None:
        """Holds the named advisory locks until this transaction ends, taken in the order given."""
        await self.conn.execute(_LOCK, {"names": list(names)})

    async def notify(self, channel: str, payload: str) -> None:
        """Wakes listeners when, and only when, this transaction commits."""
        await self.conn.execute(_NOTIFY, {"c": channel, "p": payload})

    def audit(self, kind: str, /, **body: Any) -> None:
        """Adds an entry to the audit chain of this transaction; ids, amounts and flags only, no personal text."""
        canonical_json(body)
        self._audit.append((kind, body))

    def after_commit(self, then: Callable[[], Awaitable[None]]) -> None:
        """Runs `then` once this is durable; never on a rollback."""
        self._after.append(then)

    async def settle(self) -> None:
        """Writes what was collected; the store calls it right before the commit."""
        if self._audit:
            await audit.append(self.conn, self.now, self._audit)
            self._audit = []

    async def announce(self) -> None:
        for then in self._after:
            await then()


class Store:
    """Hands out units of work on one database, or inside one given outer transaction."""

    def __init__(
        self, *, clock: Clock, engine: AsyncEngine | None = None, conn: AsyncConnection | None = None
    ) -> None:
        if (engine is None) == (conn is None):
            raise ValueError("a store works on an engine or on one given connection")
        self.clock = clock
        self.engine = engine
        self._conn = conn

    @asynccontextmanager
    async def begin(self, *, relaxed: bool = False) -> AsyncIterator[Work]:
        """One unit of work: durable when the block ends, undone when it raises; Unavailable when there is no database.

        `relaxed` is for chat text and what only makes the gate stricter when it is lost: the commit does not wait
        for the disk. A durable commit after it makes it durable too, so nothing that is kept lacks what came before.
        """
        try:
            async with self._transaction() as conn:
                if relaxed and self.engine is not None:
                    await conn.execute(_RELAXED)
                work = Work(conn, self.clock)
                yield work
                await work.settle()
        except (OperationalError, InterfaceError) as error:
            raise Unavailable(f"The database does not answer: {_first_line(error)}") from error
        except InternalError as error:
            if isinstance(error.orig, ReadOnlySqlTransaction):
                raise Unavailable(f"The database takes no writes: {_first_line(error)}") from error
            raise
        await work.announce()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        if self.engine is not None:
            async with self.engine.begin() as conn:
                yield conn
        elif self._conn is not None:
            async with self._conn.begin_nested():
                yield self._conn

    async def close(self) -> None:
        """Gives every connection back."""
        if self.engine is not None:
            await self.engine.dispose()


def _detached(row: type[R], found: Mapping[str, Any]) -> R:
    """The row as it was read: what stands in the database is not checked again field by field, which takes ten times as long."""
    made: R = row.model_construct(**found)  # type: ignore[assignment]
    _manager(row).setup_instance(made)
    return made


@cache
def _insert(into: Table) -> Insert:
    return into.insert()


@cache
def _manager(row: type[SQLModel]) -> ClassManager[Any]:
    configure_mappers()
    return manager_of_class(row)


# `unnest` gives its rows in the order of the array, and the lock is taken for one row after the other.
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(n, 7)) from unnest(cast(:names as text[])) as n")
_RELAXED = text("set local synchronous_commit = off")
# A connection that was used this lately is alive; asking it before each unit of work would cost a fifth of them.
_ASK_AFTER_SECONDS = 1.0


def engine_for(dsn: str, *, size: int = 10, ask_after: float = _ASK_AFTER_SECONDS) -> AsyncEngine:
    """An async engine on psycopg 3 for a libpq address `postgresql://…`; one idle for `ask_after` s is tried first."""
    scheme, _, rest = dsn.partition("://")
    if scheme not in ("postgresql", "postgres"):
        raise Unavailable("REMIT_DATABASE_URL must start with postgresql://")
    engine = create_async_engine(
        f"postgresql+psycopg://{rest}",
        pool_size=size,
        max_overflow=size,
        connect_args={"connect_timeout": 5, "options": "-c timezone=utc"},
    )
    _try_idle_ones(engine, ask_after)
    return engine


def _try_idle_ones(engine: AsyncEngine, ask_after: float) -> None:
    dialect = engine.sync_engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ask(conn: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        since = record.info.get("idle_since")
        if since is None or monotonic() - since < ask_after:
            return
        try:
            dialect.do_ping(conn)
        except dialect.loaded_dbapi.Error as gone:
            raise DisconnectionError from gone  # the pool opens another one


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error).__name__
