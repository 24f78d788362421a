"""Reads a domain's own data from the folder given: separate files, or one db.json."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import Invalid
from evals.replay.runs import read_json

R = TypeVar("R", bound=BaseModel)
Records = dict[str, dict[str, Any]]


def read_tables(folder: Path, names: tuple[str, ...]) -> dict[str, Records]:
    """The named tables (records by id); raises Invalid naming the file that is missing or of another shape."""
    if not folder.is_dir():
        raise Invalid(f"{folder}: no such folder; give --data a folder with {_wanted(names)}")
    whole = folder / "db.json"
    if all((folder / f"{name}.json").exists() for name in names) or not whole.exists():
        return {name: _table(folder / f"{name}.json", names) for name in names}
    found = read_json(whole)
    for name in names:
        if not isinstance(found, dict) or not _is_table(found.get(name)):
            raise Invalid(f"{whole}: has no table {name!r} (an object of records by id)")
    return {name: found[name] for name in names}


def _table(path: Path, names: tuple[str, ...]) -> Records:
    if not path.exists():
        raise Invalid(f"{path}: no such file; give --data a folder with {_wanted(names)}")
    found = read_json(path)
    if not _is_table(found):
        raise Invalid(f"{path}: must be an object of records by id")
    return found  # type: ignore[no-any-return]


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(row, dict) for row in value.values())


def _wanted(names: tuple[str, ...]) -> str:
    return f"{', '.join(f'{name}.json' for name in names)}, or one db.json that holds them"


def as_json(text: str) -> Any:
    """What a tool answered as a value, or None where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def valid(kind: type[R], value: Any) -> R | None:
    """A record of this kind, or None where the value is none."""
    try:
        return kind.model_validate(value)
    except ValidationError:
        return None


def parsed(kind: type[R], table: str, id: str, row: Any) -> R:
    """A record of this kind; raises Invalid naming table, record and field."""
    try:
        return kind.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"{table}.json: {id!r}: {where}: {first['msg']}") from None
