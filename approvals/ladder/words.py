"""What evidence says, in sentences for people in ops. Pure."""

from collections.abc import Sequence

from approvals.ladder.bars import MIN_TICKETS, RUNGS
from approvals.ladder.evidence import MIN_DAYS, Blocker, Evidence
from core.standing import Standing


def in_words(shown: Evidence, rung: Standing, stands: Sequence[Blocker]) -> list[str]:
    """One sentence per thing that keeps a category off a rung."""
    return [_sentence(shown, rung, one) for one in stands]


def guarantee(threshold: float) -> str:
    """What the proof promises, with this category's number."""
    return (
        f"If this category's true error rate is {share(threshold)} or more, there is at most a 1-in-20 chance that this "
        "screen ever turns green, however often you look or however long you wait."
    )


def share(value: float) -> str:
    """0.01 -> 1 %; as many digits as it needs."""
    return f"{value * 100:.3g} %"


def _sentence(shown: Evidence, rung: Standing, one: Blocker) -> str:
    terms = shown.terms
    match one:
        case "tier":
            return f"Categories of tier {terms.tier} are always decided by people"
        case "ceiling":
            return f"The category's file lets it rise to {terms.ceiling} at most"
        case "n":
            return f"{shown.n} tickets of the {MIN_TICKETS} that are needed at least"
        case "days":
            return f"{shown.days} days of the {max(MIN_DAYS, terms.min_days)} that are needed at least"
        case "canaries":
            return "No canary was answered yet, so nobody knows whether reviewers notice errors"
        case "sensitivity":
            return "Reviewers have let too many canaries pass"
        case "evidence":
            return _lacking(shown, rung)


def _lacking(shown: Evidence, rung: Standing) -> str:
    needed = shown.weighed.clean_needed(RUNGS.get(rung, 1))
    errors = "no error" if shown.k == 0 else "1 error" if shown.k == 1 else f"{shown.k} errors"
    so_far = f"{shown.n} tickets with {errors} show an error rate below {share(shown.weighed.upper_bound)}"
    if needed is None:
        return (
            f"{so_far}; no number of reviews is enough while reviewers have not shown that they notice errors"
        )
    return f"{so_far}; about {needed} more without an error are needed"
