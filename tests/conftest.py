"""What every test may ask for: a migrated database of its own, cloned in milliseconds."""

import asyncio
import os
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from core.clock import StillClock
from store import embedded, migrate
from store.work import Store, engine_for

# Procrastinate and uvicorn open an event loop policy of their own on some platforms; ours stays the default.
_HOME = Path(tempfile.gettempdir()) / f"remit-tests-{os.getuid()}"
_TEMPLATE = "remit_test_template"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL for tests: REMIT_TEST_DATABASE_URL, or the one from the wheel."""
    given = os.environ.get("REMIT_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running = embedded.start(_HOME / "pg")
    yield running.dsn("postgres")


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a migrated database to clone; made once per schema, whichever worker comes first."""
    name = f"{_TEMPLATE}_{migrate.head()}_{_schema_stamp()}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock(73050)")
        if not conn.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            migrate.ensure_database(server, f"{name}_new")
            migrate.upgrade(_at(server, f"{name}_new"))
            conn.execute(
                sql.SQL("alter database {} rename to {}").format(
                    sql.Identifier(f"{name}_new"), sql.Identifier(name)
                )
            )
        conn.execute("select pg_advisory_unlock(73050)")
    return name


@pytest.fixture
def database(server: str, template: str) -> Iterator[str]:
    """The address of an empty, migrated database that is dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        yield _at(server, name)
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def sandbox_database(server: str) -> Iterator[str]:
    """The address of an empty database for a sandbox's world."""
    name = f"w_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        yield _at(server, name)
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def clock() -> StillClock:
    """A clock at a fixed time that moves only when told."""
    return StillClock(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))


@pytest.fixture
async def store(database: str, clock: StillClock) -> AsyncIterator[Store]:
    """A store on a database of its own."""
    made = Store(clock=clock, engine=engine_for(database, size=5))
    yield made
    await made.close()
    await asyncio.sleep(0)


def _at(server: str, name: str) -> str:
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def _schema_stamp() -> str:
    folder = Path(migrate.__file__).parent / "migrations" / "versions"
    stamp = max(file.stat().st_mtime_ns for file in folder.glob("*.py"))
    return format(stamp % 16**8, "08x")


# `make check` is for every save: what opens doors, plays whole stories or proves the gate waits for `make test`.
_SLOW = (
    "agent/test_agent_",
    "agent/test_answer_as_sent.py",
    "agent/test_claude",
    "agent/test_delivery_once.py",
    "agent/test_ends_honestly.py",
    "agent/test_filtered_reply.py",
    "agent/test_keepable.py",
    "agent/test_newcomer.py",
    "agent/test_wishes.py",
    "approvals/test_lost_calls.py",
    "approvals/test_refund_path.py",
    "approvals/test_step_up.py",
    "billing",
    "contract",
    "evals/test_attacks.py",
    "gate",
    "ladder/test_audits.py",
    "ladder/test_canaries.py",
    "ladder/test_recompute.py",
    "policies/test_policy_diff.py",
    "sandbox",
    "service",
    "test_walk.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks whole folders and files as slow; the longest test begins first, so that no worker ends alone with it."""
    items.sort(key=lambda item: item.path.name != "test_evals_run.py")
    here = Path(__file__).parent
    for item in items:
        name = item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""
        if name.startswith(_SLOW):
            item.add_marker(pytest.mark.slow)
