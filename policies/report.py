"""Collects what is wrong with one catalog file, each with its place, so that one run shows all of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from policies.model import AlwaysEscalate, Autonomy, CategoryFile, Example, Limits, Rule
from policies.procedure import KINDS
from policies.source import Problem, Source, nearest

Loc = Sequence[str | int]
_PARTS: dict[str, type[BaseModel]] = {
    "rules": Rule,
    "limits": Limits,
    "always_escalate": AlwaysEscalate,
    "autonomy": Autonomy,
    "examples": Example,
}


class Report:
    """The problems of one file so far."""

    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        self._source = source
        self.problems: list[Problem] = []

    def at(self, loc: Loc, message: str) -> None:
        """Something is wrong with the value at this path."""
        self.problems.append(Problem(*self._source.place(loc), message))

    def at_key(self, loc: Loc, message: str) -> None:
        """Something is wrong with the key at the end of this path."""
        self.problems.append(Problem(*self._source.key_place(loc), message))

    def within(self, loc: Loc, offset: int, message: str) -> None:
        """Something is wrong at `offset` of the text at this path."""
        self.problems.append(Problem(*self._source.place_within(loc, offset), message))

    def shape(self, error: ValidationError) -> None:
        """What pydantic found, in our words and with the nearest known key."""
        for one in error.errors(include_url=False, include_context=False):
            loc = one["loc"]
            match one["type"]:
                case "extra_forbidden":
                    self.at_key(loc, f"unknown key {loc[-1]!r}; {nearest(str(loc[-1]), _keys(loc))}")
                case "missing":
                    self.at(loc, f"{loc[-1]!r} is missing")
                case _ if loc[-1:] == ("[key]",):
                    self.at_key(loc[:-1], _worded(one["msg"], one["input"]))
                case _:
                    self.at(loc, _worded(one["msg"], one["input"]))

    def lines(self) -> list[str]:
        """`path:line:column: what is wrong`, in the order of the file."""
        return lines(self._path, self.problems)


def lines(path: Path, problems: Sequence[Problem]) -> list[str]:
    """`path:line:column: what is wrong` for each problem, in the order of the file."""
    return [f"{path}:{p.line}:{p.column}: {p.message}" for p in sorted(set(problems))]


def _keys(loc: Loc) -> list[str]:
    tag = next((str(part) for part in loc if str(part).startswith("step:")), None)
    model = KINDS[tag.removeprefix("step:")] if tag else _PARTS.get(str(loc[0]), CategoryFile)
    if len(loc) == 1:
        model = CategoryFile
    return [info.alias or name for name, info in model.model_fields.items()]


def _worded(message: str, value: Any) -> str:
    said = message.removeprefix("Value error, ").removeprefix("Input ")
    said = said[:1].lower() + said[1:]
    return said if isinstance(value, dict | list) else f"{value!r} {said}"
