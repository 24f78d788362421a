"""The attacks suite of `remit evals run`: a corpus of attacks against a house of this process."""

import asyncio
import time
from pathlib import Path
from typing import Any

from core.errors import Invalid
from evals.attacks.corpus import load_cases
from evals.attacks.judge import Row
from evals.attacks.mapping import table
from evals.attacks.play import as_document, play
from service.attack_stage import AttackStage
from service.build import house
from service.commands.progress import counting
from service.demo import host_app
from service.run import work, work_off
from service.settings import load


def run_attacks(data: Path | None, *, at_once: int, quiet: bool) -> dict[str, Any]:
    """The report of every case in the folder; raises Invalid without one."""
    if data is None:
        raise Invalid("attacks needs --data DIR, a folder with *.jsonl files")
    cases = load_cases(data)
    mapped = table()
    return asyncio.run(_run(cases, mapped, at_once=at_once, quiet=quiet))


async def _run(cases: Any, mapped: Any, *, at_once: int, quiet: bool) -> dict[str, Any]:
    settings = load().without_undo()
    async with house(settings, demo=host_app(settings)) as built:
        worker = asyncio.create_task(work(built), name="worker")
        began = time.perf_counter()
        try:
            with counting("Attacks", quiet=quiet) as shown:

                def step(done: int, total: int, row: Row) -> None:
                    wrong = bool(row.unowed or row.leaks or row.blocked or row.error)
                    shown(done, total, wrong)

                rows = await play(cases, AttackStage(built), mapped, at_once=at_once, progress=step)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        await work_off(built)
        return as_document(rows, time.perf_counter() - began)
