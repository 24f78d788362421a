"""A recorded run as we read it: what was said, what was called and what came back, in order."""

from dataclasses import dataclass, field
from typing import Any, Literal

Speaker = Literal["customer", "agent"]


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the customer or the agent; `index` is the message's place in the recording."""

    speaker: Speaker
    text: str
    index: int


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call of the agent with what the tool answered; `output` is None where the recording ends before it."""

    name: str
    args: dict[str, Any]
    index: int
    output: str | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """One action of the reference solution; `compare` names the arguments that count, None means all."""

    name: str
    args: dict[str, Any]
    compare: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded conversation with the actions its task expects."""

    task: str
    trial: str
    events: tuple[Said | Called, ...]
    expected: tuple[Expected, ...]
    place: str = field(default="", compare=False)
    """Where in the file it stands, for messages about it."""
