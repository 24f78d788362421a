"""A real `remit demo` in a process of its own, as a new user starts it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

REMIT = Path(sys.executable).parent / "remit"
_ENOUGH = 60


class DemoProcess:
    """Started with its own REMIT_HOME on a port the system chose; killed and started again at will."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("REMIT_", "ANTHROPIC_"))}
        self._env = {**keep, "REMIT_HOME": str(home), "XDG_RUNTIME_DIR": str(home), **settings}
        self._process: subprocess.Popen[str] | None = None
        self.ready: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    def password(self, login: str) -> str:
        """The password printed for a login."""
        return str(next(k["password"] for k in self.ready["logins"] if k["login"] == login))

    def start(self) -> float:
        """Starts it and waits for the ready line; the seconds that took."""
        began = time.monotonic()
        with (self.home / "stderr").open("a") as errors:
            self._process = subprocess.Popen(
                [str(REMIT), "demo", "--json", "--port", "0"],
                env=self._env,
                cwd=self.home,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.ready = self._read_ready(began)
        return time.monotonic() - began

    def _read_ready(self, began: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        text = ""
        for line in self._process.stdout:
            text += line
            if line.startswith("}"):
                ready: dict[str, Any] = json.loads(text)
                return ready
            if time.monotonic() - began > _ENOUGH:
                break
        raise AssertionError(f"the demo did not get ready: {text}{(self.home / 'stderr').read_text()}")

    def kill(self) -> None:
        """SIGKILL, as when the machine dies."""
        self._end(9)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(15)

    def _end(self, number: int) -> int:
        if self._process is None or self._process.poll() is not None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(timeout=30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Another `remit` command on the same home, with --json."""
        done = subprocess.run(
            [str(REMIT), *words, "--json"],
            env=self._env,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if not done.stdout:
            return done.returncode, {"stderr": done.stderr}
        report: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, report


def picture(page: Page, name: str) -> None:
    """Keeps a screenshot where REMIT_TEST_PICTURES says (docs/pictures, when they are to be renewed)."""
    if folder := os.environ.get("REMIT_TEST_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")
