"""What a run left behind besides the ledger: each call with the gate's verdict beside it, the route, and what it took."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from core.actions import VerdictKind
from core.frozen import Frozen

Route = Literal["answered", "asked", "held", "executed", "refused", "handed_over"]


class SeenCall(Frozen):
    """One call of the model: what it asked for and what came of it; a proposal with its verdict and rules."""

    name: str
    args: Mapping[str, Any] | Sequence[Any] | str | int | float | None
    came: str
    ok: bool
    verdict: VerdictKind | None = None
    rules: tuple[str, ...] = ()
    state: str | None = None
    """Where the action stands at the end."""
    check: str = ""
    """The check of the gate that turned it down."""
    is_write: bool = False


class Seen(Frozen):
    """One conversation, looked at afterwards."""

    calls: tuple[SeenCall, ...] = ()
    route: Route = "answered"
    reasons: tuple[str, ...] = ()
    """Rules, refusals and reasons of a hand-over, in words and names."""
    refused_reads: tuple[str, ...] = ()
    """Reads that were not the agent's to make: the tool and the check that said no."""
    category: str = ""
    turns: int = 0
    model_calls: int = 0
    tokens: int = 0
    cost_micro_usd: int = 0


NOTHING = Seen()
