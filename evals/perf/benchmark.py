"""What a benchmark is: a function that measures for about so long and returns rows, and the report made of them."""

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.perf.machine import load_average, machine

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Options:
    """What a benchmark may use; `seconds` is how long each of its measurements goes on, about."""

    seconds: float
    catalog: Path
    database: Callable[[], AbstractAsyncContextManager[str]]
    """Opens the address of an empty, migrated database on a server of its own, removed afterwards."""


Benchmark = Callable[[Options], Rows | Awaitable[Rows]]


def row(what: str, value: float, unit: str, *, most: float | None = None, least: float | None = None) -> Row:
    """One measured figure; with a goal it says whether it is met."""
    if most is not None:
        return {"what": what, "value": value, "unit": unit, "goal": f"<= {most:g}", "met": value <= most}
    if least is not None:
        return {"what": what, "value": value, "unit": unit, "goal": f">= {least:g}", "met": value >= least}
    return {"what": what, "value": value, "unit": unit, "goal": None, "met": None}


async def measured(name: str, benchmark: Benchmark, options: Options) -> dict[str, Any]:
    """The report: `name, machine, load, rows`, and how long it took."""
    before, began = load_average(), time.perf_counter()
    made = benchmark(options)
    rows = await made if inspect.isawaitable(made) else made
    return {
        "name": name,
        "machine": machine(),
        "load": {"before": before, "after": load_average()},
        "rows": [dict(one) for one in rows],
        "seconds": round(time.perf_counter() - began, 1),
    }


def as_table(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The rows as text, a column for every key that any row has."""
    rows = document["rows"]
    keys = tuple(dict.fromkeys(key for one in rows for key in one))
    return [keys, *(tuple(_cell(one.get(key)) for key in keys) for one in rows)]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "NO"
        case float():
            return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"
        case _:
            return str(value)
