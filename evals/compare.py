"""Two runs of the same scenarios: which one is better, how sure that is, and every scenario that flipped."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from core.errors import Invalid
from core.frozen import Frozen
from evals.grade import Result
from evals.journal import Head
from evals.junit import case, suite

_RESAMPLES = 10_000
_SEED = 20_261
Verdict = Literal["better", "worse", "can't tell"]


class Flip(Frozen):
    """A scenario that went the other way, as its worst epoch shows it."""

    scenario: str
    category: str
    base: float
    candidate: float
    """Shares of its runs that passed."""
    faults: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    """What the customer saw, in both runs."""


class Compared(Frozen):
    """The verdict; `difference` is in shares of runs that passed, with its 95 % interval."""

    base: str
    candidate: str
    scenarios: int
    verdict: Verdict
    difference: float
    low: float
    high: float
    new_wrong_effects: int
    lost: tuple[Flip, ...]
    won: tuple[Flip, ...]
    wrong: tuple[Flip, ...]
    """Scenarios with more wrong effects than before."""

    @property
    def blocks(self) -> bool:
        """True for what must not be released: a loss that is no chance, or a wrong effect that was not there."""
        return self.verdict == "worse" or self.new_wrong_effects > 0

    def as_junit(self) -> str:
        """Each scenario that flipped as a case; what got worse fails."""
        worse = {f.scenario: f for f in (*self.lost, *self.wrong)}
        cases = [
            case(f.category, f.scenario, 0.0, "\n".join((*f.faults, "", *f.after))) for f in worse.values()
        ]
        cases += [case(f.category, f.scenario, 0.0) for f in self.won if f.scenario not in worse]
        told = verdict_line(self) if self.blocks else None
        return suite("remit evals compare", [case("compare", "verdict", 0.0, told), *cases])


def compared(base: tuple[Head, Sequence[Result]], candidate: tuple[Head, Sequence[Result]]) -> Compared:
    """Holds the candidate against the base; raises Invalid when they did not play the same."""
    (one, before), (two, after) = base, candidate
    if (one.digest, one.seed, one.epochs) != (two.digest, two.seed, two.epochs):
        raise Invalid(
            f"{one.run} and {two.run} did not play the same scenarios with one seed and as many epochs; "
            "run both again on the same suites"
        )
    pairs = _paired(before, after)
    gains = np.array([_share(new) - _share(old) for old, new in pairs])
    low, high = _interval(gains)
    wrong = [(old, new) for old, new in pairs if _wrong(new) > _wrong(old)]
    return Compared(
        base=one.run,
        candidate=two.run,
        scenarios=len(pairs),
        verdict="better" if low > 0 else "worse" if high < 0 else "can't tell",
        difference=round(float(gains.mean()), 4),
        low=low,
        high=high,
        new_wrong_effects=sum(_wrong(new) - _wrong(old) for old, new in wrong),
        lost=tuple(_flip(*pair) for pair in pairs if _share(pair[1]) < _share(pair[0])),
        won=tuple(_flip(*pair) for pair in pairs if _share(pair[1]) > _share(pair[0])),
        wrong=tuple(_flip(*pair) for pair in wrong),
    )


Pair = tuple[Sequence[Result], Sequence[Result]]


def _paired(before: Sequence[Result], after: Sequence[Result]) -> list[Pair]:
    runs: dict[str, tuple[list[Result], list[Result]]] = defaultdict(lambda: ([], []))
    for place, results in enumerate((before, after)):
        for result in results:
            runs[result.scenario][place].append(result)
    return list(runs.values())


def _interval(gains: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, float]:
    """The 95 % interval of the mean gain: scenarios drawn again with replacement (paired bootstrap, percentiles)."""
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(0, len(gains), size=(_RESAMPLES, len(gains)))
    low, high = np.percentile(gains[drawn].mean(axis=1), [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def _share(runs: Sequence[Result]) -> float:
    return sum(r.passed for r in runs) / len(runs)


def _wrong(runs: Sequence[Result]) -> int:
    return sum(r.wrong_effects for r in runs)


def _flip(before: Sequence[Result], after: Sequence[Result]) -> Flip:
    worst = min(after, key=lambda r: (r.passed, -r.wrong_effects))
    old = min(before, key=lambda r: (r.passed, -r.wrong_effects))
    return Flip(
        scenario=worst.scenario,
        category=worst.category,
        base=round(_share(before), 4),
        candidate=round(_share(after), 4),
        faults=worst.faults,
        before=old.transcript,
        after=worst.transcript,
    )


def as_lines(found: Compared) -> list[str]:
    """For people: every flip with both transcripts, the verdict in the last line."""
    lines = []
    for name, flips in (("WRONG EFFECT", found.wrong), ("LOST", found.lost), ("WON", found.won)):
        for flip in flips:
            lines.append(
                f"{name} {flip.category} / {flip.scenario} ({flip.base:.0%} -> {flip.candidate:.0%})"
            )
            lines += [f"  - {fault}" for fault in flip.faults]
            if name != "WON":
                lines += ["    before:", *(f"      {line}" for line in flip.before)]
                lines += ["    after:", *(f"      {line}" for line in flip.after)]
    return [*lines, verdict_line(found)]


def verdict_line(found: Compared) -> str:
    """Better, worse or can't tell, by how much, and what else must be known."""
    told = (
        f"{found.verdict}: {found.difference:+.1%} of runs pass (95 %: {found.low:+.1%} to {found.high:+.1%}), "
        f"{len(found.lost)} lost, {len(found.won)} won of {found.scenarios} scenarios"
    )
    return f"{told}, new wrong effects: {found.new_wrong_effects}."
