"""Reads the catalog: every file is checked as a whole, and one error names everything that is wrong, with its place."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.canonical import canonical_json, digest
from core.errors import PolicyFileError
from core.ids import Category
from core.tool_spec import ToolSpec
from policies.cases import complete_examples
from policies.cel import ENGINE
from policies.compile import compile_judges, declared_facts
from policies.ladder import check_ladder
from policies.model import Catalog, CategoryFile, CategoryPolicy
from policies.references import Procedure
from policies.report import Report, lines
from policies.source import Source, Unreadable, nearest, parse_source, read_source

MIN_UTTERANCES = 3
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{0,39}")
# What a verdict or a route depends on; words that only teach or describe may change without a new version.
_MATTERS = {
    "tier",
    "tools",
    "rules",
    "limits",
    "confirm",
    "step_up",
    "always_escalate",
    "answers",
    "expires_hours",
    "autonomy",
}


def load_catalog(folder: Path, specs: Mapping[str, ToolSpec]) -> Catalog:
    """All categories of a folder; raises PolicyFileError with one line per problem in any file."""
    found: dict[Category, CategoryPolicy] = {}
    wrong: list[str] = []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            found[Category(path.stem)] = load_category(path, specs)
        except PolicyFileError as error:
            wrong.append(str(error))
    if wrong:
        raise PolicyFileError("\n".join(wrong))
    if not found:
        raise PolicyFileError(f"{folder}: holds no category file (*.yaml)")
    return Catalog(found)


def load_category(path: Path, specs: Mapping[str, ToolSpec]) -> CategoryPolicy:
    """One category; raises PolicyFileError with one line per problem."""
    if path.suffix != ".yaml" or not _CATEGORY.fullmatch(path.stem):
        raise PolicyFileError(f"{path}:1:1: a category file is named like refund_request.yaml")
    try:
        return _checked(path, read_source(path), specs)
    except Unreadable as error:
        raise PolicyFileError("\n".join(lines(path, error.problems))) from None


def parse_category(path: Path, data: bytes, specs: Mapping[str, ToolSpec]) -> CategoryPolicy:
    """One category from bytes that need not be on disk (`path` names them in errors); raises PolicyFileError."""
    try:
        return _checked(path, parse_source(data), specs)
    except Unreadable as error:
        raise PolicyFileError("\n".join(lines(path, error.problems))) from None


def _checked(path: Path, source: Source, specs: Mapping[str, ToolSpec]) -> CategoryPolicy:
    report = Report(path, source)
    try:
        file = CategoryFile.model_validate_json(canonical_json(source.value))
    except ValidationError as error:
        report.shape(error)
        raise PolicyFileError("\n".join(report.lines())) from None
    _check_tools(file, specs, report)
    judges = compile_judges(file, specs, report)
    examples = complete_examples(file, judges, report)
    check_ladder(file, specs, report)
    Procedure(file, specs, report).check(file.procedure)
    if len(file.utterances) < MIN_UTTERANCES:
        report.at(("utterances",), f"triage needs at least {MIN_UTTERANCES} utterances")
    if report.problems:
        raise PolicyFileError("\n".join(report.lines()))
    said: dict[str, Any] = {name: getattr(file, name) for name in CategoryFile.model_fields}
    return CategoryPolicy(
        **said | {"examples": examples},
        category=Category(path.stem),
        version=_version(path.stem, file, specs),
        reads=frozenset(name for name in file.tools if specs[name].kind == "read"),
        writes=frozenset(judges),
        judges=judges,
    )


def _check_tools(file: CategoryFile, specs: Mapping[str, ToolSpec], report: Report) -> None:
    for index, tool in enumerate(file.tools):
        if tool not in specs:
            report.at(("tools", index), f"unknown tool {tool!r}; {nearest(tool, specs)}")
        if tool in file.tools[:index]:
            report.at(("tools", index), f"{tool!r} is listed twice")


def _version(category: str, file: CategoryFile, specs: Mapping[str, ToolSpec]) -> str:
    tools = {name: [specs[name].version, dict(declared_facts(specs[name]))] for name in file.tools}
    content = file.model_dump(include=_MATTERS, mode="json")
    return digest({"engine": ENGINE, "category": category, "tools": tools, "file": content})
