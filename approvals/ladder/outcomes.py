"""What each decision says about the agent: the one table of which reasons and edits count as its error. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, get_args

from core.standing import Decision, ReasonCode

# clean and error are evidence; void says nothing either way (the customer changed their mind).
Says = Literal["clean", "error", "void"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason says, and whether it pulls an autonomous category back by itself."""

    says: Says
    critical: bool
    why: str


REASONS: Mapping[ReasonCode, Meaning] = {
    "wrong_action": Meaning("error", False, "something else was wanted"),
    "wrong_customer": Meaning("error", True, "it would have reached somebody else"),
    "wrong_amount": Meaning("error", False, "the sum is not what was asked or owed"),
    "wrong_text": Meaning("error", False, "the customer would have read something wrong"),
    "policy_missing": Meaning("error", False, "alone it would have run where no rule should let it"),
    "insufficient_evidence": Meaning("error", False, "it was proposed without ground"),
    "customer_withdrew": Meaning("void", False, "the customer no longer wants it"),
    "duplicate_request": Meaning("error", False, "it would have happened twice"),
    "other": Meaning("error", False, "doubt counts against the agent"),
}
LATE = Literal["refund_failed", "dispute", "reopened", "reported"]
# What is found out after the review; each is an error, whoever approved.
LATE_ERRORS: Mapping[LATE, str] = {
    "refund_failed": "the refund failed later",
    "dispute": "the customer disputed the payment",
    "reopened": "the ticket came back on the same issue within seven days",
    "reported": "a colleague reported it",
}
# Arguments that are words for the customer: changing how they are said is no error, changing what they say is.
WORDING = frozenset({("answer", "text")})
_SAME_WORDING = 0.6
_HARD = re.compile(
    r"https?://\S+|\d[\d.,:/-]*|\b(?:not|no|never|cannot|kein\w*|nicht|pas|jamais)\b", re.IGNORECASE
)


def says(decision: Decision, reason: str | None, material: bool | None) -> Says:
    """What one decision says about the agent; whatever is not known counts against it."""
    match decision:
        case "approve":
            return "clean"
        case "edit":
            return "clean" if material is False else "error"
        case "reject":
            return REASONS[reason].says if reason in REASONS else "error"  # type: ignore[index]
        case _:
            # Taken over: it did not run as proposed, and nobody said that it was right.
            return "error"


def is_critical(decision: Decision, reason: str | None) -> bool:
    """True for an error that is one too many for something that runs alone."""
    return decision == "reject" and reason in REASONS and REASONS[reason].critical  # type: ignore[index]


def is_material(tool: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True when an edit changed more than wording."""
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return any(
        (tool, name) not in WORDING or not same_said(before.get(name), after.get(name)) for name in changed
    )


def same_said(before: object, after: object) -> bool:
    """True for texts with the same numbers, links and negations, and most of the words."""
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    if _hard(before) != _hard(after):
        return False
    old, new = before.lower().split(), after.lower().split()
    return SequenceMatcher(None, old, new, autojunk=False).ratio() >= _SAME_WORDING


def _hard(text: str) -> list[str]:
    return sorted(found.lower().rstrip(".,:") for found in _HARD.findall(text))


assert set(REASONS) == set(get_args(ReasonCode))
