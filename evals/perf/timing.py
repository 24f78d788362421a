"""Times of one call, over and over: by the clock on the wall, and by the processor when others are running beside."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

_WARM_UP = 50
_LEAST = 200


@dataclass(frozen=True, slots=True)
class Times:
    """Sorted seconds of every call: on the wall, and of this thread's processor time."""

    wall: Sequence[float]
    cpu: Sequence[float]

    def at(self, share: float) -> float:
        """The seconds on the wall that this share of the calls (0 to 1) stayed within."""
        return _at(self.wall, share)

    def cpu_at(self, share: float) -> float:
        """The same in processor time, which does not count waiting while others run."""
        return _at(self.cpu, share)

    @property
    def per_cpu_second(self) -> float:
        """Calls in one second of one core."""
        spent = sum(self.cpu)
        return len(self.cpu) / spent if spent else 0.0


def timed(call: Callable[[], object], *, seconds: float) -> Times:
    """How long `call` takes, for about `seconds` and at least a few hundred times, after a warm-up."""
    for _ in range(_WARM_UP):
        call()
    wall: list[float] = []
    cpu: list[float] = []
    clock, own = time.perf_counter, time.thread_time
    began = clock()
    while len(wall) < _LEAST or clock() - began < seconds:
        own_start, start = own(), clock()
        call()
        wall.append(clock() - start)
        cpu.append(own() - own_start)
    return Times(sorted(wall), sorted(cpu))


async def timed_async(call: Callable[[], Awaitable[object]], *, seconds: float) -> Times:
    """The same for something awaited, one call after the other; processor time is that of this thread."""
    for _ in range(_WARM_UP):
        await call()
    wall: list[float] = []
    cpu: list[float] = []
    clock, own = time.perf_counter, time.thread_time
    began = clock()
    while len(wall) < _LEAST or clock() - began < seconds:
        own_start, start = own(), clock()
        await call()
        wall.append(clock() - start)
        cpu.append(own() - own_start)
    return Times(sorted(wall), sorted(cpu))


def _at(seconds: Sequence[float], share: float) -> float:
    return seconds[min(int(len(seconds) * share), len(seconds) - 1)]
