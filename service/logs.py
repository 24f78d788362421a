"""Logs as JSON lines with an allow-list: what a line may say is listed here, everything else stays out."""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

# Ids of ours and of vendors, names of types, routes, states and numbers: never a sentence, an address or a name.
_SAFE = re.compile(r"^[A-Za-z][A-Za-z0-9]{0,15}_[A-Za-z0-9_-]{1,64}$|^[A-Z][A-Za-z]{1,60}$|^[a-z_]{1,40}$")
_PATH = re.compile(r"^(/[a-z0-9_.{}-]{0,40}){1,10}$")
_HOST = re.compile(r"^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,5}$")
_STATUS = re.compile(r"^\d{3}$|^(GET|POST|PUT|PATCH|DELETE)$")
HIDDEN = "[not said]"
FIELDS = ("at", "level", "logger", "event", "args", "error", "where")


class JsonLines(logging.Formatter):
    """One JSON object a line: the sentence without its values, the values that are ids or numbers, the kind of an error."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
            "args": [_value(one) for one in _args(record)],
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [
                f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-8:]
            ]
        return json.dumps(line)


def _event(record: logging.LogRecord) -> str:
    """The sentence as the code wrote it; one that was put together beforehand may hold anything."""
    template = str(record.msg)
    ours = record.name.startswith("remit.") and (record.args or "%" not in template)
    return template if ours and isinstance(record.msg, str) else f"a line of {record.name}"


def _args(record: logging.LogRecord) -> tuple[object, ...]:
    if not record.args:
        return ()
    return tuple(record.args.values()) if isinstance(record.args, dict) else tuple(record.args)


def _value(one: object) -> Any:
    if one is None or isinstance(one, bool | int | float):
        return one
    if isinstance(one, BaseException):
        return type(one).__name__
    text = str(one)
    safe = any(pattern.fullmatch(text) for pattern in (_SAFE, _PATH, _HOST, _STATUS))
    return text if safe else HIDDEN


def set_up(form: str, *, to: TextIO = sys.stderr) -> None:
    """Sends our logs to `to`: as JSON lines, or warnings as plain text where a person looks at a terminal."""
    handler = logging.StreamHandler(to)
    ours = logging.getLogger("remit")
    if form == "json":
        handler.setFormatter(JsonLines())
        root = logging.getLogger()
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    ours.handlers[:] = [handler]
