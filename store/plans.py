"""Statements compiled once by their shape and sent straight to the driver: less than half of what a full execution costs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import ClauseElement, Executable, IteratorResult
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

# Also inside a query that adds rows and tells of them; a lock on rows changes nothing.
_WRITES = re.compile(r"(?<!for )\b(insert|update|delete)\b", re.IGNORECASE)


class Rows(IteratorResult[Any]):
    """What a statement gave; `rowcount` is how many rows it touched."""

    def __init__(self, shape: SimpleResultMetaData, rows: Sequence[Any], rowcount: int) -> None:
        super().__init__(shape, iter(rows))
        self.rowcount = rowcount


@dataclass(slots=True)
class Plan:
    """A statement's text and how its values and results are turned; `writes` says whether it changes anything."""

    compiled: SQLCompiler
    writes: bool
    shape: SimpleResultMetaData | None = None
    turns: Sequence[Any] = ()


class Plans:
    """Every shape of statement met on an engine."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[object, Plan | None] = {}

    def ready(
        self, statement: Executable, given: Mapping[str, Any] | None
    ) -> tuple[Plan, dict[str, Any]] | None:
        """The plan and all values to send, None for what must go the ordinary way."""
        # SQLAlchemy's own cache does the same with this key, once it has built a context for the execution.
        key = statement._generate_cache_key() if isinstance(statement, ClauseElement) else None
        if key is None:
            return None
        shape = (key.key, tuple(given or ()))
        if shape not in self._known:
            self._known[shape] = self._plan(statement, key, given)
        plan = self._known[shape]
        if plan is None:
            return None
        values = dict(plan.compiled.construct_params(given, extracted_parameters=key.bindparams))
        for name, turn in plan.compiled._bind_processors.items():
            values[name] = turn(values[name])  # type: ignore[operator]
        return plan, values

    def _plan(self, statement: Any, key: Any, given: Mapping[str, Any] | None) -> Plan | None:
        columns = list(given) if given else None
        compiled = statement.compile(dialect=self._dialect, cache_key=key, column_keys=columns)
        if not isinstance(compiled, SQLCompiler) or not _is_plain(compiled):
            return None
        return Plan(compiled, writes=bool(_WRITES.search(compiled.string)))


def _is_plain(compiled: SQLCompiler) -> bool:
    """True when its text and values are all there is: no list to be spelled out, no default to be made."""
    made_later = (
        compiled.literal_execute_params,
        compiled.isinsert and compiled.insert_prefetch,
        compiled.isupdate and compiled.update_prefetch,
    )
    return not any(made_later)


def sent(driver: psycopg.Connection[Any], plan: Plan, values: dict[str, Any]) -> Rows:
    """What the statement gave."""
    text = plan.compiled.string
    if plan.compiled.post_compile_params:
        text, values = _spelled_out(plan.compiled, values)
    cursor = driver.execute(text, values)
    if plan.shape is None:
        columns = cursor.description or ()
        plan.shape = SimpleResultMetaData([column.name for column in columns])
        plan.turns = _turns(plan.compiled, [column.type_code for column in columns])
    rows = cursor.fetchall() if plan.shape.keys else []
    if plan.turns:
        rows = [
            tuple(turn(v) if turn else v for turn, v in zip(plan.turns, row, strict=True)) for row in rows
        ]
    return Rows(plan.shape, rows, cursor.rowcount)


def _spelled_out(compiled: SQLCompiler, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text with every list of `in` written as so many values."""
    spelled = compiled._process_parameters_for_postcompile(values)
    return spelled.statement, {**values, **spelled.additional_parameters}


def _turns(compiled: SQLCompiler, codes: Sequence[int]) -> Sequence[Any]:
    """What turns each column's value into its type's; empty when the driver has done so already."""
    types = [entry.type for entry in compiled._result_columns]
    if len(types) != len(codes):
        return ()
    turns = [
        kind._cached_result_processor(compiled.dialect, code) for kind, code in zip(types, codes, strict=True)
    ]
    return turns if any(turns) else ()
