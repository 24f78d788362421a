"""The databases this process works on: given by REMIT_DATABASE_URL, or the embedded server under REMIT_HOME."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unavailable
from service.settings import Settings
from store import embedded, migrate

_NAME = "remit"


@dataclass(frozen=True)
class Database:
    """Addresses of Remit's own database and of the sandbox's, on one server."""

    dsn: str
    sandbox_dsn: str


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The databases, migrated; an embedded server stops with the last process that uses it.

    Raises Unavailable when the database cannot be reached or was migrated by newer code.
    """
    if settings.database_url is not None:
        yield _given(settings.database_url.get_secret_value(), settings)
        return
    with _using(settings.home) as is_last:
        server = embedded.start(_data(settings.home))
        try:
            yield _prepared(server.dsn("postgres"), server.dsn(_NAME), server.dsn(f"{_NAME}_sandbox"))
        finally:
            if is_last():
                server.stop()


@contextmanager
def _using(home: Path) -> Iterator[Callable[[], bool]]:
    """A share in the server, and how to ask at the end whether it was the last one."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "pg.users").open("w") as users:
        if sys.platform == "win32":
            yield lambda: True  # no shared locks there: whoever ends first stops it
            return
        import fcntl

        # The kernel lets go of a killed process's share, so a crash never keeps the server from stopping.
        fcntl.flock(users, fcntl.LOCK_SH)

        def is_last() -> bool:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield is_last


def _data(home: Path) -> Path:
    return home.resolve() / "pg"


def _prepared(server: str, dsn: str, sandbox_dsn: str) -> Database:
    migrate.ensure_database(server, _NAME)
    migrate.ensure_database(server, f"{_NAME}_sandbox")
    migrate.upgrade(dsn)
    return Database(dsn, sandbox_dsn)


def _given(dsn: str, settings: Settings) -> Database:
    migrate.newer_than_code(dsn)
    at = migrate.current(dsn)
    if settings.production and at != migrate.head():
        raise Unavailable(
            f"The database is at {at or 'no revision'}, this code needs {migrate.head()}: run `remit db upgrade`"
        )
    head, _, query = dsn.partition("?")
    base, _, name = head.rpartition("/")
    sandbox = f"{base}/{name}_sandbox" + (f"?{query}" if query else "")
    if not settings.production:
        migrate.ensure_database(dsn, f"{name}_sandbox")
        migrate.upgrade(dsn)
    return Database(dsn, sandbox)
