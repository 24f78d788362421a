"""The journal of a run: a head, then a line per result as it comes; what was written stays, whatever ends the process."""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from core.canonical import digest
from core.errors import Conflict, Invalid, NotFound, Unavailable
from core.frozen import Frozen
from evals.grade import Result
from evals.run import Key
from evals.scenario import Scenario

FORMAT = 1
SUFFIX = ".jsonl"


class Head(Frozen):
    """What is run; a journal is only gone on with when the same is run again."""

    format: Annotated[int, Field(ge=1)] = FORMAT
    run: str
    suite: str
    model: str
    stage: str = "at hand"
    seed: int = 0
    epochs: int = 1
    scenarios: tuple[str, ...]
    digest: str
    """Of the scenarios themselves."""
    at: datetime

    @property
    def total(self) -> int:
        return len(self.scenarios) * self.epochs


def digest_of(scenarios: Sequence[Scenario]) -> str:
    """What the scenarios say, as one digest: results of other scenarios are not compared."""
    return digest([json.loads(one.model_dump_json(by_alias=True)) for one in scenarios])


class Journal:
    """An open journal; results are appended and are with the system before the next one is played."""

    def __init__(self, path: Path, head: Head, results: Sequence[Result]) -> None:
        self.path = path
        self.head = head
        self.results = list(results)

    @classmethod
    def begin(cls, path: Path, head: Head) -> "Journal":
        """A new journal; raises Unavailable when the file cannot be written."""
        made = cls(path, head, ())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{path.parent} cannot be made: {error.strerror}") from None
        made._append(head.model_dump_json(), new=True)
        return made

    @classmethod
    def go_on(cls, path: Path, head: Head) -> "Journal":
        """The journal of a run that was cut off; raises Conflict when something else was run."""
        known, results = read(path, cut_off=True)
        same = {"run": known.run, "at": known.at}
        if known != head.model_copy(update=same):
            raise Conflict(
                f"{path} is a run of {known.suite} ({known.model}, seed {known.seed}, epochs {known.epochs}); "
                "the suite or an option has changed since: begin a new run"
            )
        _cut_tail(path)
        return cls(path, known, results)

    @property
    def done(self) -> frozenset[Key]:
        return frozenset((r.scenario, r.epoch) for r in self.results)

    def add(self, result: Result) -> None:
        """Keeps one more; raises Unavailable when the disk is full, with what to do."""
        self._append(result.model_dump_json(), new=False)
        self.results.append(result)

    def _append(self, line: str, *, new: bool) -> None:
        try:
            with self.path.open("x" if new else "a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise Conflict(f"{self.path} exists already; give the run another name") from None
        except OSError as error:
            raise Unavailable(
                f"{self.path} cannot be written: {error.strerror}. What was run until now is kept; "
                f"make room and go on with --resume {self.head.run}"
            ) from None


def read(path: Path, *, cut_off: bool = False) -> tuple[Head, list[Result]]:
    """Head and results in the order of the scenarios; raises Invalid with file:line, NotFound for no file.

    `cut_off` takes a run that is not finished, whose last line may have been torn; otherwise both are errors.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace" if cut_off else "strict")
    except FileNotFoundError:
        raise NotFound(f"there is no run {path.stem!r} in {path.parent}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: cannot be read ({type(error).__name__})") from None
    whole, _, torn = text.rpartition("\n")
    if torn and not cut_off:
        number = whole.count("\n") + 2
        raise Invalid(f"{path}:{number}: the file breaks off; go on with --resume {path.stem}")
    lines = whole.split("\n") if whole else []
    if not lines:
        raise Invalid(f"{path}: holds nothing; delete it and run again")
    head = _head(path, lines[0])
    results = [_result(path, number, line) for number, line in enumerate(lines[1:], start=2)]
    if not cut_off and len(results) < head.total:
        raise Invalid(
            f"{path}: {len(results)} of {head.total} runs are there; go on with --resume {head.run}"
        )
    return head, in_order(head, results)


def in_order(head: Head, results: Sequence[Result]) -> list[Result]:
    """By scenario and epoch, whatever finished first."""
    place = {name: number for number, name in enumerate(head.scenarios)}
    return sorted(results, key=lambda r: (place.get(r.scenario, len(place)), r.epoch))


def _head(path: Path, line: str) -> Head:
    try:
        head = Head.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        raise Invalid(f"{path}:1: not the head of a run: {where}: {first['msg']}") from None
    if head.format != FORMAT:
        raise Invalid(f"{path}:1: format {head.format} is not {FORMAT}; run the suite again")
    return head


def _result(path: Path, number: int, line: str) -> Result:
    try:
        return Result.model_validate_json(line)
    except ValidationError as error:
        raise Invalid(f"{path}:{number}: not a result ({error.error_count()} faults)") from None


def _cut_tail(path: Path) -> None:
    """Takes away a last line that was torn, so that the next one begins a line."""
    with path.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
