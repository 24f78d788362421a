"""One house on the sandbox for all tests of the web service; each test takes a customer of its own."""

import itertools
import uuid
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from loopback_bench import Receiver, receiver
from psycopg import sql

from service.app import create_app
from service.build import House, house
from service.database import Database
from service.demo import ensure_logins, host_app
from service.settings import load
from tools.sandbox.people import PEOPLE

# Two, as while one is being replaced.
SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def outside() -> AsyncIterator[Receiver]:
    """Slack and a receiver of webhooks, on loopback."""
    async with receiver() as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def home(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory, outside: Receiver
) -> AsyncIterator[House]:
    """The whole system on databases of its own."""
    names = {kind: f"t_{kind}_{uuid.uuid4().hex[:12]}" for kind in ("web", "world")}
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(_create(names["web"]) + sql.SQL(" template {}").format(sql.Identifier(template)))
        conn.execute(_create(names["world"]))
    settings = load(
        {
            "REMIT_HOME": str(tmp_path_factory.mktemp("home")),
            "REMIT_UNDO_SECONDS": "0",
            "REMIT_NOTIFY_MAIL": "queue@example.com",
            "REMIT_WEBHOOKS": f"{outside.url}/hook {SECRETS[0]} {SECRETS[1]}",
            "REMIT_WEBHOOKS_LOCAL": "1",
            "SLACK_BOT_TOKEN": "xoxb-for-tests",
            "SLACK_SIGNING_SECRET": "signing-for-tests",
            "SLACK_CHANNEL": "C01",
            "SLACK_PEOPLE": "U0APPROVER=approver@example.com, U0EVALUATOR=evaluator@example.com",
            "SLACK_URL": outside.url,
        },
        env_file=Path("/nonexistent"),
    )
    addresses = Database(_at(server, names["web"]), _at(server, names["world"]))
    with warnings.catch_warnings():
        # Vendor SDKs keep sockets of their own; those are their business, not these tests'.
        warnings.simplefilter("ignore", ResourceWarning)
        async with house(settings, demo=host_app(settings), database=addresses) as built:
            await ensure_logins(built)
            yield built
            await built.service.turns.drain(5)
    with psycopg.connect(server, autocommit=True) as conn:
        for name in names.values():
            conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def web(home: House) -> FastAPI:
    """The application as it is served."""
    return create_app(home.service)


# People whose stories no test of this folder depends on: any of them may say anything.
_ANYBODY = itertools.cycle([p.external_id for p in PEOPLE if p.key not in ("mara", "noor", "otis")])


@pytest.fixture
def anybody() -> str:
    """A customer, another one for each test."""
    return next(_ANYBODY)


@pytest_asyncio.fixture(loop_scope="session")
async def mara(home: House) -> str:
    """A fresh customer who was charged twice for order 1042."""
    assert home.sandbox is not None
    order = {"person": "mara", "suffix": uuid.uuid4().hex[:12]}
    seeded = await home.sandbox.admin("POST", "/seed", json=order)
    return str(seeded["external_id"])


def _create(name: str) -> sql.Composed:
    return sql.SQL("create database {}").format(sql.Identifier(name))


def _at(server: str, name: str) -> str:
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
