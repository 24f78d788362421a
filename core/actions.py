"""An action's life as types: ToolCall -> Action -> Verdict -> Route -> Permit -> Outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.canonical import digest
from core.frozen import Frozen
from core.ids import ActionId, Category, ConversationId, CustomerId, RequestId
from core.money import Money

State = Literal[
    "proposed",
    "asked",
    "held",
    "approved",
    "executing",
    "executed",
    "failed",
    "unsure",
    "needs_person",
    "refused",
    "rejected",
    "expired",
    "withdrawn",
    "replaced",
]
ENDED: frozenset[State] = frozenset(
    {"executed", "failed", "needs_person", "refused", "rejected", "expired", "withdrawn", "replaced"}
)
# Each arrow of DESIGN.md section 4; a compare-and-set outside this table is a bug.
ARROWS: Mapping[State, frozenset[State]] = {
    "proposed": frozenset({"asked", "held", "approved", "refused", "withdrawn", "expired"}),
    "asked": frozenset({"held", "approved", "refused", "withdrawn", "expired", "replaced"}),
    "held": frozenset({"asked", "approved", "refused", "rejected", "expired", "withdrawn", "replaced"}),
    "approved": frozenset({"executing", "held", "refused", "expired", "withdrawn", "asked"}),
    "executing": frozenset({"executed", "failed", "unsure"}),
    # A refund can fail at the bank days after the vendor took it: what was done needs a person after all.
    "executed": frozenset({"needs_person"}),
    "unsure": frozenset({"executed", "failed", "needs_person"}),
}


class ToolCall(Frozen):
    """What the model emitted, untouched: any name, any arguments."""

    id: str
    name: str
    args: Any


class Action(Frozen):
    """One proposed write, parsed; its digest is what confirmations and approvals bind to."""

    id: ActionId
    conversation_id: ConversationId
    request_id: RequestId
    customer_id: CustomerId
    category: Category
    tool: str
    tool_version: int
    args: dict[str, Any]
    targets: tuple[str, ...]
    amount: int | None
    currency: str | None

    @property
    def digest(self) -> str:
        """SHA-256 over principal, category, tool, version, args, target ids and currency."""
        return digest(
            {
                "principal": self.customer_id,
                "category": self.category,
                "tool": self.tool,
                "version": self.tool_version,
                "args": self.args,
                "targets": list(self.targets),
                "currency": self.currency,
            }
        )

    @property
    def money(self) -> Money | None:
        """What it moves, when it moves money."""
        if self.amount is None or self.currency is None:
            return None
        return Money(self.amount, self.currency)


VerdictKind = Literal["allow", "escalate", "deny"]


class Fired(Frozen):
    """A rule that spoke: its id, what it said and the sentence people see."""

    rule: str
    kind: VerdictKind
    sentence: str


class Verdict(Frozen):
    """What the rules say, under which version of the category's policy."""

    kind: VerdictKind
    fired: tuple[Fired, ...]
    policy_version: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of the rules that decided."""
        return tuple(f.sentence for f in self.fired if f.kind == self.kind)


class Line(Frozen):
    """One row of a card: what it is, what it is now, what it becomes."""

    label: str
    after: str
    before: str | None = None


class Preview(Frozen):
    """What will happen, rendered by code from the arguments: never by the model."""

    title: str
    lines: tuple[Line, ...] = ()
    note: str = ""


class Receipt(Frozen):
    """What a vendor says it did; the only ground for telling a customer that something happened."""

    vendor: str
    kind: str
    object: str
    reference: str
    title: str
    lines: tuple[Line, ...] = ()
    amount: int | None = None
    currency: str | None = None
    at: datetime


AskKind = Literal["confirm", "step_up"]


@dataclass(frozen=True, slots=True)
class Ask:
    """The customer must answer first: a confirmation or a one-time code."""

    needs: AskKind


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits for a colleague; `because` are sentences."""

    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Execute:
    """It may run now; `review_after` puts it before a colleague afterwards."""

    review_after: bool


@dataclass(frozen=True, slots=True)
class Refuse:
    """It will not run; `check` names the gate's check that said so."""

    check: str
    because: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """A person takes the conversation."""

    because: str


Route = Ask | Hold | Execute | Refuse | HandOver


class Executed(Frozen):
    kind: Literal["executed"] = "executed"
    action_id: ActionId
    receipt: Receipt


class Asked(Frozen):
    kind: Literal["asked"] = "asked"
    action_id: ActionId
    needs: AskKind
    preview: Preview


class Held(Frozen):
    kind: Literal["held"] = "held"
    action_id: ActionId
    because: tuple[str, ...]
    preview: Preview


class Refused(Frozen):
    kind: Literal["refused"] = "refused"
    because: str
    check: str
    action_id: ActionId | None = None


class HandedOver(Frozen):
    kind: Literal["handed_over"] = "handed_over"
    because: str
    action_id: ActionId | None = None


class Failed(Frozen):
    kind: Literal["failed"] = "failed"
    because: str
    action_id: ActionId


class Unsure(Frozen):
    kind: Literal["unsure"] = "unsure"
    action_id: ActionId


Outcome = Executed | Asked | Held | Refused | HandedOver | Failed | Unsure


@dataclass(frozen=True, slots=True)
class Permit:
    """Proof that the gate passed, good for one call; only approvals/execute.py makes one."""

    action_id: ActionId
    digest: str
    idempotency_key: str
