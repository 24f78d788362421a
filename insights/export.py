"""The numbers and their rows for other programs: CSV whose cells stay inert in a spreadsheet, and plain JSON."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from insights.measures import MEASURES, Reading, baseline_in_words
from insights.numbers import Board, Number
from insights.rows import Row

# A cell that begins like this is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBERS_HEAD = (
    "measure", "title", "category", "unit", "value", "n", "of", "may_turn", "p90", "baseline", "baseline_of",
    "band_low", "band_high", "verdict", "trend_30", "trend_60", "trend_90", "from", "to",
)  # fmt: skip
ROWS_HEAD = ("measure", "id", "conversation_id", "action_id", "category", "at", "what", "counts", "value")


def document(found: Board, category: str | None = None) -> dict[str, Any]:
    """Every number as JSON, with its definition; times are seconds, money is dollars, shares are 0 to 1."""
    places = [category] if category else [None, *found.categories]
    return {
        "version": 1,
        "from": found.window.start.isoformat(),
        "to": found.window.stop.isoformat(),
        "days": found.days,
        "measures": [
            {
                "measure": one.key,
                "title": one.title,
                "unit": one.unit,
                "definition": one.definition,
                "out_of": one.out_of,
                "baseline": baseline_in_words(one),
                "band": {"low": one.band.low, "high": one.band.high, "why": one.band.why},
            }
            for one in MEASURES.values()
        ],
        "numbers": [_number(found.number(key, place)) for place in places for key in MEASURES],
    }


def numbers_csv(found: Board) -> str:
    """One line per number, all together first, then category by category."""
    lines = (
        _line(found.number(key, place), found) for place in (None, *found.categories) for key in MEASURES
    )
    return as_csv(NUMBERS_HEAD, lines)


def rows_csv(key: str, rows: Sequence[Row]) -> str:
    """One line per row of a number."""
    lines = (
        (key, r.id, r.conversation_id, r.action_id, r.category, r.at.isoformat(), r.what, r.counts, r.value)
        for r in rows
    )
    return as_csv(ROWS_HEAD, lines)


def as_csv(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """CSV with every cell inert: text that a spreadsheet would compute gets an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([inert(cell) for cell in line] for line in lines)
    return out.getvalue()


def inert(cell: Any) -> Any:
    """The cell as it may stand in a spreadsheet; numbers stay numbers, nothing becomes an empty cell."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) or cell.startswith(_FORMULA) else cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell


def _number(one: Number) -> Mapping[str, Any]:
    return {
        "measure": one.measure.key,
        "category": one.category,
        **_reading(one.now),
        "at_least": one.now.at_least,
        "verdict": one.verdict,
        "baseline": None if one.baseline is None else _reading(one.baseline),
        "trend": {str(30 * n): _reading(reading) for n, reading in enumerate(one.trend, start=1)},
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "value": reading.value,
        "n": reading.n,
        "of": reading.of,
        "may_turn": reading.may_turn,
        "p90": reading.p90,
    }


def _line(one: Number, found: Board) -> Sequence[Any]:
    measure, base = one.measure, one.baseline
    return (
        measure.key,
        measure.title,
        one.category or "all",
        measure.unit,
        one.now.value,
        one.now.n,
        one.now.of,
        one.now.may_turn,
        one.now.p90,
        base.value if base else None,
        base.of if base else None,
        measure.band.low,
        measure.band.high,
        one.verdict,
        *(reading.value for reading in one.trend),
        found.window.start.isoformat(),
        found.window.stop.isoformat(),
    )
