"""`replay`: how many recorded writes a second are read, judged and reported."""

import json
import tempfile
import time
from pathlib import Path

from evals.domains.pack import load_pack
from evals.domains.quotes import PolicyText
from evals.perf.benchmark import Options, Row, row
from evals.perf.invented_runs import recorded, write_airline
from evals.perf.timing import Times
from evals.replay.judge import replay as judged
from evals.replay.report import Spent, as_document
from evals.replay.runs import load_runs

RUNS = 100
_LEAST = 3


def replay(options: Options) -> list[Row]:
    """From a file of invented runs, in the sizes of real ones, to the report, over and over."""
    runs = recorded(RUNS)
    with tempfile.TemporaryDirectory(prefix="remit-replay-") as folder:
        data = Path(folder)
        write_airline(data)
        file = data / "runs.json"
        file.write_text(json.dumps(runs), encoding="utf-8")
        writes, times = _measured(data, file, seconds=options.seconds)
    return [
        row("runs in the file", RUNS, "runs"),
        row("writes in them", writes, "writes"),
        row("bytes of a run", round(sum(len(json.dumps(one)) for one in runs) / RUNS), "bytes"),
        row("writes a second on one core", round(writes * times.per_cpu_second), "1/s", least=1_000),
        row("writes a second on the wall", round(writes / times.at(0.5)), "1/s"),
    ]


def _measured(data: Path, file: Path, *, seconds: float) -> tuple[int, Times]:
    pack = load_pack("airline")
    begin = pack.open(data)
    wall: list[float] = []
    cpu: list[float] = []
    writes, began = 0, time.perf_counter()
    while len(wall) < _LEAST or time.perf_counter() - began < seconds:
        own, start = time.thread_time(), time.perf_counter()
        runs = load_runs(file)
        rows = list(judged(pack, begin, runs))
        as_document(pack, rows, PolicyText(), runs=len(runs), spent=Spent(0.0, 0.0))
        wall.append(time.perf_counter() - start)
        cpu.append(time.thread_time() - own)
        writes = len(rows)
    return writes, Times(sorted(wall), sorted(cpu))
