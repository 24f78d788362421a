"""What the web service works with, handed in by service/build.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from pydantic import SecretStr

from agent.parts import AgentParts
from approvals.parts import Parts
from core.clock import Clock
from service.announce import Channels
from service.live import Hub
from service.rates import Rates
from service.settings import Settings
from service.slack import SlackDoor
from service.token_keys import TokenKey
from service.tokens import Tokens
from service.turns import Turns
from store.work import Store
from tools.breaking import Breakers


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A customer of the sandbox whom the demo's host app can sign in."""

    external_id: str
    name: str
    tier: str
    story: str


@dataclass(frozen=True)
class Demo:
    """The demo's own host app: its customers and the key it signs tokens with."""

    customers: Sequence[DemoCustomer]
    key: TokenKey


@dataclass(frozen=True)
class ServiceParts:
    """The web process; `hub` is also what `agent.live` shows through."""

    settings: Settings
    agent: AgentParts
    hub: Hub
    tokens: Tokens
    rates: Rates
    demo: Demo | None = None
    breakers: Breakers = field(default_factory=lambda: Breakers(monotonic))
    hook_secrets: Mapping[str, Sequence[SecretStr]] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    slack: SlackDoor | None = None
    channels: Channels = field(default_factory=Channels)

    @property
    def approvals(self) -> Parts:
        return self.agent.approvals

    @property
    def store(self) -> Store:
        return self.agent.approvals.store

    @property
    def clock(self) -> Clock:
        return self.agent.approvals.clock
