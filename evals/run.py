"""Runs scenarios on a stage, several at once, each with a customer of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence

from evals.customers import most_steps, player
from evals.grade import Result, broken, grade
from evals.scenario import Scenario
from evals.stage import FIRST, Played, Stage, Take
from evals.steps import Step

Progress = Callable[[int, int, Result], None]
Key = tuple[str, int]


async def run(
    scenarios: Sequence[Scenario],
    stage: Stage,
    *,
    at_once: int = 4,
    epochs: int = 1,
    seed: int = 0,
    done: Collection[Key] = (),
    progress: Progress,
) -> Sequence[Result]:
    """Every scenario `epochs` times, but those done already; results in order, whatever finished first."""
    gate = asyncio.Semaphore(at_once)
    left = [one for one in takes(scenarios, epochs=epochs, seed=seed) if key_of(*one) not in done]
    total, count = len(scenarios) * epochs, len(scenarios) * epochs - len(left)

    async def one(scenario: Scenario, take: Take) -> Result:
        nonlocal count
        async with gate:
            result = await play(scenario, stage, take)
        count += 1
        progress(count, total, result)
        return result

    return await asyncio.gather(*(one(*each) for each in left))


def takes(scenarios: Sequence[Scenario], *, epochs: int, seed: int) -> Sequence[tuple[Scenario, Take]]:
    """Every run there is to do, in the order of the report."""
    return [(scenario, Take(epoch, seed)) for scenario in scenarios for epoch in range(1, epochs + 1)]


def key_of(scenario: Scenario, take: Take) -> Key:
    """What tells one run of a suite from every other."""
    return scenario.id, take.epoch


async def play(scenario: Scenario, stage: Stage, take: Take = FIRST) -> Result:
    """One scenario from its first step to the ledger; whatever breaks on the way is a failed result."""
    began = time.perf_counter()
    try:
        async with stage.on(scenario, take) as played:
            stopped = await _played(scenario, played, take)
            return grade(
                scenario,
                played.names,
                effects=await played.effects(),
                shown=await played.shown(),
                ticket=await played.ticket(),
                seen=await played.seen(),
                epoch=take.epoch,
                off_script=[*stopped, *await played.off_script()],
                seconds=time.perf_counter() - began,
            )
    except Exception as error:  # noqa: BLE001 - one broken scenario must not take the other results with it
        return broken(scenario, error, time.perf_counter() - began, epoch=take.epoch)


async def _played(scenario: Scenario, played: Played, take: Take) -> Sequence[str]:
    """Plays it to its end; what cannot be played ends it, and what happened until then is still graded."""
    number = 0
    async for step in _steps(scenario, played, take):
        number += 1
        try:
            await played.do(step)
        except Exception as error:  # noqa: BLE001 - whatever stopped it, the ledger must be looked at
            return [f"step {number} could not be played: {type(error).__name__}: {error}"]
    return []


async def _steps(scenario: Scenario, played: Played, take: Take) -> AsyncIterator[Step]:
    """The steps as written, or what the customer who is played does next, until they leave."""
    if scenario.customer is None:
        for step in scenario.steps:
            yield step
        return
    one = player(scenario.customer, f"{take.seed}:{scenario.id}:{take.epoch}", played.customer_model)
    for _ in range(most_steps(scenario.customer)):
        step_or_end = await one.next(await played.shown())
        if step_or_end is None:
            return
        yield step_or_end
