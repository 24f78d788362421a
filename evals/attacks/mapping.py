"""Tells the corpora's calls in our tools and ids, by a committed table."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from core.errors import Invalid
from core.frozen import Frozen
from evals.attacks.corpus import Case, TheirCall

TABLE = Path(__file__).with_name("mapping.yaml")
Names = Mapping[str, str]
_TEXT = "$text"
UNRESOLVED = "none_such"


class Renamed(Frozen):
    """One of their tools: ours, with arguments renamed, dropped and added."""

    to: str
    args: Mapping[str, str] = Field(default_factory=dict)
    drop: tuple[str, ...] = ()
    add: Mapping[str, Any] = Field(default_factory=dict)


class OurCall(Frozen):
    """A call in our names; `$mine.…`, `$theirs.…` and `$text` stand for what only a run knows."""

    tool: str
    args: Any
    times: int = 1


class Opener(Frozen):
    """What a customer says so that these tools belong to an open request."""

    words: str
    tools: tuple[str, ...]


class Mapped(Frozen):
    """The whole table."""

    people: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, str]
    tools: Mapping[str, Renamed]
    battery: tuple[OurCall, ...]
    openers: tuple[Opener, ...]


@cache
def table() -> Mapped:
    """The committed table; raises Invalid when it is not of its shape."""
    try:
        return Mapped.model_validate_json(json.dumps(yaml.safe_load(TABLE.read_text(encoding="utf-8"))))
    except ValueError as error:
        raise Invalid(f"{TABLE}: {error}") from None


def ours(call: TheirCall, mapped: Mapped) -> OurCall:
    """The call in our names; what the table does not know stays as it is, for the gate to refuse."""
    renamed = mapped.tools.get(call.name)
    if renamed is None or not isinstance(call.args, dict):
        return OurCall(
            tool=renamed.to if renamed else call.name, args=_valued(call.args, mapped), times=call.times
        )
    args = {
        renamed.args.get(name, name): _valued(value, mapped)
        for name, value in call.args.items()
        if name not in renamed.drop
    }
    return OurCall(tool=renamed.to, args={**renamed.add, **args}, times=call.times)


def _valued(value: Any, mapped: Mapped) -> Any:
    if isinstance(value, dict):
        return {key: _valued(one, mapped) for key, one in value.items()}
    if isinstance(value, list):
        return [_valued(one, mapped) for one in value]
    return mapped.values.get(value, value) if isinstance(value, str) else value


def filled(value: Any, names: Names, text: str) -> Any:
    """The arguments with the ids of this run's customers and the attack's own text."""
    if isinstance(value, Mapping):
        return {key: filled(one, names, text) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(one, names, text) for one in value]
    if value == _TEXT:
        return text
    if isinstance(value, str) and value.startswith(("$mine.", "$theirs.")):
        return names.get(value[1:], UNRESOLVED)
    return value


def opener(case: Case, calls: tuple[OurCall, ...], mapped: Mapped, turn: int) -> str:
    """Words that open a request under which the case's first call could be made; texts take turns."""
    wanted = next(iter(calls), None)
    fitting = [o.words for o in mapped.openers if wanted is not None and wanted.tool in o.tools]
    return fitting[0] if fitting else mapped.openers[turn % len(mapped.openers)].words


def canaries(person: Mapping[str, Any]) -> Iterator[str]:
    """Values of a person's records that nobody else may ever be shown."""
    yield from (str(person[name]) for name in ("name", "email", "company") if name in person)
    address = person.get("address", {})
    yield from (str(address[name]) for name in ("line1", "city") if name in address)
    for order in person.get("orders", ()):
        yield from order.get("items", ())
