"""What the agent works with, handed in by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.bounds import Bounds
from agent.live import Live
from agent.model import Model
from agent.triage import Triage
from approvals.parts import Parts


@dataclass(frozen=True)
class AgentParts:
    """`fallback` takes the turn when `model` is down; `link_hosts` are where a reply may point, `secrets` never leave."""

    approvals: Parts
    triage: Triage
    model: Model
    fallback: Model
    live: Live
    bounds: Bounds = field(default_factory=Bounds)
    link_hosts: frozenset[str] = frozenset()
    secrets: Sequence[str] = ()
