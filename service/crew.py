"""A crew: several processes that play runs of a suite, each on a stage and a database of its own."""

import asyncio
import gc
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from core.errors import RemitError, Unavailable
from evals.grade import Result, broken
from evals.plain import plain
from evals.recorded import Kept, Recorder
from evals.run import play
from evals.scenario import Scenario
from evals.stage import Take
from service.models import ModelOf, model_of
from service.overlay import OverlayStage
from service.settings import Settings

OneRun = tuple[Scenario, Take]
Told = Callable[[Result, Kept], None]
# While one is played the next one is on its way, so that nobody waits for the post.
_AHEAD = 2


@dataclass(frozen=True)
class Order:
    """What a member of the crew needs to know."""

    settings: Settings
    dsn: str
    model: str
    customers: str | None = None
    """The model that plays the customers of scenarios without steps; None: the puppet."""


def play_all(runs: Sequence[OneRun], orders: Sequence[Order], told: Told) -> None:
    """Plays every run on as many processes as there are orders; raises Unavailable when one cannot begin."""
    left = list(reversed(runs))
    crew = [_Member.start(order) for order in orders[: max(1, len(runs))]]
    try:
        for member in crew:
            member.give(left)
        while busy := {member.line: member for member in crew if member.owed}:
            for line in wait(list(busy)):
                busy[line].take(told)  # type: ignore[index]
                busy[line].give(left)  # type: ignore[index]
    finally:
        for member in crew:
            member.stop()


@dataclass
class _Member:
    """One process of the crew, from the side of whoever orders."""

    process: BaseProcess
    line: Connection
    owed: list[OneRun]

    @classmethod
    def start(cls, order: Order) -> "_Member":
        # A fresh interpreter: a fork would carry event loops and connections along.
        method = multiprocessing.get_context("spawn")
        ours, theirs = method.Pipe()
        process = method.Process(target=_work, args=(theirs, order), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours, [])

    def give(self, left: list[OneRun]) -> None:
        """Sends what it can work on next."""
        while left and len(self.owed) < _AHEAD:
            self.owed.append(left.pop())
            try:
                self.line.send(self.owed[-1])
            except OSError:
                return  # it died; the reading end says so

    def take(self, told: Told) -> None:
        """Takes one result; a process that died fails the run it was on."""
        try:
            answer: Any = self.line.recv()
        except (EOFError, OSError):
            self.process.join()
            died = Unavailable(f"the process playing it ended with code {self.process.exitcode}")
            for scenario, take in self.owed:
                told(broken(scenario, died, 0.0, epoch=take.epoch), ())
            self.owed.clear()
            return
        if isinstance(answer, str):
            raise Unavailable(answer)
        result, kept = answer
        self.owed.pop(0)
        told(Result.model_validate_json(result), kept)

    def stop(self) -> None:
        """Ends it; what it is playing is undone with its transaction."""
        self.line.close()
        self.process.join(timeout=2)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join()


def _work(line: Connection, order: Order) -> None:
    """The life of a member."""
    try:
        asyncio.run(_plays(line, order))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return  # whoever ordered is gone
    except RemitError as error:
        line.send(str(error))


async def _plays(line: Connection, order: Order) -> None:
    recording = _Recording(model_of(order.model, order.settings))
    async with OverlayStage.open(order.settings, order.dsn, model=order.model, model_of=recording) as stage:
        # What is there now stays: looking through it again and again costs a tenth of the time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)
        while True:
            scenario, take = line.recv()
            result = await play(scenario, stage, take)
            line.send((plain(result).model_dump_json(), recording.kept()))


class _Recording:
    """Models by run, the last one's replies at hand."""

    def __init__(self, inner: ModelOf) -> None:
        self._inner = inner
        self._last: Recorder | None = None

    def __call__(self, scenario: Scenario, take: Take) -> Recorder:
        self._last = Recorder(self._inner(scenario, take))
        return self._last

    def kept(self) -> Kept:
        return self._last.kept if self._last is not None else ()
