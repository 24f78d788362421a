"""`scenarios`: how many scenarios of the suites are played in a second, by one process per core."""

import os
import time

from core.errors import Unavailable
from evals.grade import Result
from evals.perf.benchmark import Options, Row, row
from evals.recorded import Kept
from evals.run import takes
from evals.suites import load_suites
from service.crew import Order, play_all
from service.evaluate import PEOPLE_KEYS
from service.paths import SUITES
from service.scratch import scratch
from service.settings import load


def scenarios(options: Options) -> list[Row]:
    """Whole suites over and over for about so long; beginning (processes, databases, triage) is counted apart."""
    found = load_suites(SUITES, people=PEOPLE_KEYS)
    cores = os.cpu_count() or 1
    ends: list[float] = []
    failed: list[Result] = []

    def told(result: Result, _: Kept) -> None:
        ends.append(time.perf_counter())
        if not result.passed:
            failed.append(result)

    # About as many as fit into the time at the goal's pace, and every scenario at least once.
    epochs = max(1, round(options.seconds * _GOAL / len(found)))
    began = time.perf_counter()
    with scratch(cores, durable=False) as dsns:
        opened = time.perf_counter()
        orders = [Order(load(), dsn, "offline") for dsn in dsns]
        play_all(takes(found, epochs=epochs, seed=1), orders, told)
    if failed:
        raise Unavailable(f"{len(failed)} runs failed, so this measures nothing: {failed[0].scenario}")
    # From the first result of a warm crew on: what a process does first it does once.
    warm = ends[cores * _WARM :]
    pace = (len(warm) - 1) / (warm[-1] - warm[0])
    return [
        row("processes", cores, "processes"),
        row("runs", len(ends), "runs"),
        row("scenarios a second, once warm", round(pace, 1), "1/s", least=_GOAL),
        row("databases ready after", round(opened - began, 2), "s"),
        row("first result after", round(ends[0] - began, 2), "s"),
    ]


_GOAL, _WARM = 25, 5
