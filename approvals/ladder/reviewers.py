"""How well each approver notices what is wrong, from canaries and from the time they take. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from approvals.ladder.eprocess import upper_bound
from approvals.ladder.history import CanaryAnswer, Proposal

# Below this share of canaries noticed, somebody's reviews prove nothing.
SENSITIVITY_FLOOR = 0.8
# The risk of wrongly setting aside somebody who notices four of five.
RISK = 0.05
TOO_FAST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Canaries one approver saw and missed; their share noticed lies between the bounds, but for a risk of 5 % each."""

    by: str
    shown: int
    missed: int
    at_least: float
    at_most: float

    @property
    def found_out(self) -> bool:
        """True when they are shown to notice less than the floor."""
        return self.at_most < SENSITIVITY_FLOOR


def sensitivities(answers: Iterable[CanaryAnswer]) -> Mapping[str, Sensitivity]:
    """Each approver's sensitivity, by their id."""
    of: dict[str, list[bool]] = defaultdict(list)
    for answer in answers:
        of[answer.by].append(answer.missed)
    return {by: sensitivity(by, len(missed), sum(missed)) for by, missed in of.items()}


def sensitivity(by: str, shown: int, missed: int) -> Sensitivity:
    """Both bounds stay valid however often one looks; without a canary nothing is known."""
    least = 1 - upper_bound(shown, missed, RISK)
    return Sensitivity(by, shown, missed, least, upper_bound(shown, shown - missed, RISK))


def too_fast(proposals: Sequence[Proposal]) -> frozenset[str]:
    """Approvers whose median time from opening to deciding is shorter than anybody can read."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for proposal in proposals:
        for review in proposal.reviews:
            if review.seconds is not None:
                seconds[review.by].append(review.seconds)
    return frozenset(by for by, took in seconds.items() if median(took) < TOO_FAST_SECONDS)
