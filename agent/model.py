"""What a model is to us: it is shown a prompt and answers with words, calls, or both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from agent.entries import Entry
from core.actions import ToolCall
from core.conversation import Signals
from core.errors import Unavailable
from core.tool_spec import ToolSpec
from policies.model import CategoryPolicy

Stop = Literal["end", "tool_use", "max_tokens", "refusal", "too_long"]
OnText = Callable[[str], Awaitable[None]]


class ModelDown(Unavailable):
    """The model cannot answer now, after every try it is allowed; another may take the turn."""

    code = "model_down"


@dataclass(frozen=True, slots=True)
class Usage:
    """What one reply took: tokens by kind, and its price."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost_micro_usd: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.tokens_cached + other.tokens_cached,
            self.cost_micro_usd + other.cost_micro_usd,
        )

    @property
    def tokens(self) -> int:
        """All of them, cached or not."""
        return self.tokens_in + self.tokens_out + self.tokens_cached


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the system prompt; what ends in a `cache` mark stays the same between calls."""

    text: str
    cache: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """The request being worked on, as code knows it: the offline model reads this instead of prose."""

    request_id: str
    policy: CategoryPolicy
    signals: Signals


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything a model may know for one reply, stable parts first."""

    system: tuple[Block, ...]
    tools: tuple[ToolSpec, ...]
    transcript: tuple[Entry, ...]
    topic: Topic | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered; calls of a reply that was cut off are never in it."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    stop: Stop = "end"
    usage: Usage = field(default_factory=Usage)
    # Blocks only the same vendor understands (its reasoning), given back to it as they came.
    kept: tuple[dict[str, Any], ...] = ()


class Model(Protocol):
    """Claude, the offline model or a script: the loop does not know which."""

    name: str
    version: str

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        """The next reply; words go to `on_text` as they come. Raises ModelDown."""

    async def close(self) -> None:
        """Gives back what it holds open."""


@dataclass(frozen=True, slots=True)
class Say:
    """The turn ends with these words."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """Tools are wanted; their results come back before the next reply."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class PassOn:
    """A person takes over, after `text` was said."""

    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Shorten:
    """The reply was cut off: none of it counts, and the model is told so."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """There is nothing to add."""


NextStep = Say | Call | PassOn | Shorten | Quiet
HAND_OVER = "hand_over"


def next_step(reply: Reply) -> NextStep:
    """What a reply asks of the loop; doubt goes to a person."""
    if reply.stop == "refusal":
        return PassOn("The model declined to answer.")
    if reply.stop == "too_long":
        return PassOn("The conversation is too long for the model.")
    if reply.stop == "max_tokens":
        return Shorten()
    for call in reply.calls:
        if call.name == HAND_OVER:
            return PassOn(_reason(call.args), reply.text)
    if reply.calls:
        return Call(reply.calls)
    return Say(reply.text) if reply.text.strip() else Quiet()


def _reason(args: Any) -> str:
    reason = args.get("reason") if isinstance(args, dict) else None
    return reason[:300] if isinstance(reason, str) and reason.strip() else "The agent asked for a person."
