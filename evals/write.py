"""Writes a whole file or none: beside it first, then in its place."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from core.errors import Unavailable


def write_whole(path: Path, text: str) -> None:
    """The file with this text; raises Unavailable and leaves what was there before."""
    beside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        beside = Path(name)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()
        raise Unavailable(f"{path} cannot be written: {error.strerror}; nothing was changed") from None
