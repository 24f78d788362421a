"""Notices drift on audited tickets: a Shiryaev-Roberts e-detector, the mean of four statistics. Pure.

M <- (M + 1) * (1 + (r - 1)/(1 - t) * w * (x - t)) for r in 1.5, 2, 4, 8 (each at most 1/t); alarm at a mean of 2,500.
While every true rate is at most t, false alarms are at least 2,500 audits apart on average (Shin, Ramdas & Rinaldo).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from approvals.ladder.eprocess import Item, check_share

RISES = (1.5, 2.0, 4.0, 8.0)
ALARM = 2_500.0
# Where a sum of products would leave what a float can hold; far above any alarm.
_MOST = 1e300


@dataclass(frozen=True, slots=True)
class Watched:
    """The detector's mean after each audit, and the first audit (from 1) at which it rang."""

    statistics: tuple[float, ...]
    alarm_at: int | None

    @property
    def now(self) -> float:
        """The latest mean."""
        return self.statistics[-1] if self.statistics else 0.0


class Detector:
    """The four statistics, one audit after the other; raises Invalid for a threshold outside (0, 1)."""

    def __init__(self, t: float) -> None:
        check_share("threshold", t)
        self._t = t
        self._bets = [(min(r, 1 / t) - 1) / (1 - t) for r in RISES]
        self._sums = [0.0] * len(RISES)

    def add(self, x: float, w: float = 1.0) -> float:
        """The mean after one more audit of this severity and weight."""
        moved = w * (x - self._t)
        self._sums = [
            min(_MOST, (m + 1) * max(0.0, 1 + bet * moved))
            for m, bet in zip(self._sums, self._bets, strict=True)
        ]
        return sum(self._sums) / len(self._sums)


def watch(audits: Iterable[Item], t: float) -> Watched:
    """What the detector says of these audits, in order; raises Invalid for a threshold outside (0, 1)."""
    detector = Detector(t)
    means = tuple(detector.add(audit.x, audit.w) for audit in audits)
    return Watched(means, next((i for i, mean in enumerate(means, start=1) if mean >= ALARM), None))
