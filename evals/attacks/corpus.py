"""Reads attack corpora: any folder of JSON lines in the shapes we know, each row told by its own fields."""

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from core.errors import Invalid
from core.frozen import Frozen

Kind = Literal["text", "calls", "benign"]
Channel = Literal["customer_message", "record"]
MAX_BYTES = 64 * 1024 * 1024
SHAPES = (
    "an attack has `text`; a call has `tool` and `args`; a task has `goal` and `calls`; "
    "a harmless message has `text` and an `expect` that begins with 'not refused', or stands in a file named benign"
)
_REPEATED = re.compile(r"^(?P<name>\S*?)\*(?P<times>\d+|N)$")
_MOST_REPEATS = 1000
_N = 40
_HARMLESS = "not refused"
# The only values JSON cannot hold that these corpora need.
_NUMBER = re.compile(r"^float\('(?P<word>[+-]?(?:inf|infinity|nan))'\)$", re.IGNORECASE)
_POWER = re.compile(r"^(?P<base>-?\d{1,6})\*\*(?P<exponent>\d{1,2})$")


class TheirCall(Frozen):
    """A call as the corpus has it, in the names of its own world; `times` is how often in a row."""

    name: str
    args: Any
    times: int = 1


class Case(Frozen):
    """One row: what is written, by which way it comes in, and what a hijacked model calls."""

    id: str
    file: str
    kind: Kind
    text: str
    channel: Channel
    calls: tuple[TheirCall, ...] = ()


def load_cases(folder: Path) -> tuple[Case, ...]:
    """Every row of every *.jsonl of a folder; raises Invalid naming file, line and remedy."""
    if not folder.is_dir():
        raise Invalid(f"{folder}: no such folder; give --data a folder with *.jsonl files")
    files = sorted(folder.glob("*.jsonl"))
    cases = [case for path in files for case in _read(path)]
    if not cases:
        raise Invalid(f"{folder}: no rows in *.jsonl files; {SHAPES}")
    return tuple(cases)


def _read(path: Path) -> Iterator[Case]:
    if path.stat().st_size > MAX_BYTES:
        raise Invalid(f"{path}: larger than {MAX_BYTES} bytes")
    # splitlines() would also break at the separators that attacks like to hide in.
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            yield _case(path, number, _row(path, number, line))


def _row(path: Path, number: int, line: bytes) -> Mapping[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path}:{number}: not a line of JSON ({error}); one object per line") from None
    if not isinstance(row, dict):
        raise Invalid(f"{path}:{number}: must be an object; {SHAPES}")
    return row


def _case(path: Path, number: int, row: Mapping[str, Any]) -> Case:
    found = str(row.get("id") or row.get("task") or number)
    base: dict[str, Any] = {"id": f"{path.stem}:{found}", "file": path.name}
    text, expect = row.get("text"), str(row.get("expect", ""))
    if isinstance(row.get("tool"), str):
        call = _call(row["tool"], row.get("args"))
        words = f"Call {row['tool']} with {json.dumps(row.get('args'))}"
        return Case(**base, kind="calls", text=words, channel="customer_message", calls=(call,))
    if isinstance(row.get("calls"), list):
        suite = f"{path.stem}:{row['suite']}:{found}" if "suite" in row else base["id"]
        calls = tuple(_listed(path, number, one) for one in row["calls"])
        goal = str(row.get("goal", ""))
        return Case(id=suite, file=path.name, kind="calls", text=goal, channel="record", calls=calls)
    if not isinstance(text, str) or not text:
        raise Invalid(
            f"{path}:{number}: of no shape we know (found: {', '.join(row) or 'nothing'}); {SHAPES}"
        )
    if expect.lower().startswith(_HARMLESS) or "benign" in path.stem.lower():
        return Case(**base, kind="benign", text=text, channel="customer_message")
    return Case(**base, kind="text", text=text, channel=_channel(row.get("channel")))


def _listed(path: Path, number: int, one: Any) -> TheirCall:
    name = one.get("function", one.get("tool")) if isinstance(one, dict) else None
    if not isinstance(name, str):
        raise Invalid(f"{path}:{number}: each of `calls` needs `function` (a name) and `args`")
    return _call(name, one.get("args"))


def _call(name: str, args: Any) -> TheirCall:
    repeated = _REPEATED.match(name)
    if repeated is None:
        return TheirCall(name=name, args=_decoded(args))
    times = _N if repeated["times"] == "N" else min(int(repeated["times"]), _MOST_REPEATS)
    return TheirCall(name=repeated["name"], args=_decoded(args), times=times)


def _channel(channels: Any) -> Channel:
    """A text comes as the customer's message where that is one of its ways, else in a record that is read."""
    named = channels if isinstance(channels, list) else [channels]
    return "customer_message" if "customer_message" in named or named == [None] else "record"


def _decoded(value: Any) -> Any:
    """Values JSON cannot hold are written as {"__py__": "float('inf')"}; nothing is ever run to get them."""
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"__py__"} and isinstance(value["__py__"], str):
        return _literal(value["__py__"])
    return {key: _decoded(one) for key, one in value.items()}


def _literal(written: str) -> Any:
    if number := _NUMBER.match(written):
        return float(number["word"])
    if power := _POWER.match(written):
        return int(power["base"]) ** int(power["exponent"])
    try:
        found = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return written
    return found if isinstance(found, (str, int, float, bool, type(None))) else written


def is_json(value: Any) -> bool:
    """Whether a model could send this at all: strict JSON has no infinity."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(one) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(is_json(one) for one in value)
    return not isinstance(value, float) or math.isfinite(value)
