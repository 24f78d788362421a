"""The shape of every tool: typed arguments, a closed declaration, and what the gate asks of it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, StringConstraints

from core.actions import Permit, Preview, Receipt
from core.conversation import Principal
from core.facts import FactSet
from core.frozen import Frozen
from core.ids import ID_PATTERN, ActionId
from core.money import Money
from core.tool_spec import ToolSpec
from tools.systems import Systems


@dataclass(frozen=True, slots=True)
class IdOf:
    """Marks a field as the id of one kind of thing: results give such ids, arguments need them given."""

    kind: str


_Id = StringConstraints(pattern=ID_PATTERN, strict=True)
ChargeId = Annotated[str, _Id, IdOf("charge")]
InvoiceId = Annotated[str, _Id, IdOf("invoice")]
SubscriptionId = Annotated[str, _Id, IdOf("subscription")]
PriceId = Annotated[str, _Id, IdOf("price")]
OrderId = Annotated[str, _Id, IdOf("order")]
AccountId = Annotated[str, _Id, IdOf("account")]
FactorId = Annotated[str, _Id, IdOf("factor")]
ContactId = Annotated[str, _Id, IdOf("contact")]
ArticleId = Annotated[str, _Id, IdOf("article")]


class Args(Frozen):
    """Base of every tool's arguments."""


class Result(Frozen):
    """Base of every read's result: only the principal's own data, the fewest fields that serve."""


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom, on which systems and at what time (UTC) a tool works."""

    who: Principal
    systems: Systems
    now: datetime


A = TypeVar("A", bound=Args)


@dataclass(frozen=True)
class Card:
    """A small table shown to the customer of what was found."""

    title: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ReadTool(Generic[A]):
    """A lookup without effect; `run` returns only what belongs to the principal, else raises ToolFailed."""

    spec: ToolSpec
    args: type[A]
    run: Callable[[A, Scope], Awaitable[Result]]
    looking: str
    card: Callable[[Any], Card | None]


class WriteTool(ABC, Generic[A]):
    """A capability with an effect; the gate calls these in order, the executor alone calls `execute`."""

    spec: ToolSpec
    args: type[A]
    # True when the vendor drops a repeat under the same key for a day: only then may a lost call be sent again.
    honours_key: ClassVar[bool] = False
    # What can be looked up long afterwards: a mark of each effect's own, that of the object's latest one only, or none.
    mark: ClassVar[Literal["own", "latest", "none"]] = "own"

    @abstractmethod
    async def owned(self, args: A, scope: Scope) -> bool:
        """True only when every object named exists and is the principal's, read from the system of record now."""

    @abstractmethod
    async def facts(self, args: A, scope: Scope) -> FactSet:
        """What the rules are judged on, read now; what is not known is left out."""

    @abstractmethod
    def targets(self, args: A) -> tuple[str, ...]:
        """`kind:id` of each object it changes; limits per object count on these."""

    def money(self, args: A) -> Money | None:
        """What it moves, if it moves money."""
        return None

    @abstractmethod
    def preview(self, args: A, facts: FactSet) -> Preview:
        """What will happen, in plain words, from the arguments and facts."""

    @abstractmethod
    async def execute(self, args: A, permit: Permit, scope: Scope) -> Receipt:
        """Does it once under the permit's key; raises VendorRefused, VendorBusy, VendorDown or VendorUnsure."""

    @abstractmethod
    async def look_up(self, args: A, action_id: ActionId, scope: Scope) -> Receipt | None:
        """The receipt of this action if the vendor did it, None if surely not; raises VendorUnsure when it cannot tell."""

    async def undone(self, args: A, action_id: ActionId, scope: Scope) -> str | None:
        """Why what was done is no longer so, as when a refund bounces days later; None while it stands."""
        return None


Tool = ReadTool[Any] | WriteTool[Any]


def id_fields(model: type[BaseModel]) -> dict[str, str]:
    """Field name -> kind for the id fields of an arguments type."""
    return {
        name: mark.kind
        for name, info in model.model_fields.items()
        for mark in info.metadata
        if isinstance(mark, IdOf)
    }


def given_ids(result: BaseModel) -> Iterator[tuple[str, str]]:
    """Every (kind, id) in the typed id fields of a result, at any depth; free text gives none."""
    for name, info in type(result).model_fields.items():
        kinds = [m.kind for m in info.metadata if isinstance(m, IdOf)]
        value = getattr(result, name)
        if kinds and isinstance(value, str):
            yield kinds[0], value
        else:
            yield from _within(value)


def _within(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        yield from given_ids(value)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _within(item)
