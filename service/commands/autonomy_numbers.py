"""`remit autonomy evidence` and `drift` on numbers given by hand: the statistics with nothing behind them."""

from typing import Annotated, Any

import typer

from approvals.ladder.bars import ALPHA, MIN_TICKETS, Canaries, Weighed, weigh
from approvals.ladder.detector import ALARM, watch
from approvals.ladder.eprocess import Item
from core.errors import Invalid
from service.commands.output import Json, report, say

Threshold = Annotated[float, typer.Option(help="The error rate to stay below: 0.01 is 1 %.")]
MIN_DAYS = 14


def weigh_numbers(
    n: int | None,
    k: int,
    threshold: float | None,
    *,
    alpha: float,
    canaries: int | None,
    missed: int,
    days: int | None,
) -> dict[str, Any]:
    """The report on n tickets with k errors; raises Invalid for numbers that make no sense."""
    if n is None or threshold is None:
        raise Invalid("Give a category, or --n and --threshold (and --k errors).")
    if canaries is None and missed:
        raise Invalid("--missed needs --canaries: of how many were they missed?")
    seen = None if canaries is None else Canaries(canaries, missed)
    weighed = weigh(n, k, threshold, alpha=alpha, canaries=seen)
    return as_report(weighed) | {"blocked_by": _blocked(weighed, canaries, days)}


def as_report(weighed: Weighed) -> dict[str, Any]:
    """What was weighed, by the keys of the report."""
    return {
        "n": weighed.n,
        "k": weighed.k,
        "log_e": weighed.log_e,
        "bar": weighed.bar,
        "upper_bound": weighed.upper_bound,
        "effective_threshold": weighed.effective_threshold,
        "miss_bound": weighed.miss_bound,
        "graduates": weighed.graduates,
        "clean_needed": weighed.clean_needed(),
    }


def _blocked(weighed: Weighed, canaries: int | None, days: int | None) -> list[str]:
    """What stands between these numbers and a graduation; what was not told counts as not shown."""
    stands = {
        "evidence": not weighed.graduates,
        "n": weighed.n < MIN_TICKETS,
        "days": days is None or days < MIN_DAYS,
        "canaries": canaries is None,
    }
    return [name for name, blocks in stands.items() if blocks]


def say_numbers(found: dict[str, Any]) -> None:
    """The same in words."""
    say(f"{found['n']} tickets, {found['k']} errors: log E {found['log_e']:.4f}")
    say(
        f"The error rate lies below {found['upper_bound']:.4%}; it must be below {found['effective_threshold']:.4%}"
    )
    if found["graduates"]:
        say("The evidence is enough.")
    elif found["clean_needed"] is None:
        say("No number of clean reviews is enough: the reviewers have not shown that they notice errors.")
    else:
        say(f"{found['clean_needed']} more tickets without an error would be enough.")
    if found["blocked_by"]:
        say(f"Not shown: {', '.join(found['blocked_by'])}")


def drift(
    threshold: Threshold,
    audits: Annotated[str, typer.Option(help="Severities of audited tickets in order: 0,0,1.")],
    as_json: Json = False,
) -> None:
    """What the drift detector says of audited tickets, and at which of them it rings."""
    watched = watch([Item(x) for x in _severities(audits)], threshold)
    if as_json:
        report({"statistics": list(watched.statistics), "alarm_at": watched.alarm_at, "alarm": ALARM})
        return
    say(
        f"After {len(watched.statistics)} audits the statistic is {watched.now:.4f}; {ALARM:.0f} is the alarm."
    )
    say(
        "No alarm."
        if watched.alarm_at is None
        else f"Alarm at audit {watched.alarm_at}: back to observation."
    )


def _severities(audits: str) -> list[float]:
    try:
        return [float(part) for part in audits.split(",")]
    except ValueError:
        raise Invalid(f"Audits are numbers from 0 to 1 between commas, like 0,0,1; not {audits!r}.") from None


__all__ = ["ALPHA", "drift", "say_numbers", "weigh_numbers"]
