"""The statistics give the published numbers, stay safe at the edges, and refuse what makes no sense."""

from math import exp, log

import numpy as np
import pytest

from approvals.ladder.bars import Canaries, alpha_of, e_value, weigh
from approvals.ladder.detector import ALARM, watch
from approvals.ladder.eprocess import Item, first_n, log_e, log_e_items, upper_bound
from core.errors import Invalid

CLOSE = 1e-9


@pytest.mark.parametrize(
    ("n", "k", "t", "value"),
    [
        (1, 0, 0.01, 0.0078604398),
        (1, 1, 0.01, -1.5198257537),
        (100, 0, 0.01, 0.8025364776),
        (299, 0, 0.01, 2.4877468824),
        (356, 0, 0.01, 2.9885606984),
        (357, 0, 0.01, 2.9974088424),
        (500, 1, 0.01, 1.9120758781),
        (644, 1, 0.01, 3.0033309864),
        (846, 2, 0.01, 2.9996581716),
        (1000, 3, 0.01, 2.7170878475),
        (1000, 10, 0.01, -3.3186672242),
        (100_000, 500, 0.01, 153.3006213396),
        (178, 0, 0.02, 3.0060963916),
        (70, 0, 0.05, 3.0059162225),
    ],
)
def test_evidence_is_the_published_number(n: int, k: int, t: float, value: float) -> None:
    assert log_e(n, k, t) == pytest.approx(value, abs=CLOSE)
    assert log_e_items([Item(1.0)] * k + [Item(0.0)] * (n - k), t) == pytest.approx(log_e(n, k, t), rel=1e-9)


@pytest.mark.parametrize(
    ("n", "k", "alpha", "value"),
    [
        (0, 0, 0.05, 1.0),
        (59, 0, 0.05, 0.0588319071),
        (100, 0, 0.05, 0.0351824719),
        (300, 0, 0.05, 0.0118813109),
        (500, 0, 0.05, 0.0071474599),
        (500, 1, 0.05, 0.0128436459),
        (1000, 3, 0.05, 0.0103931918),
        (2000, 10, 0.05, 0.0110550604),
        (60, 0, 0.01, 0.0855384243),
        (100, 5, 0.01, 0.1557809035),
        (300, 15, 0.01, 0.1054128511),
    ],
)
def test_the_bound_is_the_published_number(n: int, k: int, alpha: float, value: float) -> None:
    assert upper_bound(n, k, alpha) == pytest.approx(value, abs=CLOSE)


@pytest.mark.parametrize(
    ("t", "firsts"),
    [
        (0.01, [357, 644, 846, 1040, 1226, 1404]),
        (0.02, [178, 321, 422, 518, 611, 700]),
        (0.05, [70, 127, 167, 205, 242, 278]),
    ],
)
def test_the_first_number_of_tickets_that_graduates(t: float, firsts: list[int]) -> None:
    assert [first_n(k, t, 20) for k in range(6)] == firsts
    for k, n in enumerate(firsts):
        assert weigh(n, k, t).graduates
        assert not weigh(n - 1, k, t).graduates
        assert weigh(n - 1, k, t).clean_needed() == 1


def test_sixty_clean_canaries_ask_for_more_tickets() -> None:
    weighed = weigh(418, 0, 0.01, canaries=Canaries(60, 0))
    assert weighed.effective_threshold == pytest.approx(0.00914462, abs=5e-9)
    assert weighed.graduates
    assert not weigh(417, 0, 0.01, canaries=Canaries(60, 0)).graduates


def test_the_first_version_asks_509_clean_tickets() -> None:
    at = [weigh(n, 0, 0.01, alpha=alpha_of(1), canaries=Canaries(60, 0)).graduates for n in (508, 509)]
    assert at == [False, True]


@pytest.mark.parametrize(("n", "k"), [(356, 0), (357, 0), (643, 1), (644, 1), (5000, 30), (1_000_000, 9_000)])
def test_the_bound_lies_below_the_threshold_exactly_when_it_graduates(n: int, k: int) -> None:
    for canaries in (None, Canaries(60, 0), Canaries(100, 5)):
        weighed = weigh(n, k, 0.01, canaries=canaries)
        assert weighed.graduates is (weighed.upper_bound <= weighed.effective_threshold)


def test_reviewers_who_miss_everything_prove_nothing() -> None:
    weighed = weigh(10**6, 0, 0.01, canaries=Canaries(20, 20))
    assert not weighed.graduates
    assert weighed.clean_needed() is None
    assert not weigh(10**6, 0, 0.01, canaries=Canaries(0, 0)).graduates


def test_severities_and_weights_give_the_published_numbers() -> None:
    half = [Item(0.0)] * 50 + [Item(0.5)] + [Item(0.0)] * 49
    assert log_e_items(half, 0.01) == pytest.approx(0.2790097136, abs=CLOSE)
    mixed = [Item(0), Item(1, 0.25), Item(0, 0.75), Item(0.2, 1)]
    assert log_e_items(mixed, 0.01) == pytest.approx(-0.3639116169, abs=CLOSE)


def test_the_detector_gives_the_published_numbers() -> None:
    watched = watch([Item(x) for x in (0, 0, 1, 0, 1)], 0.01)
    means = [0.9709595960, 1.9143901133, 11.0999929854, 11.5671658459, 64.9953921984]
    assert watched.statistics == pytest.approx(means, abs=CLOSE)
    assert watched.alarm_at is None


@pytest.mark.parametrize(("every", "alarm"), [(20, 120), (1, 5)])
def test_the_detector_rings_when_errors_are_frequent(every: int, alarm: int) -> None:
    audits = [Item(float(i % every == 0)) for i in range(1, 200)]
    assert watch(audits, 0.01).alarm_at == alarm


def test_the_detector_stays_a_number_for_ever() -> None:
    watched = watch([Item(1)] * 5_000 + [Item(0)] * 5_000, 0.01)
    assert watched.alarm_at == 5
    assert ALARM < max(watched.statistics) <= 1e300
    assert np.isfinite(watched.statistics).all()
    assert watch([], 0.01).now == 0.0


def _ever_graduates(p: float, t: float, looks: int) -> float:
    """Exact P(E reaches 20 within so many looks), by dynamic programming over the number of errors."""
    firsts = []
    while not firsts or firsts[-1] <= looks:
        firsts.append(first_n(len(firsts), t, 20))
    alive, stopped = np.zeros(len(firsts) + 1), 0.0
    alive[0] = 1.0
    for n in range(1, looks + 1):
        alive[1:] = alive[1:] * (1 - p) + alive[:-1] * p
        alive[0] *= 1 - p
        for k in np.flatnonzero(np.asarray(firsts) == n):
            stopped, alive[k] = stopped + alive[k], 0.0
    return float(stopped)


def test_false_graduation_is_as_rare_as_promised() -> None:
    assert _ever_graduates(0.01, 0.01, 5_000) == pytest.approx(0.04876109, abs=5e-9)
    assert _ever_graduates(0.002, 0.01, 1_000) == pytest.approx(0.80897133, abs=5e-9)


@pytest.mark.parametrize("k", [0, 1, 999_999, 1_000_000])
def test_large_numbers_stay_safe(k: int) -> None:
    n = 1_000_000
    assert np.isfinite(log_e(n, k, 0.01))
    bound = upper_bound(n, k, 0.05)
    assert k / n <= bound <= 1
    if k < n - 1:
        assert log_e(n, k, bound) == pytest.approx(log(20), abs=1e-4)


def test_ten_to_the_ninth_clean_tickets_have_a_bound_to_nine_digits() -> None:
    # With no errors E is close to e^(n u)/4 plus smaller terms; the exact root is found by plain bisection here.
    low, high = 0.0, 1e-6
    for _ in range(200):
        middle = (low + high) / 2
        value = sum(exp(min(700.0, 1e9 * middle * (1 - c))) / 4 for c in (0, 0.125, 0.25, 0.5))
        low, high = (low, middle) if value >= 20 else (middle, high)
    assert upper_bound(10**9, 0, 0.05) == pytest.approx(high, rel=1e-6)


def test_all_versions_together_stay_within_five_percent() -> None:
    assert sum(alpha_of(v) for v in range(1, 10_000)) < 0.05
    assert alpha_of(1) == pytest.approx(0.025)


def test_a_value_for_people_never_overflows() -> None:
    assert e_value(log(20)) == pytest.approx(20)
    assert e_value(1e9) == pytest.approx(1e300)


@pytest.mark.parametrize(
    ("n", "k", "t"),
    [
        (-1, 0, 0.01),
        (5, 6, 0.01),
        (5, -1, 0.01),
        (5, 0, 0.0),
        (5, 0, 1.0),
        (5, 0, -0.1),
        (5, 0, float("nan")),
    ],
)
def test_numbers_that_make_no_sense_are_refused(n: int, k: int, t: float) -> None:
    with pytest.raises(Invalid):
        log_e(n, k, t)
    with pytest.raises(Invalid):
        weigh(n, k, t)


def test_more_that_makes_no_sense() -> None:
    for wrong in (
        lambda: Item(1.5),
        lambda: Item(0.5, 2),
        lambda: Canaries(3, 4),
        lambda: alpha_of(0),
        lambda: upper_bound(5, 0, 0),
        lambda: watch([Item(0)], 1.0),
        lambda: first_n(0, 0.01, 1.0),
        lambda: log_e(True, 0, 0.01),
    ):
        with pytest.raises(Invalid):
            wrong()
