"""The numbers and what they mean: one table that pages, exports and docs are rendered from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from insights.counts import Counts

Unit = Literal["share", "seconds", "usd"]
Verdict = Literal["inside", "below", "above", "too_few", "not_judged"]
# Below this many a number says nothing yet, so nothing is coloured by it.
ENOUGH = 20
START = "start"


@dataclass(frozen=True, slots=True)
class Reading:
    """One number: `n` of `of`, its value in the measure's unit, and how many of `n` may still turn out otherwise."""

    value: float | None
    n: int
    of: int
    may_turn: int = 0
    p90: float | None = None

    @property
    def at_least(self) -> float | None:
        """What is left of a share if everything that may still turn does."""
        return (self.n - self.may_turn) / self.of if self.of and self.may_turn else None


@dataclass(frozen=True, slots=True)
class Band:
    """Where a number should be, in its unit; `why` says what leaving it means."""

    low: float | None
    high: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its definition. `baseline` is the first thirty days on record, or the key of another measure."""

    key: str
    title: str
    unit: Unit
    definition: str
    out_of: str
    baseline: str
    band: Band
    read: Callable[[Counts], Reading]
    mixes: bool = False
    """True where the band fits all categories together only: one that people review is meant to stay at zero."""

    def verdict(self, reading: Reading, *, of_one: bool = False) -> Verdict:
        """Where a reading lies against the band; nothing is judged on fewer than `ENOUGH`.

        Args:
            of_one: whether it is the reading of one category alone.
        """
        if of_one and self.mixes:
            return "not_judged"
        if reading.value is None or reading.of < ENOUGH:
            return "too_few"
        if self.band.low is not None and reading.value < self.band.low:
            return "below"
        if self.band.high is not None and reading.value > self.band.high:
            return "above"
        return "inside"


def share(n: int, of: int, *, may_turn: int = 0) -> Reading:
    """A part of a whole; without a whole there is no value."""
    return Reading(n / of if of else None, n, of, may_turn)


def spent(total: float, each: int) -> Reading:
    """What one of `each` took of a total."""
    return Reading(total / each if each else None, each, each)


def time(median: float | None, p90: float | None, n: int) -> Reading:
    """A median in seconds; nine of ten took no longer than `p90`."""
    return Reading(median, n, n, p90=p90)


_SECONDS = 60.0
_HOURS = 3600.0
_ALL = (
    Measure(
        "resolved_alone",
        "Resolved by the agent alone",
        "share",
        "Conversations that the agent ended with the wish fulfilled, in which no person had a part, and whose customer did "
        "not come back within seven days: not in the same thread, and not about the same in a new one. Silence is not "
        "success. What ended less than seven days ago may still come back; how many these are stands beside the number.",
        "conversations that ended",
        START,
        Band(0.4, 0.85, "Above the band, look whether something is counted that nobody solved."),
        lambda c: share(c.resolved, c.ended, may_turn=c.resolved_young),
        mixes=True,
    ),
    Measure(
        "deflected",
        "Ended in silence",
        "share",
        "Conversations without a person that ended because the customer wrote nothing for 72 hours. Others call this "
        "deflection and count it as success; nobody knows whether it was one, so it stands apart and counts for nothing.",
        "conversations that ended",
        START,
        Band(None, 0.1, "Above the band, people give up."),
        lambda c: share(c.abandoned, c.ended),
    ),
    Measure(
        "escalated",
        "Handed to a person",
        "share",
        "Conversations opened in this time that were given to a person, whoever asked for it: a rule, the agent or the "
        "customer.",
        "conversations opened",
        START,
        Band(0.05, 0.35, "Below the band, look whether people who need a person get one."),
        lambda c: share(c.handed_over, c.opened),
        mixes=True,
    ),
    Measure(
        "escalation_right",
        "Handed over rightly",
        "share",
        "Of the handovers that a colleague closed, those where they said that it needed a person. Handovers not closed yet "
        "are not in it.",
        "handovers marked by a colleague",
        START,
        Band(0.8, None, "Below the band, the agent gives up too early."),
        lambda c: share(c.needed, c.marked),
    ),
    Measure(
        "first_response_agent",
        "First answer, agent",
        "seconds",
        "Median time from the customer's first message of a conversation to the agent's first one.",
        "conversations the agent answered",
        "first_response_person",
        Band(None, 10, "Above the band, people wonder whether anybody is there."),
        lambda c: time(c.agent_first_p50, c.agent_first_p90, c.answered_by_agent),
    ),
    Measure(
        "first_response_person",
        "First answer, people",
        "seconds",
        "Median time from a handover to the first message of a colleague.",
        "handovers a colleague answered",
        START,
        Band(None, 20 * _SECONDS, "Customers are told that it is usually under 20 minutes."),
        lambda c: time(c.person_first_p50, c.person_first_p90, c.answered_by_person),
    ),
    Measure(
        "resolution_agent",
        "Until it ended, agent",
        "seconds",
        "Median time from the opening of a conversation (or its reopening) to its end, where the agent ended it alone.",
        "conversations the agent ended alone",
        "resolution_person",
        Band(None, 10 * _SECONDS, "Above the band, look which step waits."),
        lambda c: time(c.agent_solved_p50, c.agent_solved_p90, c.solved_by_agent),
    ),
    Measure(
        "resolution_person",
        "Until it ended, people",
        "seconds",
        "The same where a person had a part in it: a review, or the whole conversation.",
        "conversations a person had a part in",
        START,
        Band(None, 24 * _HOURS, "Waiting actions expire after a day."),
        lambda c: time(c.person_solved_p50, c.person_solved_p90, c.solved_by_person),
    ),
    Measure(
        "csat_agent",
        "Satisfied, agent",
        "share",
        "Of the customers who answered the one question at the end of what the agent ended alone, those who gave 4 or 5 of 5.",
        "answers",
        "csat_person",
        Band(0.85, None, "Below the band, read the conversations with 1 and 2."),
        lambda c: share(c.pleased_agent, c.rated_agent),
    ),
    Measure(
        "csat_assisted",
        "Satisfied, with a review",
        "share",
        "The same where the agent did the work and a colleague decided on part of it.",
        "answers",
        "csat_person",
        Band(0.85, None, "Below the band, look how long reviews make people wait."),
        lambda c: share(c.pleased_assisted, c.rated_assisted),
    ),
    Measure(
        "csat_person",
        "Satisfied, people",
        "share",
        "The same where a colleague ended the conversation.",
        "answers",
        START,
        Band(0.85, None, "What people reach is what the agent is held against."),
        lambda c: share(c.pleased_person, c.rated_person),
    ),
    Measure(
        "unmodified",
        "Proposals left as they were",
        "share",
        "Of the proposals that colleagues decided on, answers included, those approved without a change. An edit, a "
        "rejection and a take-over all count as a change; only the first decision on a proposal counts.",
        "proposals decided on",
        START,
        Band(0.9, None, "Below the band, look at the reasons: shadow is left at 90 %."),
        lambda c: share(c.unmodified, c.decided),
    ),
    Measure(
        "reopened",
        "Reopened within seven days",
        "share",
        "Endings whose thread was opened again within seven days, whoever had ended it and whatever it was about.",
        "conversations that ended",
        START,
        Band(None, 0.05, "Above the band, endings come too early."),
        lambda c: share(c.reopened, c.ended),
    ),
    Measure(
        "repeated",
        "Came back about the same",
        "share",
        "Endings after which the customer came back about the same issue within seven days, in this thread or a new one: "
        "the same category and, where both touched something, the same object. Known once the later conversation has "
        "ended. For a category that runs alone these are late errors.",
        "conversations that ended",
        START,
        Band(None, 0.05, "Above the band, something is called settled that is not."),
        lambda c: share(c.repeated, c.ended),
    ),
    Measure(
        "cost_model",
        "Model cost of one resolution",
        "usd",
        "What the model cost in all conversations opened in this time, divided by those the agent resolved alone: the "
        "successes pay for the failures. The offline model costs nothing.",
        "conversations resolved by the agent alone",
        START,
        Band(None, 0.5, "Above the band, look for long conversations."),
        lambda c: spent(c.model_cost / 1_000_000, c.resolved),
    ),
    Measure(
        "colleague_time",
        "Review time for one resolution",
        "seconds",
        "The time colleagues had proposals open (at most half an hour each), divided by the conversations resolved with or "
        "without them that did not come back.",
        "conversations resolved, alone or with a review",
        START,
        Band(None, 120, "Above the band, look which categories wait for a decision that is always the same."),
        lambda c: spent(c.review_seconds, c.resolved + c.assisted),
    ),
)
MEASURES: Mapping[str, Measure] = {measure.key: measure for measure in _ALL}


def in_words(value: float | None, unit: Unit) -> str:
    """A value as people read it: `62 %`, `1.4 s`, `3 min`, `$0.12`; a dash where there is none."""
    if value is None:
        return "–"
    match unit:
        case "share":
            return f"{value * 100:.0f} %" if value in (0, 1) or value >= 0.1 else f"{value * 100:.1f} %"
        case "usd":
            return f"${value:,.2f}" if value >= 0.01 or value == 0 else f"${value:.4f}"
        case "seconds":
            return _span(value)
        case _:
            assert_never(unit)


def band_in_words(measure: Measure) -> str:
    """The band as people read it: `40 % to 85 %`, `at most 10 s`."""
    low, high = measure.band.low, measure.band.high
    if low is None:
        return f"at most {in_words(high, measure.unit)}"
    if high is None:
        return f"at least {in_words(low, measure.unit)}"
    return f"{in_words(low, measure.unit)} to {in_words(high, measure.unit)}"


def baseline_in_words(measure: Measure) -> str:
    """What a number is held against."""
    if measure.baseline == START:
        return "the first thirty days on record"
    return f"“{MEASURES[measure.baseline].title}” of the same time"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            number = seconds / size
            return f"{number:.0f} {unit}" if number >= 10 or number == int(number) else f"{number:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
