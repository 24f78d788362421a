"""`remit evals crash`: kills at every point, and what must hold afterwards; in two processes side by side."""

import multiprocessing
import secrets
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated, Any

import typer

from evals.crash.verdict import as_text
from service.commands.output import Json, report, say
from service.crash_run import crash

PROCESSES = 2


def crash_command(
    kills: Annotated[
        int | None, typer.Option(min=10, help="About how many kills, shared out over all kinds.")
    ] = 200,
    whole: Annotated[bool, typer.Option("--whole", help="Every plan there is (hours).")] = False,
    seconds: Annotated[float | None, typer.Option(min=1, help="Begin no story after so long.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same kills again.")] = None,
    as_json: Json = False,
) -> None:
    """Kill processes, workers and the database at every point, recover, and compare the ledger; exit 1 on a violation."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    found = _killed(kills=None if whole else kills, seed=seed, seconds=seconds)
    if as_json:
        report(found)
    else:
        say(as_text(found))
    raise typer.Exit(1 if found["violations"] else 0)


def _killed(*, kills: int | None, seed: int, seconds: float | None) -> dict[str, Any]:
    # Fresh processes: what they fork from must not hold a connection or an event loop.
    context = multiprocessing.get_context("spawn")
    began = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        shares = [
            pool.submit(crash, kills=kills, seed=seed, seconds=seconds, share=(n, PROCESSES))
            for n in range(PROCESSES)
        ]
        reports = [one.result() for one in shares]
    return together(reports, seed=seed, seconds=time.perf_counter() - began)


def together(reports: list[dict[str, Any]], *, seed: int, seconds: float) -> dict[str, Any]:
    """One report of several processes."""
    counts = ("kills", "database_kills", "runs", "effects_one", "effects_zero_person", "told_done_wrongly")
    tables = ("by_plan", "by_point")
    return {
        **{name: sum(r[name] for r in reports) for name in counts},
        "violations": [one for r in reports for one in r["violations"]],
        "points": reports[0]["points"],
        **{
            name: dict(sorted(sum((Counter(r[name]) for r in reports), Counter()).items())) for name in tables
        },
        "audit": next((r["audit"] for r in reports if r["audit"] != "ok"), "ok"),
        "seconds": round(seconds, 1),
        "seed": seed,
    }
