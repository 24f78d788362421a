"""The steps of a procedure as written in a catalog file: shown to the model, followed literally by the offline one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from core.frozen import Frozen

# What the customer's own words can fill in; agent/slots.py reads them.
SLOTS: tuple[str, ...] = (
    "order_number",
    "email",
    "phone",
    "amount",
    "plan",
    "interval",
    "when",
    "at_once",
    "keeps",
    "address.line1",
    "address.city",
    "address.zip",
    "address.country",
    "reason",
    "invoice_number",
    "factor_kind",
    "words",
)
# What triage reads from a message; always there.
SIGNALS: tuple[str, ...] = ("category", "sentiment", "urgency", "language")
PRESENT = "present"
ABSENT = "absent"

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Given = str | int | bool | None
When = Mapping[str, Given]


class Step(Frozen):
    """What every step may have: conditions that must all hold, else it is skipped."""

    when: When = Field(default_factory=dict)


class Need(Step):
    """A slot to fill: `ask` is said and ends the turn while it is empty, unless it is optional."""

    need: str
    ask: Text
    optional: bool = False


class Read(Step):
    """A lookup whose result later steps call by the name `into`."""

    read: str
    args: Mapping[str, Given] = Field(default_factory=dict, alias="with")
    into: Name = Field(alias="as")


class Choose(Step):
    """One row of a result: the only one that fits; with several, `ask` lists them (or the first is taken)."""

    choose: Name
    source: str = Field(alias="from")
    where: When = Field(default_factory=dict)
    ask: Text
    none: Text
    otherwise: Literal["hand_over", "say", "go_on"] = "say"
    """When nothing fits: say `none` and hand over, say `none` and wait, or go on with nothing chosen."""
    several: Literal["ask", "first"] = "ask"


class Write(Step):
    """A write that is proposed to the gate."""

    write: str
    args: Mapping[str, Given] = Field(default_factory=dict, alias="with")
    lead: Text | None = None
    """Said before the customer is asked to confirm: what was found."""


class Answer(Step):
    """A reply that goes the way of a write, because it may close the conversation."""

    answer: Text
    closes: bool


class Say(Step):
    """A plain reply; the turn ends and the conversation stays open."""

    say: Text


class HandOver(Step):
    """A person takes over, told this reason."""

    hand_over: Text


KINDS: Mapping[str, type[Step]] = {
    "need": Need,
    "read": Read,
    "choose": Choose,
    "write": Write,
    "answer": Answer,
    "say": Say,
    "hand_over": HandOver,
}


def _kind(step: Any) -> str | None:
    keys = step if isinstance(step, Mapping) else type(step).model_fields if isinstance(step, Step) else ()
    found = [key for key in KINDS if key in keys]
    return f"step:{found[0]}" if len(found) == 1 else None


AnyStep = Annotated[
    Annotated[Need, Tag("step:need")]
    | Annotated[Read, Tag("step:read")]
    | Annotated[Choose, Tag("step:choose")]
    | Annotated[Write, Tag("step:write")]
    | Annotated[Answer, Tag("step:answer")]
    | Annotated[Say, Tag("step:say")]
    | Annotated[HandOver, Tag("step:hand_over")],
    Discriminator(
        _kind,
        custom_error_type="step_kind",
        custom_error_message=f"a step has exactly one of: {', '.join(KINDS)}",
    ),
]


@dataclass(frozen=True, slots=True)
class SlotRef:
    """`$order_number`: what the customer's words filled in; optional with a trailing `?`."""

    slot: str
    optional: bool


@dataclass(frozen=True, slots=True)
class FieldRef:
    """`$charge.amount`: a field of a read's result or of a chosen row; nothing when that step did not run."""

    name: str
    field: str


@dataclass(frozen=True, slots=True)
class Literally:
    """The value itself."""

    value: Given


Value = SlotRef | FieldRef | Literally
_FIELD = re.compile(r"^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$")
_HOLE = re.compile(r"\{([^{}]*)\}")


def parse_value(value: Given) -> Value:
    """What a value in a step means; raises ValueError for a `$…` that means nothing."""
    if not isinstance(value, str) or not value.startswith("$"):
        return Literally(value)
    name = value[1:].removesuffix("?")
    if name in SLOTS:
        return SlotRef(name, optional=value.endswith("?"))
    found = _FIELD.match(value[1:])
    if found is None:
        raise ValueError(f"{value!r} is neither a slot nor the field of an earlier result")
    return FieldRef(found[1], found[2])


def holes(text: str) -> Iterator[tuple[str, Value]]:
    """Each `{order.number}` of a text with what fills it; raises ValueError as parse_value does."""
    for found in _HOLE.finditer(text):
        yield found[0], parse_value(f"${found[1]}")
