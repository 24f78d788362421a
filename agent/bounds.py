"""How much a turn and a conversation may take before a person takes over, with everything kept."""

from dataclasses import dataclass

from agent.model import Usage


@dataclass(frozen=True, slots=True)
class Bounds:
    """Per turn: model calls and seconds; per conversation: model calls, tokens and money; per result: bytes."""

    steps: int = 12
    seconds: float = 90.0
    conversation_steps: int = 200
    conversation_tokens: int = 400_000
    conversation_cost_micro_usd: int = 2_000_000
    result_bytes: int = 24_000


@dataclass(frozen=True, slots=True)
class Spent:
    """What the conversation took before this turn."""

    steps: int = 0
    tokens: int = 0
    cost_micro_usd: int = 0


def exceeded(bounds: Bounds, before: Spent, *, steps: int, usage: Usage) -> str | None:
    """Which bound another model call would break, in words; None while there is room."""
    if steps >= bounds.steps:
        return "This took more steps than one turn may have."
    if before.steps + steps >= bounds.conversation_steps:
        return "The conversation took more steps than it may have."
    if before.tokens + usage.tokens >= bounds.conversation_tokens:
        return "The conversation took more words than it may have."
    if before.cost_micro_usd + usage.cost_micro_usd >= bounds.conversation_cost_micro_usd:
        return "The conversation cost more than it may."
    return None
