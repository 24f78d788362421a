"""Runs that were kept: a journal and, once it is finished, a report beside it; listed, read again, the last one per category."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import Invalid, NotFound
from core.frozen import Frozen
from evals.grade import Result
from evals.journal import SUFFIX, Head, read
from evals.write import write_whole


class LastRun(Frozen):
    """What the last finished run says of one category."""

    run: str
    model: str
    at: datetime
    runs: int
    passed: int
    wrong_effects: int
    pass_1: float | None


def report_of(folder: Path, run: str) -> dict[str, Any]:
    """The report of a finished run; raises NotFound or Invalid with what to do."""
    path = _named(folder, run, ".json")
    if not path.is_file():
        if _named(folder, run, SUFFIX).is_file():
            raise Invalid(f"run {run!r} is not finished; go on with: remit evals run --resume {run}")
        known = ", ".join(listed.run for listed, _ in kept(folder)[:5]) or "none"
        raise NotFound(f"there is no run {run!r}; the latest: {known}")
    return _document(path)


def results_of(folder: Path, run: str) -> tuple[Head, list[Result]]:
    """Every result of a finished run; `run` may also be the path of a journal. Raises NotFound or Invalid."""
    path = Path(run)
    return read(path if path.suffix == SUFFIX else _named(folder, run, SUFFIX))


def keep_report(folder: Path, run: str, document: Mapping[str, Any]) -> None:
    """Writes the report of a finished run, whole or not at all."""
    write_whole(_named(folder, run, ".json"), json.dumps(document, indent=1, ensure_ascii=False, default=str))


def kept(folder: Path) -> Sequence[tuple[Head, bool]]:
    """Every run whose head can be read, the latest first, and whether it is finished."""
    found = []
    for path in folder.glob(f"*{SUFFIX}") if folder.is_dir() else ():
        try:
            with path.open(encoding="utf-8") as file:
                head = Head.model_validate_json(file.readline())
        except (OSError, ValueError):
            continue  # not ours, or torn at its first line
        found.append((head, _named(folder, head.run, ".json").is_file()))
    return sorted(found, key=lambda one: one[0].at, reverse=True)


def last_by_category(folder: Path) -> Mapping[str, LastRun]:
    """For each category, what the last finished run that played it says; for the console and for graduation."""
    last: dict[str, LastRun] = {}
    for head, finished in kept(folder):
        if not finished:
            continue
        document = _document(_named(folder, head.run, ".json"))
        for category, row in document["by_category"].items():
            told = {"runs": row["runs"], "passed": row["passed"], "wrong_effects": row["wrong_effects"]}
            one = LastRun(run=head.run, model=head.model, at=head.at, pass_1=row["pass_k"]["1"], **told)
            last.setdefault(category, one)
    return last


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{path}: not a report ({type(error).__name__}); delete it and run again") from None
    if not isinstance(found, dict) or "by_category" not in found:
        raise Invalid(f"{path}: not a report; delete it and run again")
    return found


def _named(folder: Path, run: str, suffix: str) -> Path:
    if not run or "/" in run or run.startswith("."):
        raise Invalid(f"{run!r} is not the name of a run; see: remit evals list --runs")
    return folder / f"{run}{suffix}"
