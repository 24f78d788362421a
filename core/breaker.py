"""When to stop asking somebody who does not answer: pure counting, told what time it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


@dataclass
class Breaker:
    """Opens after `failures` in a row, lets one try through every `seconds`, closes when a try succeeds.

    `now` gives seconds that never go back (a monotonic clock).
    """

    name: str
    now: Callable[[], float]
    failures: int = 5
    seconds: float = 20.0
    _failed: int = 0
    _opened_at: float | None = None
    _trying: bool = field(default=False)

    @property
    def state(self) -> BreakerState:
        """Closed: everything passes; open: nothing; half open: one try may pass, or is on its way."""
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._trying or self._is_due() else "open"

    def admits(self) -> bool:
        """True when a call may be made now; a call that is admitted must be told to `succeeded` or `failed`."""
        if self._opened_at is None:
            return True
        if self._trying or not self._is_due():
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """It answered: everything passes again."""
        self._failed, self._opened_at, self._trying = 0, None, False

    def failed(self) -> None:
        """It did not answer."""
        self._failed += 1
        self._trying = False
        if self._failed >= self.failures:
            self._opened_at = self.now()

    def given_up(self) -> None:
        """The caller went away before there was an answer: that says nothing about who was asked."""
        self._trying = False

    def _is_due(self) -> bool:
        return self._opened_at is not None and self.now() - self._opened_at >= self.seconds
