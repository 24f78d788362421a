"""The recorded stream on the ladder: what observation holds, what a perfect reviewer lets run, what could graduate."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from approvals.ladder.bars import MIN_TICKETS, weigh
from core.actions import Ask, Execute, HandOver, Hold, Refuse
from evals.domains.pack import Pack
from evals.replay.judge import Judged

_NAMES = {Ask: "asked", Hold: "held", Execute: "executed", Refuse: "refused", HandOver: "handed_over"}


def ladder(pack: Pack, rows: Sequence[Judged]) -> dict[str, Any]:
    """What would have become of every write, and the evidence per category after each ticket.

    A ticket is one run; it counts as an error when any of its writes was wrong. Recorded runs have no days, so only
    errors and numbers keep a category down here.
    """
    held = [one for one in rows if isinstance(one.observed, Hold)]
    ran = [one for one in held if _approves(one) and isinstance(one.reviewed, Execute)]
    return {
        "tickets": len({_ticket(one) for one in rows}),
        "routes": dict(sorted(Counter(_NAMES[type(one.observed)] for one in rows).items())),
        "approved": len(ran),
        "wrong_effects_executed": sum(one.changed and not one.right for one in ran),
        # What a person decides because no rule allows it is no evidence for running alone.
        "after_rules_and_confirmation": _evidence(pack, [one for one in held if one.verdict.kind == "allow"]),
        "without_them": _evidence(pack, [one for one in rows if one.changed]),
    }


def _approves(one: Judged) -> bool:
    """The perfect reviewer: knows what the task wanted and lets nothing else pass."""
    return one.right


def _ticket(one: Judged) -> tuple[str, str, str]:
    return one.run.task, one.run.trial, one.run.place


def _evidence(pack: Pack, rows: Sequence[Judged]) -> dict[str, Any]:
    tickets: dict[str, dict[tuple[str, str, str], bool]] = defaultdict(dict)
    for one in rows:
        errors = tickets[one.category]
        errors[_ticket(one)] = errors.get(_ticket(one), False) or not one.right
    found = {}
    for category, errors in sorted(tickets.items()):
        policy = pack.catalog.get(category)
        assert policy is not None
        found[category] = _weighed(list(errors.values()), policy.autonomy.threshold)
    return found


def _weighed(errors: Sequence[bool], threshold: float) -> dict[str, Any]:
    k, ever = 0, False
    for n, wrong in enumerate(errors, start=1):
        k += wrong
        # Looking after every ticket, as people do.
        ever = ever or (n >= MIN_TICKETS and weigh(n, k, threshold).graduates)
    last = weigh(len(errors), k, threshold)
    return {
        "tickets": len(errors),
        "with_an_error": k,
        "error_rate": round(k / len(errors), 4),
        "upper_bound": round(last.upper_bound, 4),
        "threshold": threshold,
        "log_e": round(last.log_e, 4),
        "graduates": ever,
    }
