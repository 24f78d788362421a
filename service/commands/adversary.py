"""`remit evals run adversary`: a compromised model against the real gate, in several processes at once."""

import multiprocessing
import secrets
import time
from asyncio import run
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from evals.adversary.run import attack, together
from service.commands.output import columns, report, say
from service.paths import CATALOG
from service.scratch import scratch

PROCESSES = 2


def run_adversary(*, steps: int, seed: int | None, as_json: bool) -> int:
    """Plays, reports, and gives the exit code: 0 when nothing got past the gate."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    found = _played(steps=steps, seed=seed)
    if as_json:
        report(found)
    else:
        _print(found)
    return 1 if found["violations"] else 0


def _played(*, steps: int, seed: int) -> dict[str, Any]:
    # Fresh processes, because a connection must not be inherited; each has a database of its own.
    context = multiprocessing.get_context("spawn")
    share = -(-steps // PROCESSES)
    # A server of its own: kill switches are thrown here, so never the real one.
    with (
        scratch(PROCESSES, durable=False) as dsns,
        ProcessPoolExecutor(PROCESSES, mp_context=context) as pool,
    ):
        began = time.perf_counter()
        plays = [pool.submit(_one, dsn, steps=share, seed=seed * PROCESSES + n) for n, dsn in enumerate(dsns)]
        reports = [play.result() for play in plays]
        return together(reports, seed=seed, seconds=time.perf_counter() - began)


def _one(dsn: str, *, steps: int, seed: int) -> dict[str, Any]:
    return run(attack(dsn, steps=steps, seed=seed, catalog=CATALOG))


def _print(found: dict[str, Any]) -> None:
    columns([("invariant", "calls tried"), *((name, str(n)) for name, n in found["tried"].items())])
    say(
        f"\n{found['steps']} steps ({found['near_legal_steps']} near-legal) in {found['seconds']} s, "
        f"{found['steps_per_second']} a second; {found['effects']} effects; seed {found['seed']}"
    )
    say(f"violations: {len(found['violations'])}")
    for one in found["violations"][:20]:
        say(f"  {one['invariant']} in {one['macro']} (seed {one['seed']}): {one['why']}")
