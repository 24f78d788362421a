"""Evidence that an error rate lies below a threshold, as an e-process: valid however often one looks. Pure.

E(n, k; t) = sum over c of 1/4 * c^k * ((1 - c t)/(1 - t))^(n - k), for the guesses c that the true rate is c*t
(Ville 1939; Waudby-Smith & Ramdas 2023). It is kept as its logarithm, so that no count is too large for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf, isfinite, log, log1p

from core.errors import Invalid

GUESSES = (0.0, 0.125, 0.25, 0.5)
_WEIGHT = log(1 / len(GUESSES))


@dataclass(frozen=True, slots=True)
class Item:
    """One reviewed ticket: its severity in [0, 1] and a weight in [0, 1] that was fixed before the review."""

    x: float
    w: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.w <= 1):
            raise Invalid(f"A severity and a weight lie between 0 and 1, not {self.x!r} and {self.w!r}.")


def log_e(n: int, k: int, t: float) -> float:
    """log E after n reviewed tickets with k errors, at threshold t; raises Invalid."""
    check_counts(n, k)
    check_share("threshold", t)
    grows = -log1p(-t)
    return _mixed(_errors(c, k) + (n - k) * (log1p(-c * t) + grows) for c in GUESSES)


def log_e_items(items: Iterable[Item], t: float) -> float:
    """log E of tickets with severities and weights, in any order of equal product; raises Invalid."""
    check_share("threshold", t)
    sums = [0.0] * len(GUESSES)
    for item in items:
        # For x = 1, w = 1 this is exactly -(1 - c), so that the guess c = 0 dies of its first error.
        step = item.w * (t - item.x) / (1 - t)
        for i, c in enumerate(GUESSES):
            bet = (1 - c) * step
            sums[i] = sums[i] + log1p(bet) if bet > -1 else -inf
    return _mixed(sums)


def upper_bound(n: int, k: int, alpha: float) -> float:
    """The rate u with E(n, k; u) = 1/alpha: below it the true rate lies, but for a risk alpha over all looks."""
    check_counts(n, k)
    check_share("alpha", alpha)
    if n == k:
        return 1.0
    bar, low, high = -log(alpha), 0.0, 1.0
    # E increases in u, so halving is safe; it ends when no number lies between.
    while low < (middle := low + (high - low) / 2) < high:
        low, high = (low, middle) if log_e(n, k, middle) >= bar else (middle, high)
    return high


def first_n(k: int, t: float, bar: float) -> int:
    """The smallest number of tickets at which k errors still reach log E >= log bar."""
    check_counts(k, k)
    check_share("threshold", t)
    if not (isfinite(bar) and bar > 1):
        raise Invalid(f"A bar is a number above 1, not {bar!r}.")
    wanted, low, high = log(bar), k, k + 1
    while log_e(high, k, t) < wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if log_e(middle, k, t) >= wanted else (middle, high)
    return high


def check_counts(n: int, k: int) -> None:
    """Raises Invalid unless 0 <= k <= n are whole numbers."""
    if isinstance(n, bool) or isinstance(k, bool) or not (isinstance(n, int) and isinstance(k, int)):
        raise Invalid(f"Tickets and errors are whole numbers, not {n!r} and {k!r}.")
    if not 0 <= k <= n:
        raise Invalid(f"Of {n} tickets at least 0 and at most {n} can be errors, not {k}.")


def check_share(name: str, value: float) -> None:
    """Raises Invalid unless the value lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise Invalid(f"The {name} lies between 0 and 1 (0.01 is 1 %), not {value!r}.")


def _errors(c: float, k: int) -> float:
    if k == 0:
        return 0.0
    return k * log(c) if c > 0 else -inf


def _mixed(logs: Iterable[float]) -> float:
    """log of the mean of the exponentials."""
    logs = list(logs)
    top = max(logs)
    if top == -inf:
        return -inf
    return _WEIGHT + top + log(sum(exp(one - top) for one in logs))
