"""Choosing among rows: a numbered list to read, and the row an answer means when it means exactly one."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.days import day_of

Row = Mapping[str, Any]
# In which order a row is read out.
_NAMES = ("number", "order_number", "name", "plan", "kind", "card", "money", "status", "description", "items")
_SHOWN = (
    "number",
    "order_number",
    "name",
    "plan",
    "description",
    "items",
    "created_at",
    "card",
    "money",
    "status",
)
_STATUS = {
    "unfulfilled": "not sent yet",
    "partly_fulfilled": "partly sent",
    "fulfilled": "on its way",
    "partly_refunded": "partly refunded",
    "open": "not paid yet",
    "void": "cancelled",
    "uncollectible": "not paid",
}
_ORDINALS = (
    ("first", "1st", "erste", "premier", "première", "primero", "primera"),
    ("second", "2nd", "zweite", "deuxième", "segundo", "segunda"),
    ("third", "3rd", "dritte", "troisième", "tercero"),
    ("fourth", "4th", "vierte"),
    ("fifth", "5th", "fünfte"),
)
MOST_LISTED = 9


def listed(rows: Sequence[Row]) -> str:
    """The rows, numbered, as many as one reads."""
    return "\n".join(f"{n}. {_line(row)}" for n, row in enumerate(rows[:MOST_LISTED], start=1))


def picked(rows: Sequence[Row], answers: Sequence[str], *, first: bool = False) -> Row | None:
    """The row the latest understandable answer means; None when there is none, or several fit and not the `first` is meant."""
    return next((row for text in reversed(answers) if (row := _meant(rows, text, first)) is not None), None)


def _line(row: Row) -> str:
    parts = [_shown(name, str(row[name])) for name in _SHOWN if row.get(name) not in (None, "", [])]
    parts += [f"per {interval}"] if (interval := row.get("interval")) else []
    # A description often repeats the number.
    once = {part.casefold(): part for part in reversed(parts)}
    return ", ".join(once[said] for said in dict.fromkeys(map(str.casefold, parts)))


def _shown(name: str, value: str) -> str:
    if name == "order_number":
        return f"order {value}"
    if name == "created_at":
        return day_of(value)
    return _STATUS.get(value, value) if name == "status" else value


def _meant(rows: Sequence[Row], text: str, first: bool) -> Row | None:
    said = text.casefold()
    if (bare := re.fullmatch(r"\W*(?:number|no\.?|option|nr\.?)?\W*(\d)\W*", said)) and 0 < int(
        bare[1]
    ) <= len(rows):
        return rows[int(bare[1]) - 1]
    named = [row for row in rows if _is_named(row, said)]
    if len(named) == 1 or (named and first):
        return named[0]
    return _by_ordinal(rows, said)


def _is_named(row: Row, said: str) -> bool:
    values = [str(row[name]).casefold() for name in _NAMES[:7] if row.get(name) not in (None, "")]
    return any(
        re.search(rf"(?<![\w.]){re.escape(value)}(?![\w])", said) for value in values if len(value) > 1
    )


def _by_ordinal(rows: Sequence[Row], said: str) -> Row | None:
    words = set(re.findall(r"\w+", said))
    for place, names in enumerate(_ORDINALS[: len(rows)]):
        if words & set(names):
            return rows[place]
    # Lists are newest first.
    if words & {"latest", "newest", "recent", "neueste"}:
        return rows[0]
    return rows[-1] if words & {"last", "oldest", "letzte", "dernier", "dernière", "último"} else None
