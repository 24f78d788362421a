"""Every number of a stretch of time, overall and by category, beside its baseline and its trend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from insights.counts import NOTHING, Counts, Place, Window, count, is_real, stretches
from insights.measures import MEASURES, START, Measure, Reading, Verdict
from store.columns import table
from store.tables.conversation import ConversationRow
from store.work import Store, Work

_CONVERSATION = table(ConversationRow)
# What a number is held against is counted once, over the first this many days.
FIRST_DAYS = 30
DAYS = (7, 30, 60, 90)


@dataclass(frozen=True, slots=True)
class Number:
    """One measure of one category (None: all together) with what it is held against and where it came from."""

    measure: Measure
    category: str | None
    now: Reading
    verdict: Verdict
    baseline: Reading | None
    trend: Sequence[Reading]
    """The last thirty days, the thirty before, and the thirty before those."""


@dataclass(frozen=True, slots=True)
class Board:
    """All numbers of one stretch; `first` is when the first conversation was opened, `open_now` how many have not ended."""

    window: Window
    days: int
    first: datetime | None
    open_now: int
    counts: Mapping[Place, Counts]

    @property
    def categories(self) -> Sequence[str]:
        """The categories in which anything happened in this stretch."""
        return sorted({place.category for place in self.counts if place.window == "now" and place.category})

    @property
    def has_baseline(self) -> bool:
        """True once the first thirty days lie behind us."""
        return self.first is not None and self.window.stop - self.first >= timedelta(days=FIRST_DAYS)

    def number(self, key: str, category: str | None = None) -> Number:
        """One number; of a category in which nothing happened it has no value."""
        measure = MEASURES[key]
        now = measure.read(self.of("now", category))
        trend = tuple(measure.read(self.of(name, category)) for name in ("30", "60", "90"))
        verdict = measure.verdict(now, of_one=category is not None)
        return Number(measure, category, now, verdict, self._baseline(measure, category), trend)

    def of(self, window: str, category: str | None) -> Counts:
        """The raw counts behind the numbers of a stretch."""
        return self.counts.get(Place(window, category), NOTHING)

    def _baseline(self, measure: Measure, category: str | None) -> Reading | None:
        if measure.baseline != START:
            return MEASURES[measure.baseline].read(self.of("now", category))
        return measure.read(self.of(START, category)) if self.has_baseline else None


async def board(store: Store, *, days: int = 30) -> Board:
    """Every number of the last `days` days."""
    async with store.begin() as work:
        first = await _first(work)
        windows = dict(stretches(work.now, days))
        if first is not None:
            windows[START] = Window(first, first + timedelta(days=FIRST_DAYS))
        return Board(windows["now"], days, first, await _open(work), await count(work, windows))


async def weeks(store: Store, *, number: int = 13) -> Mapping[datetime, Mapping[Place, Counts]]:
    """The counts week by week, the oldest first, by when the week began."""
    week = timedelta(days=7)
    async with store.begin() as work:
        starts = [work.now - n * week for n in range(number, 0, -1)]
        windows = {start.isoformat(): Window(start, start + week) for start in starts}
        counts = await count(work, windows)
    return {
        start: {Place("week", p.category): c for p, c in counts.items() if p.window == start.isoformat()}
        for start in starts
    }


async def _open(work: Work) -> int:
    still = select(func.count()).where(_CONVERSATION.c.state != "closed", is_real())
    return int(await work.value(still) or 0)


async def _first(work: Work) -> datetime | None:
    found: datetime | None = await work.value(select(func.min(_CONVERSATION.c.opened_at)).where(is_real()))
    return found
