"""Facts: typed values that tool code read from systems of record, for the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.clock import require_utc

FactType = Literal["bool", "int", "string", "timestamp"]
FactValue = bool | int | str | datetime
_PYTHON: dict[FactType, type] = {"bool": bool, "int": int, "string": str, "timestamp": datetime}


@dataclass(frozen=True, slots=True)
class Fact:
    """One value, the system it was read from and when (UTC)."""

    value: FactValue
    source: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class FactSet:
    """Facts by flat dotted name (`charge.amount`); a fact not known is left out, never guessed."""

    facts: Mapping[str, Fact] = field(default_factory=dict)

    def values(self) -> dict[str, FactValue]:
        """Just the values, for rules."""
        return {name: fact.value for name, fact in self.facts.items()}

    def get(self, name: str) -> FactValue | None:
        """The value of `name`, or None when it is not known."""
        fact = self.facts.get(name)
        return None if fact is None else fact.value

    def __or__(self, other: "FactSet") -> "FactSet":
        return FactSet({**self.facts, **other.facts})


def read_facts(source: str, read_at: datetime, /, **values: FactValue | None) -> FactSet:
    """Facts of one source; `charge__amount=1` names `charge.amount`; None means not known and is left out."""
    at = require_utc(read_at)
    named = {key.replace("__", "."): value for key, value in values.items()}
    return FactSet({name: Fact(v, source, at) for name, v in named.items() if v is not None})


def misfits(facts: FactSet, declared: Mapping[str, FactType]) -> list[str]:
    """Names whose value is undeclared, of another type, or a time outside UTC."""
    return [
        name
        for name, fact in facts.facts.items()
        if name not in declared or not _fits(fact.value, declared[name])
    ]


def _fits(value: FactValue, kind: FactType) -> bool:
    if type(value) is not _PYTHON[kind]:
        return False
    return not isinstance(value, datetime) or (value.utcoffset() is not None and not value.utcoffset())
