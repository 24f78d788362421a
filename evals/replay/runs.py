"""Reads files of recorded runs: result lists of tau-bench, and simulation files of tau2-bench."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import Invalid
from evals.replay.messages import events_of, object_of
from evals.replay.talk import Expected, Run

MAX_BYTES = 1024 * 1024 * 1024
SHAPES = (
    "known are lists of runs with `traj` or `messages` and `info.task.actions` or `expected_actions` (tau-bench), "
    "and objects with `simulations` and `tasks` (tau2-bench)"
)


def load_runs(path: Path) -> tuple[Run, ...]:
    """Every run of a file; raises Invalid naming file, place and remedy, also for a file that breaks off."""
    value = read_json(path)
    if isinstance(value, dict) and "simulations" in value:
        runs = tuple(_simulations(path, value))
    elif isinstance(value, list):
        runs = tuple(_results(path, value))
    else:
        raise Invalid(f"{path}: no file of runs that we know; {SHAPES}")
    if not runs:
        raise Invalid(f"{path}: holds no run; {SHAPES}")
    return runs


def read_json(path: Path) -> Any:
    """The JSON value of a file; raises Invalid naming file, line and column."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Invalid(f"{path}: larger than {MAX_BYTES} bytes")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror}; check the path") from None
    except json.JSONDecodeError as error:
        hint = "it breaks off there; copy it again" if _breaks_off(error) else "it must be one JSON document"
        raise Invalid(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}; {hint}") from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path}: not JSON in UTF-8: {error}") from None


def _breaks_off(error: json.JSONDecodeError) -> bool:
    return not error.doc[error.pos :].strip() or error.msg.startswith("Unterminated string")


def _results(path: Path, rows: list[Any]) -> Iterator[Run]:
    for number, row in enumerate(rows):
        place = f"{path}: run {number}"
        if not isinstance(row, dict):
            raise Invalid(f"{place}: must be an object; {SHAPES}")
        messages = row.get("traj", row.get("messages"))
        expected = row.get("expected_actions", _within(row, "info", "task", "actions"))
        if not isinstance(messages, list) or not isinstance(expected, list):
            lacks = "messages" if not isinstance(messages, list) else "expected actions"
            raise Invalid(f"{place}: has no list of {lacks} (found: {', '.join(row) or 'nothing'}); {SHAPES}")
        yield _run(place, row, messages, expected)


def _simulations(path: Path, value: Mapping[str, Any]) -> Iterator[Run]:
    tasks = {str(task.get("id")): task for task in value.get("tasks") or () if isinstance(task, dict)}
    if not isinstance(value["simulations"], list):
        raise Invalid(f"{path}: `simulations` must be a list; {SHAPES}")
    for number, row in enumerate(value["simulations"]):
        place = f"{path}: simulation {number}"
        if not isinstance(row, dict) or not isinstance(row.get("messages"), list):
            raise Invalid(f"{place}: has no list of messages; {SHAPES}")
        task = tasks.get(str(row.get("task_id")))
        if task is None:
            known = ", ".join(list(tasks)[:12]) or "none"
            raise Invalid(f"{place}: its task {row.get('task_id')!r} is not among `tasks`; known: {known}")
        # `null` is how tau2 writes that nothing is expected.
        expected = _within(task, "evaluation_criteria", "actions") or []
        yield _run(place, row, row["messages"], expected)


def _run(place: str, row: Mapping[str, Any], messages: list[Any], expected: list[Any]) -> Run:
    return Run(
        task=str(row.get("task_id", "")),
        trial=str(row.get("trial", "0")),
        events=tuple(events_of(place, messages)),
        expected=tuple(_expected(f"{place}: expected action {n}", one) for n, one in enumerate(expected)),
        place=place,
    )


def _expected(place: str, one: Any) -> Expected:
    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        raise Invalid(f"{place}: needs a `name` and `kwargs` or `arguments`")
    given = one.get("kwargs", one.get("arguments"))
    compare = one.get("compare_args")
    names = tuple(str(name) for name in compare) if isinstance(compare, list) else None
    return Expected(one["name"], object_of(place, {} if given is None else given), names)


def _within(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
