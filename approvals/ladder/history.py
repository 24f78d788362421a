"""A category's raw history as frozen values: what was proposed, decided, found out later, and shown as a canary."""

from dataclasses import dataclass
from datetime import datetime

from core.standing import Decision


@dataclass(frozen=True, slots=True)
class Review:
    """One decision of one colleague; `material` only for an edit, `seconds` from opening to deciding."""

    by: str
    decision: Decision
    reason: str | None
    material: bool | None
    seconds: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed action that the rules allowed.

    `waits` is true while somebody must still decide on it, `alone` when it ran without a review and was not
    chosen for one, `late` what was found out after it was decided.
    """

    action_id: str
    ticket: str
    at: datetime
    version: str
    waits: bool
    alone: bool
    audited: bool
    reviews: tuple[Review, ...]
    late: tuple[str, ...] = ()
    unreviewed: bool = False
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class CanaryAnswer:
    """What a colleague did with one known-bad proposal."""

    by: str
    category: str
    missed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A stretch of one agent version in a category: its number, its hash, and when it began."""

    v: int
    agent_version: str
    began_at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Everything evidence is computed from. `canaries` are those of every category, for approvers are people."""

    category: str
    proposals: tuple[Proposal, ...]
    canaries: tuple[CanaryAnswer, ...]
    versions: tuple[Version, ...]
