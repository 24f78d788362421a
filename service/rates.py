"""How often somebody may do something: a sliding window per key, in this process."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from core.clock import Clock
from core.errors import TooMany


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in `seconds`."""

    count: int
    seconds: int


RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "message": Rate(20, 60),
        "conversation": Rate(20, 3600),
        "answer": Rate(60, 60),
        "person": Rate(10, 60),
        "login": Rate(10, 300),
        "login_from": Rate(50, 300),
        "demo": Rate(120, 60),
    }
)
_MOST_KEYS = 50_000


class Rates:
    """Counts in memory: a restart forgives, many processes multiply; the gate's own limits stand behind it."""

    def __init__(self, clock: Clock, rates: Mapping[str, Rate] = RATES) -> None:
        self._clock = clock
        self._rates = rates
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def take(self, kind: str, key: str) -> None:
        """Counts one; raises TooMany with the seconds to wait when the window is full."""
        rate, now = self._rates[kind], self._clock.now().timestamp()
        seen = self._seen.setdefault((kind, key), deque())
        while seen and seen[0] <= now - rate.seconds:
            seen.popleft()
        if len(seen) >= rate.count:
            wait = max(1, ceil(seen[0] + rate.seconds - now))
            raise TooMany(f"That was too fast. Try again in {_in_words(wait)}.", retry_after=wait)
        seen.append(now)
        self._forget(now)

    def forgive(self, kind: str, key: str) -> None:
        """Forgets what was counted, after a success."""
        self._seen.pop((kind, key), None)

    def give_back(self, kind: str, key: str) -> None:
        """Takes back the last count, when it turned out not to be one of those to limit."""
        if seen := self._seen.get((kind, key)):
            seen.pop()

    def _forget(self, now: float) -> None:
        if len(self._seen) > _MOST_KEYS:
            self._seen = {
                k: s for k, s in self._seen.items() if s and s[-1] > now - self._rates[k[0]].seconds
            }


def _in_words(seconds: int) -> str:
    if seconds < 90:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"{ceil(seconds / 60)} minutes"
