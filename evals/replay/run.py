"""Plays a file of recorded runs through a domain's pack, from its folder to its report."""

import gc
import time
from pathlib import Path
from typing import Any

from core.errors import Invalid
from evals.domains.pack import load_pack
from evals.domains.quotes import PolicyText
from evals.replay.judge import replay
from evals.replay.report import Spent, as_document
from evals.replay.runs import load_runs

# What a domain's folder holds beside recorded runs.
_TABLES = frozenset({"db", "flights", "reservations", "users", "orders", "products", "tasks", "user_db"})


def run_replay(domain: str, data: Path, runs: Path | None = None) -> dict[str, Any]:
    """The report; `seconds` count reading the runs and judging them. Raises Invalid naming file, place and remedy."""
    pack = load_pack(domain)
    begin = pack.open(data)
    # The domain's data are a million small objects that stay: a collection in between would walk them all.
    gc.freeze()
    try:
        began, own = time.perf_counter(), time.process_time()
        recorded = load_runs(runs or _only_runs(data))
        rows = list(replay(pack, begin, recorded))
        spent = Spent(time.perf_counter() - began, time.process_time() - own)
    finally:
        gc.unfreeze()
    return as_document(pack, rows, PolicyText.load(data), runs=len(recorded), spent=spent)


def _only_runs(data: Path) -> Path:
    found = sorted(path for path in data.glob("*.json") if path.stem not in _TABLES)
    if len(found) == 1:
        return found[0]
    said = (
        f"{len(found)} files that may hold runs ({', '.join(p.name for p in found)})" if found else "no runs"
    )
    raise Invalid(f"{data}: holds {said}; name one with --runs FILE")
