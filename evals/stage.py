"""Where a scenario is played: the real path, seen from outside; service/stage.py and service/overlay.py build one."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from agent.model import Model
from evals.scenario import Scenario
from evals.seen import Seen
from evals.steps import Step


class Take(NamedTuple):
    """One run of a scenario: which of its epochs, and the seed of whatever is left to chance."""

    epoch: int = 1
    seed: int = 0


FIRST = Take()


class Played(Protocol):
    """One customer on stage."""

    customer_model: Model | None
    """Who plays the customer where a scenario has no steps; None: the puppet."""
    names: Mapping[str, str]
    """What a scenario may name in braces, such as `key`, `contact` or `order 1042`, and the id it stands for."""

    async def do(self, step: Step) -> None:
        """Plays one step and waits until everything it set in motion is at rest."""

    async def off_script(self) -> Sequence[str]:
        """What went otherwise than the steps say, in words: a review shown other rules, a fault that met no request."""

    async def effects(self) -> Sequence[Mapping[str, Any]]:
        """The sandbox's ledger: what happened to this customer, and what this conversation did to anybody else."""

    async def shown(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Every (kind, body) the customer was shown, in order."""

    async def seen(self) -> Seen:
        """What the agent did and what was decided about it, for reports and reasons."""

    async def ticket(self) -> str:
        """The status of the conversation's ticket at the help desk, "none" without one."""


class Stage(Protocol):
    """Puts fresh copies of sandbox people on stage, each with a world of their own."""

    model: str

    def on(self, scenario: Scenario, take: Take) -> AbstractAsyncContextManager[Played]:
        """A fresh customer; raises NotFound for a person or a change that does not exist."""
