"""Databases for an hour: a server of its own that is thrown away, for what must never touch the real one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from store import embedded, migrate

# What a crash would lose is thrown away anyway, and waiting for the disk would be most of the time.
_CARELESS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@contextmanager
def scratch(count: int, *, durable: bool) -> Iterator[list[str]]:
    """Addresses of so many migrated databases; with `durable` a commit waits for the disk as it does in production."""
    folder = Path(tempfile.mkdtemp(prefix="remit-scratch-"))
    server = embedded.start(folder / "pg")
    try:
        if not durable:
            _carelessly(server.dsn("postgres"))
        dsns = []
        for n in range(count):
            migrate.ensure_database(server.dsn("postgres"), f"scratch_{n}")
            dsns.append(server.dsn(f"scratch_{n}"))
            migrate.upgrade(dsns[-1])
        yield dsns
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _carelessly(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for setting in _CARELESS:
            conn.execute(f"alter system set {setting}".encode())
        conn.execute("select pg_reload_conf()")
