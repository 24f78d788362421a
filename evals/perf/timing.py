"""Times of one call, over and over: by the clock on the wall, and by the processor when others are running beside."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

_WARM_UP = 50
_LEAST = 200


@dataclass(frozen=True, slots=True)
class Times:
    """Sorted seconds on the wall of every call, and the processor's seconds of all of them together."""

    wall: Sequence[float]
    cpu: float

    def at(self, share: float) -> float:
        """The time that this share of the calls (0 to 1) stayed within, in seconds."""
        return self.wall[min(int(len(self.wall) * share), len(self.wall) - 1)]

    @property
    def per_cpu_second(self) -> float:
        """Calls in one second of one core."""
        return len(self.wall) / self.cpu if self.cpu else 0.0


def timed(call: Callable[[], object], *, seconds: float) -> Times:
    """How long `call` takes, for about `seconds` and at least a few hundred times, after a warm-up."""
    for _ in range(_WARM_UP):
        call()
    wall: list[float] = []
    clock, began, cpu = time.perf_counter, time.perf_counter(), time.thread_time()
    while len(wall) < _LEAST or clock() - began < seconds:
        start = clock()
        call()
        wall.append(clock() - start)
    return Times(sorted(wall), time.thread_time() - cpu)


async def timed_async(call: Callable[[], Awaitable[object]], *, seconds: float) -> Times:
    """The same for something awaited, one call after the other."""
    for _ in range(_WARM_UP):
        await call()
    wall: list[float] = []
    clock, began, cpu = time.perf_counter, time.perf_counter(), time.thread_time()
    while len(wall) < _LEAST or clock() - began < seconds:
        start = clock()
        await call()
        wall.append(clock() - start)
    return Times(sorted(wall), time.thread_time() - cpu)
