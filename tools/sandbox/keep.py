"""A world that outlives its process: records and ledger in a PostgreSQL database of their own."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from tools.sandbox.world import Effect, Record

# `seq` keeps the order in which records were first written; "oldest first" depends on it.
_TABLES = """
create table if not exists record (
    seq bigint generated always as identity,
    kind text not null,
    key text not null,
    body jsonb not null,
    primary key (kind, key)
);
create table if not exists effect (
    seq bigint primary key,
    vendor text not null,
    kind text not null,
    object text not null,
    owner text not null,
    amount bigint,
    currency text,
    action_id text,
    at timestamptz not null,
    detail jsonb not null
);
"""
_PUT = """
insert into record (kind, key, body) values (%s, %s, %s)
on conflict (kind, key) do update set body = excluded.body
"""
_NAMES = ("seq", "vendor", "kind", "object", "owner", "amount", "currency", "action_id", "at", "detail")
_EFFECTS = """
select seq, vendor, kind, object, owner, amount, currency, action_id, at, detail from effect order by seq
"""
_NOTE = """
insert into effect (seq, vendor, kind, object, owner, amount, currency, action_id, at, detail)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


class PostgresKeep:
    """Keeps a world behind `dsn`; makes its tables itself; `save` is one transaction."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None

    async def load(self) -> tuple[dict[tuple[str, str], Record], Sequence[Effect]]:
        """Everything kept, oldest first."""
        connection = await self._open()
        async with connection.transaction():
            cursor = await connection.execute("select kind, key, body from record order by seq")
            rows = await cursor.fetchall()
            effects = await (await connection.execute(_EFFECTS)).fetchall()
        return {(kind, key): body for kind, key, body in rows}, [_effect(row) for row in effects]

    async def save(self, changed: dict[tuple[str, str], Record | None], effects: Sequence[Effect]) -> None:
        """Writes one change durably, or raises and leaves nothing."""
        connection = await self._open()
        puts = [(k, key, Jsonb(record)) for (k, key), record in changed.items() if record is not None]
        drops = [key for key, record in changed.items() if record is None]
        async with connection.transaction(), connection.cursor() as cursor:
            if puts:
                await cursor.executemany(_PUT, puts)
            if drops:
                await cursor.executemany("delete from record where kind = %s and key = %s", drops)
            if effects:
                await cursor.executemany(_NOTE, [_row(effect) for effect in effects])

    async def close(self) -> None:
        """Gives the connection back."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _open(self) -> psycopg.AsyncConnection[TupleRow]:
        # A database that was restarted leaves a dead connection behind; the next change opens a new one.
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
            await self._connection.execute("set client_min_messages to warning")
            await self._connection.execute(_TABLES)
        return self._connection


def _row(effect: Effect) -> tuple[object, ...]:
    detail = Jsonb(effect.detail, dumps=lambda value: json.dumps(value, default=str))
    return (
        effect.seq,
        effect.vendor,
        effect.kind,
        effect.object,
        effect.owner,
        effect.amount,
        effect.currency,
        effect.action_id,
        effect.at,
        detail,
    )


def _effect(row: TupleRow) -> Effect:
    values = dict(zip(_NAMES, row, strict=True))
    at: datetime = values["at"]
    return Effect(**{**values, "at": at.astimezone(UTC)})
