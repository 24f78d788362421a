"""`remit evals run race`: refunds of one customer that meet in the same moment, from four processes."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from evals.adversary.race import race
from service.commands.output import columns, report, say
from service.paths import CATALOG
from service.scratch import scratch

PROCESSES, REFUNDS, RUNS = 4, 50, 20


def run_race(*, runs: int, as_json: bool) -> int:
    """Runs, reports, and gives the exit code: 0 when every run stayed under the cap and used what there was."""
    found = raced(runs=runs)
    if as_json:
        report(found)
    else:
        rows = [
            (str(r["run"] + 1), str(r["amount"]), str(r["spent"]), str(r["cap"]), str(r["answers"]), r["ok"])
            for r in found["rows"]
        ]
        shown = [(*r[:5], "ok" if r[5] else "WRONG") for r in rows]
        columns([("run", "each", "spent", "cap", "answers", ""), *shown])
        say(f"\n{found['ok']} of {found['runs']} runs stayed under the cap; {found['seconds']} s")
    return 0 if found["ok"] == found["runs"] else 1


def raced(*, runs: int = RUNS, refunds: int = REFUNDS, processes: int = PROCESSES) -> dict[str, Any]:
    """So many runs on a server of their own, and how many of them were right."""
    began = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with scratch(1, durable=False) as [dsn], ProcessPoolExecutor(processes, mp_context=context) as pool:
        rows = [race(dsn, CATALOG, pool, run=n, refunds=refunds, processes=processes) for n in range(runs)]
    return {
        "runs": runs,
        "ok": sum(row["ok"] and not row["violations"] for row in rows),
        "processes": processes,
        "refunds": refunds,
        "rows": rows,
        "seconds": round(time.perf_counter() - began, 1),
    }
