"""Runs scenarios on a stage, several at once, each with a customer of its own."""

import asyncio
import time
from collections.abc import Callable, Sequence

from evals.grade import Result, broken, grade
from evals.scenario import Scenario
from evals.stage import Stage

Progress = Callable[[int, int, Result], None]


async def run(
    scenarios: Sequence[Scenario], stage: Stage, *, at_once: int = 4, epochs: int = 1, progress: Progress
) -> Sequence[Result]:
    """Every scenario `epochs` times; results in the order of the scenarios, whatever finished first."""
    gate = asyncio.Semaphore(at_once)
    done = 0

    async def one(scenario: Scenario) -> Result:
        nonlocal done
        async with gate:
            result = await play(scenario, stage)
        done += 1
        progress(done, len(scenarios) * epochs, result)
        return result

    return await asyncio.gather(*(one(scenario) for scenario in scenarios for _ in range(epochs)))


async def play(scenario: Scenario, stage: Stage) -> Result:
    """One scenario from its first step to the ledger; whatever breaks on the way is a failed result."""
    began = time.perf_counter()
    try:
        async with stage.on(scenario.person, scenario.changes) as played:
            for step in scenario.steps:
                await played.do(step)
            return grade(
                scenario,
                played.names,
                effects=await played.effects(),
                shown=await played.shown(),
                ticket=await played.ticket(),
                reviews=played.shown_wrongly(),
                seconds=time.perf_counter() - began,
            )
    except Exception as error:  # noqa: BLE001 - one broken scenario must not take the other results with it
        return broken(scenario, error, time.perf_counter() - began)
