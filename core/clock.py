"""Time: UTC only, and handed in so that tests can hold it still."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The present, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class StillClock:
    """A clock that moves only when told (tests, replays)."""

    def __init__(self, at: datetime) -> None:
        self._at = require_utc(at)

    def now(self) -> datetime:
        return self._at

    def move(self, by: timedelta) -> None:
        """Move by `by`; negative steps back, as real clocks do."""
        self._at += by


class TickingClock(StillClock):
    """A still clock on which a millisecond passes with every look, so that what came later is later (evals)."""

    def now(self) -> datetime:
        self._at += _TICK
        return self._at


_TICK = timedelta(milliseconds=1)


def require_utc(at: datetime) -> datetime:
    """`at` itself; raises ValueError for a naive time or another zone."""
    if at.utcoffset() != timedelta(0):
        raise ValueError(f"time must be in UTC, not {at!r}")
    return at
