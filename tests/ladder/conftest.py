"""One database for all tests of the ladder, emptied before each: making one for each takes longer than the test."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import sql

from approvals.parts import Parts
from core.clock import StillClock
from store.work import Store, engine_for
from tests.gate.gate_bench import Gate, gate_on

_ALL = (
    "customer, conversation, action, step_up, confirmation, review, attempt, reservation, switch, "
    "standing, standing_change, standing_version, evidence"
)


@pytest.fixture(scope="session")
def ladder_database(server: str, template: str) -> Iterator[str]:
    name = f"l_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        head, _, query = server.partition("?")
        yield f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
async def gate(ladder_database: str, clock: StillClock) -> AsyncIterator[Gate]:
    """A gate with nothing in its database but the audit log, which nobody can empty."""
    with psycopg.connect(ladder_database, autocommit=True) as conn:
        conn.execute(f"truncate {_ALL} cascade")
    store = Store(clock=clock, engine=engine_for(ladder_database, size=5))
    yield gate_on(store, clock)
    await store.close()
    await asyncio.sleep(0)


@pytest.fixture
def parts(gate: Gate) -> Parts:
    return gate.parts
