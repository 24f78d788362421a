"""The intake suite: messages other people wrote, read by triage, and how often it is right."""

import csv
import io
import math
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from agent.triage import WANTS_PERSON, Reading
from core.errors import Invalid
from core.frozen import Frozen

COVERAGES = ("0.5", "0.6", "0.7", "0.8", "0.9")
COLUMNS = ("text", "category")


class Reader(Protocol):
    """What reads messages: triage."""

    def weigh(self, text: str) -> Reading:
        """The signals of a message and how sure they are."""


class Row(Frozen):
    """One message and what it is about, said by a person."""

    text: str
    category: str


class AtConfidence(Frozen):
    """What acting only on readings at least this sure would give."""

    confidence: float
    coverage: float
    precision: float | None


class CategoryScore(Frozen):
    """How one category fared: `n` messages of it, and how many were read as it, rightly or not."""

    n: int
    recall: float | None
    read_as_it: int
    precision: float | None


class IntakeReport(Frozen):
    """What the suite found; a message asking for a person is right when that signal is set, and only then."""

    n: int
    accuracy: float
    precision_at_coverage: Mapping[str, float]
    at_confidence: AtConfidence
    ms_per_message: float
    by_category: Mapping[str, CategoryScore]
    confusion: Mapping[str, Mapping[str, int]]


class _Result(Frozen):
    said: str
    read: str
    sureness: float

    @property
    def is_right(self) -> bool:
        return self.said == self.read


def load_rows(path: Path, known: Collection[str]) -> tuple[Row, ...]:
    """The rows of a CSV with columns text and category; raises Invalid naming the file, the line and the remedy."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Invalid(f"{path}: cannot be read ({error.strerror}); give a CSV file") from None
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    allowed = frozenset(known) | {WANTS_PERSON}
    try:
        _check_columns(path, reader.fieldnames or ())
        rows = tuple(_row(path, reader.line_num, cells, allowed) for cells in reader)
    except csv.Error as error:
        raise Invalid(f"{path}:{reader.line_num}: not CSV ({error})") from None
    if not rows:
        raise Invalid(f"{path}: no rows; the file needs at least one message under its header")
    return rows


def _check_columns(path: Path, found: Collection[str]) -> None:
    if not found:
        raise Invalid(f"{path}: empty; expected a CSV with the columns {', '.join(COLUMNS)}")
    for column in COLUMNS:
        if column not in found:
            raise Invalid(f"{path}:1: no column {column!r}; found: {', '.join(map(repr, found))}")


def _row(path: Path, line: int, cells: Mapping[str, str | None], allowed: Collection[str]) -> Row:
    text, category = cells["text"], (cells["category"] or "").strip()
    if text is None or not category:
        raise Invalid(f"{path}:{line}: a row needs both {' and '.join(COLUMNS)}")
    if category not in allowed:
        raise Invalid(f"{path}:{line}: unknown category {category!r}; known: {', '.join(sorted(allowed))}")
    return Row(text=text, category=category)


def run_intake(rows: Sequence[Row], triage: Reader, *, confidence: float = 0.6) -> IntakeReport:
    """Feed every row through triage; `confidence` is the bar whose coverage and precision are reported too."""
    if not rows:
        raise Invalid("the intake suite needs at least one message")
    if not 0 <= confidence <= 1:
        raise Invalid(f"confidence must be between 0 and 1, not {confidence!r}")
    started = time.perf_counter()
    readings = [triage.weigh(row.text) for row in rows]
    seconds = time.perf_counter() - started
    results = [_result(row, reading) for row, reading in zip(rows, readings, strict=True)]
    # Of equally sure readings the wrong ones count first, so that a tie never flatters.
    surest = sorted(results, key=lambda result: (-result.sureness, result.is_right))
    return IntakeReport(
        n=len(results),
        accuracy=_right(results) or 0.0,
        precision_at_coverage={
            share: _right(surest[: math.ceil(float(share) * len(surest))]) or 0.0 for share in COVERAGES
        },
        at_confidence=_at(results, confidence),
        ms_per_message=round(seconds * 1000 / len(results), 3),
        by_category=_by_category(results),
        confusion=_confusion(results),
    )


def _result(row: Row, reading: Reading) -> _Result:
    signals = reading.signals
    read = WANTS_PERSON if signals.wants_person else str(signals.category)
    return _Result(said=row.category, read=read, sureness=reading.sureness)


def _right(results: Sequence[_Result]) -> float | None:
    if not results:
        return None
    return round(sum(result.is_right for result in results) / len(results), 4)


def _at(results: Sequence[_Result], confidence: float) -> AtConfidence:
    sure = [result for result in results if result.sureness >= confidence]
    return AtConfidence(
        confidence=confidence, coverage=round(len(sure) / len(results), 4), precision=_right(sure)
    )


def _by_category(results: Sequence[_Result]) -> dict[str, CategoryScore]:
    names = sorted({result.said for result in results} | {result.read for result in results})
    return {name: _score(name, results) for name in names}


def _score(name: str, results: Sequence[_Result]) -> CategoryScore:
    said = [result for result in results if result.said == name]
    read = [result for result in results if result.read == name]
    return CategoryScore(n=len(said), recall=_right(said), read_as_it=len(read), precision=_right(read))


def _confusion(results: Sequence[_Result]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for (said, read), count in sorted(Counter((r.said, r.read) for r in results).items()):
        table.setdefault(said, {})[read] = count
    return table


def main_text(report: IntakeReport) -> str:
    """The report for a terminal: the numbers first, then each category with what it was taken for."""
    at = report.at_confidence
    head = [
        f"{report.n} messages, {report.ms_per_message:.1f} ms each",
        f"accuracy                    {_percent(report.accuracy)}",
        *(
            f"precision on the surest {round(float(share) * 100)} % {_percent(value)}"
            for share, value in report.precision_at_coverage.items()
        ),
        f"at confidence {at.confidence:.2f}: coverage {_percent(at.coverage).strip()}, "
        f"precision {_percent(at.precision).strip()}",
        "",
        f"{'category':<22}{'n':>6}{'right':>9}{'precision':>11}  taken for",
    ]
    return "\n".join([*head, *(_line(name, report) for name in report.by_category)])


def _line(name: str, report: IntakeReport) -> str:
    score = report.by_category[name]
    wrong = {read: n for read, n in report.confusion.get(name, {}).items() if read != name}
    taken = ", ".join(
        f"{read} {n}" for read, n in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
    )
    return (
        f"{name:<22}{score.n:>6}{_percent(score.recall):>9}{_percent(score.precision):>11}  {taken}".rstrip()
    )


def _percent(share: float | None) -> str:
    return f"{'-':>7}" if share is None else f"{share:>7.1%}"
