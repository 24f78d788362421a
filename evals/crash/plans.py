"""Which kills are done: every point, pairs of points, moments; of a process, of one of two workers, of the database."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["points", "workers", "pairs", "moments", "database"]
# Of a run that cannot do everything: how its kills are shared out. What a kind does not use up, pairs take.
SHARES: dict[Kind, float] = {
    "points": 0.18,
    "workers": 0.12,
    "pairs": 0.42,
    "moments": 0.14,
    "database": 0.14,
}


@dataclass(frozen=True)
class Plan:
    """One story's kills: `first` in the story (points from 1, or seconds), `second` in the recovery from the first."""

    kind: Kind
    first: float
    second: float | None = None

    @property
    def kills(self) -> int:
        return 1 if self.second is None else 2

    def __str__(self) -> str:
        again = "" if self.second is None else f" and {self.second:g}"
        return f"{self.kind}: {self.first:g}{again}"


@dataclass(frozen=True)
class Measured:
    """How many points there are: of the whole story, of its writes, of a worker's part, of the effect, of a recovery."""

    story: int
    story_writes: int
    worker: int
    effect: int
    recovery_writes: int
    seconds: float


def all_of(kind: Kind, measured: Measured, rng: random.Random, *, moments: int) -> list[Plan]:
    """Every plan of a kind, in an order that makes any beginning of it a fair sample."""
    plans = list(_every(kind, measured, rng, moments=moments))
    rng.shuffle(plans)
    return plans


def _every(kind: Kind, m: Measured, rng: random.Random, *, moments: int) -> Iterator[Plan]:
    match kind:
        case "points":
            yield from (Plan(kind, k) for k in range(1, m.story + 1))
        case "workers":
            yield from (Plan(kind, k) for k in range(1, m.worker + 1))
        case "pairs":
            for first in range(1, m.effect + 1):
                yield from (Plan(kind, first, second) for second in range(1, m.recovery_writes + 1))
        case "moments":
            for _ in range(moments):
                yield Plan(kind, rng.uniform(0.02, m.seconds), rng.uniform(0.02, m.seconds))
        case "database":
            yield from (Plan(kind, k) for k in range(1, m.story_writes + 1))
            # The database dies, comes back, and dies again while the first death is being repaired.
            writes = range(1, m.recovery_writes + 1)
            yield from (Plan(kind, rng.randint(1, m.story_writes), second) for second in writes)


def chosen(kills: int | None, measured: Measured, seed: int) -> Sequence[Plan]:
    """Plans of about so many kills, shared out over all kinds; None: every one there is."""
    rng = random.Random(seed)  # noqa: S311 - which kills come first is no secret
    moments = 150 if kills is None else max(1, round(kills * SHARES["moments"] / 2))
    plans: list[Plan] = []
    left = 0.0
    for kind in ("points", "workers", "database", "moments", "pairs"):
        every = all_of(kind, measured, rng, moments=moments)
        if kills is None:
            plans += every
            continue
        share = kills * SHARES[kind] + (left if kind == "pairs" else 0)
        taken = _up_to(every, share)
        left += share - sum(plan.kills for plan in taken)
        plans += taken
    rng.shuffle(plans)
    return plans


def _up_to(plans: Sequence[Plan], kills: float) -> list[Plan]:
    taken: list[Plan] = []
    for plan in plans:
        if kills <= 0:
            break
        taken.append(plan)
        kills -= plan.kills
    return taken
