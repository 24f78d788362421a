"""Databases for an hour: a server of its own that is thrown away, for what must never touch the real one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from core.errors import Unavailable
from store import embedded, migrate

_PREFIX, _OWNER = "remit-scratch-", "owner.pid"
# What a crash would lose is thrown away anyway, and waiting for the disk would be most of the time.
_CARELESS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@contextmanager
def scratch(count: int, *, durable: bool) -> Iterator[list[str]]:
    """Addresses of so many migrated databases; with `durable` a commit waits for the disk as it does in production."""
    _clear_left()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (folder / _OWNER).write_text(str(os.getpid()))
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


def _clear_left() -> None:
    """Stops and removes servers whose process was killed before it could."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        try:
            if _lives(int(owner.read_text())):
                continue
            if (owner.parent / "pg" / "postmaster.pid").exists():
                embedded.start(owner.parent / "pg").stop()
        except (OSError, ValueError, Unavailable):
            continue  # somebody else's
        shutil.rmtree(owner.parent, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _carelessly(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for setting in _CARELESS:
            conn.execute(f"alter system set {setting}".encode())
        conn.execute("select pg_reload_conf()")
