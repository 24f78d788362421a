"""The fast ground for tests of the gate: the real gate and database, the sandbox's world at hand, a judge beside it."""

import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import sql

from core.clock import StillClock
from evals.adversary.ground import ground
from evals.adversary.play import Play
from evals.adversary.truth import Truth
from policies.load import load_catalog
from policies.model import Catalog
from service.paths import CATALOG
from tools.toolset import specs, toolset


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog(CATALOG, specs())


_ALL = (
    "customer, conversation, action, step_up, confirmation, review, attempt, reservation, switch, "
    "standing, standing_change, standing_version, evidence"
)


@pytest.fixture(scope="session")
def gate_database(server: str, template: str) -> Iterator[str]:
    """One database for all tests of the gate: making one for each takes longer than the test."""
    name = f"g_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        head, _, query = server.partition("?")
        yield f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def empty(gate_database: str) -> str:
    """The same, with nothing in it but its audit log, which nobody can empty."""
    with psycopg.connect(gate_database, autocommit=True) as conn:
        conn.execute(f"truncate {_ALL} cascade")
    return gate_database


@pytest.fixture
async def play(empty: str, clock: StillClock, catalog: Catalog) -> AsyncIterator[Play]:
    """A play at its beginning; whatever the test shows, the judge must have found nothing."""
    async with ground(empty, clock, catalog, toolset(), seed=1) as made:
        play = Play(made, Truth(seed=1))
        play.renew()
        yield play
        assert [v.as_dict() for v in play.truth.violations] == []
