"""Where a category stands on the ladder, and what may sit above it."""

from typing import Literal

Standing = Literal[
    "off", "shadow", "observation", "autonomous_20", "autonomous_5", "autonomous_2", "suspended"
]
# From the strictest to the freest: when several open requests list a tool, the strictest counts.
STRICTEST_FIRST: tuple[Standing, ...] = (
    "off",
    "suspended",
    "shadow",
    "observation",
    "autonomous_20",
    "autonomous_5",
    "autonomous_2",
)
# From the lowest rung to the highest; `suspended` stands beside it.
LADDER: tuple[Standing, ...] = (
    "off",
    "shadow",
    "observation",
    "autonomous_20",
    "autonomous_5",
    "autonomous_2",
)
AUTONOMOUS: frozenset[Standing] = frozenset({"autonomous_20", "autonomous_5", "autonomous_2"})
ReasonCode = Literal[
    "wrong_action",
    "wrong_customer",
    "wrong_amount",
    "wrong_text",
    "policy_missing",
    "insufficient_evidence",
    "customer_withdrew",
    "duplicate_request",
    "other",
]
Decision = Literal["approve", "edit", "reject", "take_over"]
# Tier 1 may become autonomous, tier 2 is always held, tier 3 belongs to people.
Tier = Literal[1, 2, 3]
