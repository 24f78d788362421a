"""Runs the ladder's own code on invented streams of tickets, so that ops see what its rules do before trusting them. Pure."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from statistics import mean, median

from approvals.ladder.audits import BURST
from approvals.ladder.bars import MIN_TICKETS, RUNGS, Canaries, Weighed, alpha_of, weigh
from approvals.ladder.detector import ALARM, Detector
from approvals.ladder.eprocess import check_share, first_n
from approvals.ladder.reviewers import sensitivity
from core.errors import Invalid
from core.standing import Standing

# One canary for so many tickets under review.
CANARY_EVERY = 8
DRIFTS = (2, 5, 10)
LONGEST_WATCH = 100_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What is assumed: the true error rate, the share of errors reviewers miss, the share of tickets audited."""

    threshold: float
    error_rate: float
    miss_rate: float
    audit: float
    streams: int = 200
    tickets: int = 5_000
    seed: int = 1

    def __post_init__(self) -> None:
        check_share("threshold", self.threshold)
        for name in ("error_rate", "miss_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise Invalid(f"The {name.replace('_', ' ')} lies between 0 and 1.")
        if not 0 < self.audit <= 1:
            raise Invalid("The share audited lies above 0 and at most at 1.")
        if not (1 <= self.streams <= 100_000 and MIN_TICKETS <= self.tickets <= 1_000_000):
            raise Invalid(f"Ask for 1 to 100000 streams of {MIN_TICKETS} to 1000000 tickets.")


@dataclass(frozen=True, slots=True)
class Demotion:
    """How long a category at this many times its threshold runs alone until the detector rings."""

    drift: float
    error_rate: float
    mean_tickets: float
    mean_audits: float
    rang: float


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of it; `graduated` is a share of streams, `at` the tickets each graduated one took."""

    setting: Setting
    graduated: float
    is_false: bool
    at: tuple[int, ...]
    found_out: float
    demotions: tuple[Demotion, ...]

    @property
    def median_tickets(self) -> float | None:
        """Half of those that graduated took at most so many tickets."""
        return median(self.at) if self.at else None


def simulate(setting: Setting, *, rung: Standing = "autonomous_20") -> Simulated:
    """The whole ladder on many streams: reviews with canaries until it graduates, then audits with bursts under drift."""
    draw = random.Random(setting.seed)  # noqa: S311 - invented streams, no secrets
    needed = _needed(setting.threshold, RUNGS[rung])
    ends = [_graduates(setting, draw, needed) for _ in range(setting.streams)]
    at = tuple(n for n, _ in ends if n is not None)
    return Simulated(
        setting=setting,
        graduated=len(at) / setting.streams,
        is_false=setting.error_rate >= setting.threshold,
        at=at,
        found_out=mean(found for _, found in ends),
        demotions=tuple(_demotion(setting, draw, drift) for drift in DRIFTS),
    )


Needed = Callable[[int, int, int], float]


def _needed(threshold: float, times: int) -> Needed:
    """How many tickets must have been reviewed, for so many errors and so many canaries of which so many were missed."""

    @cache
    def asked(shown: int, missed: int) -> Weighed:
        return weigh(0, 0, threshold, alpha=alpha_of(1), canaries=Canaries(shown, missed))

    @cache
    def needed(errors: int, shown: int, missed: int) -> float:
        first = asked(shown, missed)
        if first.effective_threshold <= 0:
            return inf
        return first_n(errors, first.effective_threshold, first.bar * times)

    return needed


@cache
def _is_found_out(shown: int, missed: int) -> bool:
    return sensitivity("reviewer", shown, missed).found_out


def _graduates(setting: Setting, draw: random.Random, needed: Needed) -> tuple[int | None, bool]:
    """At which ticket one stream graduates, if it does; and whether its reviewer was found out before."""
    errors = shown = missed = 0
    for n in range(1, setting.tickets + 1):
        if draw.random() < setting.error_rate and draw.random() >= setting.miss_rate:
            errors += 1
        if n % CANARY_EVERY == 0:
            shown += 1
            missed += draw.random() < setting.miss_rate
            if _is_found_out(shown, missed):
                return None, True
        if n >= MIN_TICKETS and n >= needed(errors, shown, missed):
            return n, False
    return None, False


def _demotion(setting: Setting, draw: random.Random, drift: float) -> Demotion:
    rate = min(1.0, drift * setting.threshold)
    watches = [_rings(setting, draw, rate) for _ in range(setting.streams)]
    return Demotion(
        drift=drift,
        error_rate=rate,
        mean_tickets=mean(tickets for tickets, _, _ in watches),
        mean_audits=mean(audits for _, audits, _ in watches),
        rang=mean(rang for _, _, rang in watches),
    )


def _rings(setting: Setting, draw: random.Random, rate: float) -> tuple[int, int, bool]:
    """Tickets and audits until the alarm, each audited error followed by a burst; False when it never rang."""
    detector, audits, burst = Detector(setting.threshold), 0, 0
    seen = rate * (1 - setting.miss_rate)
    for ticket in range(1, LONGEST_WATCH + 1):
        if burst == 0 and draw.random() >= setting.audit:
            continue
        audits, burst = audits + 1, max(0, burst - 1)
        error = draw.random() < seen
        if error:
            burst = BURST
        if detector.add(float(error)) >= ALARM:
            return ticket, audits, True
    return LONGEST_WATCH, audits, False


def shares(at: Sequence[int], streams: int) -> list[tuple[int, float]]:
    """(tickets, share of streams that had graduated by then), for a plot."""
    return [(n, (i + 1) / streams) for i, n in enumerate(sorted(at))]
