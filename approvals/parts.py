"""What the gate, the queue and the executor work with, handed in by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from approvals.ladder.proofs import Proofs
from core.clock import Clock
from core.conversation import Principal
from core.ids import ConversationId, TurnId
from core.watch import Unwatched, Watch
from policies.model import Catalog
from store.jobs import Jobs
from store.work import Store
from tools.kit import ReadTool, Scope, Tool, WriteTool
from tools.systems import Systems


@dataclass(frozen=True)
class Parts:
    """The house: `secret` keys the digests of one-time codes and addresses.

    `model` names the model that answers customers, `prompts` a digest per category of what it is shown: both are
    part of the version whose evidence carries a category. `proofs` remembers what was recomputed a moment ago.
    `undo` is how long an approval can be taken back.
    """

    store: Store
    clock: Clock
    catalog: Catalog
    tools: Mapping[str, Tool]
    systems: Systems
    jobs: Jobs
    secret: bytes
    model: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    proofs: Proofs = field(default_factory=Proofs)
    watch: Watch = field(default_factory=Unwatched)
    undo: timedelta = timedelta(0)

    def write_tool(self, name: str) -> "WriteTool | None":  # type: ignore[type-arg]
        """The write of exactly this name, None for anything else."""
        tool = self.tools.get(name)
        return tool if isinstance(tool, WriteTool) else None

    def read_tool(self, name: str) -> "ReadTool | None":  # type: ignore[type-arg]
        """The read of exactly this name, None for anything else."""
        tool = self.tools.get(name)
        return tool if isinstance(tool, ReadTool) else None

    def scope(self, who: Principal) -> Scope:
        """For whom, on which systems, now."""
        return Scope(who=who, systems=self.systems, now=self.clock.now())


@dataclass(frozen=True)
class Asking:
    """On whose behalf the model speaks, and where; `model` names it when it is not the house's own."""

    conversation_id: ConversationId
    who: Principal
    turn_id: TurnId | None = None
    model: str | None = None


@dataclass(frozen=True)
class Reviewer:
    """A colleague, as their login says."""

    id: str
    name: str
    roles: frozenset[str]
    authenticated_at: datetime
