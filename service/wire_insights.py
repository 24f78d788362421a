"""What the API gives of the numbers, as OpenAPI shows it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from insights.measures import Unit, Verdict
from service.wire import Out


class Reading(Out):
    """`n` of `of`; `value` in the measure's unit; `may_turn` of `n` may still turn out otherwise."""

    value: float | None
    n: int
    of: int
    may_turn: int
    p90: float | None


class Number(Reading):
    """One number; `category` null is all together, `trend` the last three times thirty days."""

    measure: str
    category: str | None
    at_least: float | None
    verdict: Verdict
    baseline: Reading | None
    trend: dict[Literal["30", "60", "90"], Reading]


class Band(Out):
    low: float | None
    high: float | None
    why: str


class Measure(Out):
    """What a number means and what it is held against."""

    measure: str
    title: str
    unit: Unit
    definition: str
    out_of: str
    baseline: str
    band: Band


class Numbers(Out):
    """Times are seconds, money is dollars, shares are 0 to 1."""

    version: Literal[1]
    from_: datetime = Field(alias="from")
    to: datetime
    days: int
    measures: list[Measure]
    numbers: list[Number]


class Row(Out):
    """One conversation or decision that was counted, and on which side of a share it fell."""

    id: str
    conversation_id: str
    action_id: str | None
    category: str
    at: datetime
    what: str
    counts: bool | None
    value: float | None


class Rows(Out):
    measure: str
    rows: list[Row]
    next: int | None
