"""`run.json` under REMIT_HOME: what a running demo or service listens on, so that commands can attach to it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import SettingsError


def write(home: Path, running: Mapping[str, Any]) -> None:
    """Notes this process and its addresses; readable by the owner only, since it names the sandbox's key."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "run.json"
    part = path.with_suffix(".new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"version": 1, "pid": os.getpid(), **running}, file, indent=2)
    part.replace(path)


def read(home: Path) -> dict[str, Any] | None:
    """What runs now; None when nothing does (the note of a killed process counts for nothing)."""
    try:
        running: dict[str, Any] = json.loads((home / "run.json").read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise SettingsError(f"{home}/run.json is not readable; delete it if nothing is running") from None
    return running if is_alive(int(running.get("pid", 0))) else None


def last(home: Path) -> dict[str, Any]:
    """What the last run noted, alive or not: its ports are taken again so that links keep working."""
    try:
        noted: dict[str, Any] = json.loads((home / "run.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return noted


def clear(home: Path) -> None:
    """Forgets this process, and only this one."""
    noted = last(home)
    if noted.get("pid") == os.getpid():
        write(home, {**noted, "pid": 0})


def is_alive(pid: int) -> bool:
    """True while a process of that number runs."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
