"""How much evidence each rung asks: the risk of a version, its split, and the correction for what reviewers miss. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

from approvals.ladder.eprocess import check_counts, check_share, first_n, log_e, upper_bound
from core.errors import Invalid
from core.standing import Standing

ALPHA = 0.05
# Of a version's risk, four parts go to the evidence and one to the canaries.
EVIDENCE_SHARE = 0.8
MIN_TICKETS = 100
# The same E at 1, 5 and 50 times the bar: 20, 100 and 1,000 at a risk of 5 %.
RUNGS: Mapping[Standing, int] = {"autonomous_20": 1, "autonomous_5": 5, "autonomous_2": 50}


@dataclass(frozen=True, slots=True)
class Canaries:
    """How many known-bad proposals reviewers decided on, and how many of them they let pass."""

    shown: int
    missed: int

    def __post_init__(self) -> None:
        check_counts(self.shown, self.missed)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What n tickets with k errors prove: `graduates` is about E alone; bars are on E, not on its logarithm.

    `upper_bound` is at the part of the risk that the evidence has, so that `upper_bound <= effective_threshold`
    and `graduates` say the same.
    """

    n: int
    k: int
    log_e: float
    upper_bound: float
    effective_threshold: float
    miss_bound: float | None
    bar: float

    @property
    def graduates(self) -> bool:
        """True when E reaches the bar."""
        return self.log_e >= log(self.bar)

    def clean_needed(self, times: int = 1) -> int | None:
        """How many more tickets without an error reach so many times the bar; None when no number does."""
        if self.effective_threshold <= 0:
            return None
        return max(0, first_n(self.k, self.effective_threshold, self.bar * times) - self.n)

    def reaches(self, times: int) -> bool:
        """True when E reaches so many times the bar."""
        return self.log_e >= log(self.bar * times)


def weigh(
    n: int, k: int, threshold: float, *, alpha: float = ALPHA, canaries: Canaries | None = None
) -> Weighed:
    """Evidence at this risk; with canaries the threshold shrinks by what reviewers may miss. Raises Invalid."""
    check_counts(n, k)
    check_share("threshold", threshold)
    check_share("alpha", alpha)
    missed, effective, risk = None, threshold, alpha
    if canaries is not None:
        missed = upper_bound(canaries.shown, canaries.missed, (1 - EVIDENCE_SHARE) * alpha)
        effective, risk = threshold * (1 - missed), EVIDENCE_SHARE * alpha
    if effective <= 0:
        # Nobody has shown that they would notice an error: no number of clean reviews proves anything.
        return Weighed(n, k, 0.0, 1.0, 0.0, missed, 1 / risk)
    bound = upper_bound(n, k, risk)
    return Weighed(n, k, log_e(n, k, effective), bound, effective, missed, 1 / risk)


def alpha_of(version: int) -> float:
    """The risk that version 1, 2, … of a category may take; all of them together take at most 5 %."""
    if version < 1:
        raise Invalid(f"Versions are counted from 1, not {version!r}.")
    return ALPHA / (version * (version + 1))


def e_value(log_value: float) -> float:
    """E itself, for people; very large ones end at 1e300."""
    return exp(min(log_value, log(1e300)))
