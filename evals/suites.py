"""Suites: one YAML file per category, every fault in them named with file and line."""

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from core.errors import Invalid
from evals.scenario import Scenario

LARGEST = 1_000_000


Check = Callable[[Scenario], None]


def load_suites(
    folder: Path, *, people: Collection[str], only: str | None = None, check: Check | None = None
) -> Sequence[Scenario]:
    """Every scenario of every file (or of one); raises Invalid with file:line for whatever is wrong.

    `check` raises Invalid for what only the house can know: an unknown tool or rule, a change that fits nobody.
    """
    files = sorted(folder.glob("*.yaml"))
    if only is not None:
        files = [file for file in files if file.stem == only]
    if not files:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none"
        raise Invalid(f"no suite {only or ''} in {folder}; known: {known}")
    found: list[Scenario] = []
    seen: dict[str, str] = {}
    for file in files:
        for scenario, where in _scenarios(file, people):
            if scenario.id in seen:
                raise Invalid(f"{where}: scenario {scenario.id!r} exists already at {seen[scenario.id]}")
            if check is not None:
                _house_knows(scenario, where, check)
            seen[scenario.id] = where
            found.append(scenario)
    return found


def _house_knows(scenario: Scenario, where: str, check: Check) -> None:
    try:
        check(scenario)
    except Invalid as wrong:
        raise Invalid(f"{where}: {wrong}") from None


def _scenarios(file: Path, people: Collection[str]) -> list[tuple[Scenario, str]]:
    text = file.read_text(encoding="utf-8")
    if len(text) > LARGEST:
        raise Invalid(f"{file}: larger than {LARGEST:,} bytes; split it")
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if any(isinstance(token, (yaml.AliasToken, yaml.AnchorToken)) for token in yaml.scan(text)):
            raise Invalid(f"{file}: anchors and aliases are not read; write it out")
        documents = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Invalid(f"{file}:{mark.line + 1 if mark else 1}: not YAML: {error}") from None
    if not isinstance(tree, yaml.SequenceNode) or not tree.value:
        raise Invalid(f"{file}:1: a suite is a list of scenarios")
    lines = [node.start_mark.line + 1 for node in tree.value]
    return [
        (_one(document, f"{file}:{line}", file.stem, people), f"{file}:{line}")
        for document, line in zip(documents, lines, strict=True)
    ]


def _one(document: Any, where: str, category: str, people: Collection[str]) -> Scenario:
    if not isinstance(document, dict):
        raise Invalid(f"{where}: a scenario is a mapping")
    if "expect" not in document:
        raise Invalid(f"{where}: a scenario without `expect` proves nothing; name the effects, or []")
    try:
        # Through JSON, because strict types take tuples from JSON but not from lists.
        scenario = Scenario.model_validate_json(json.dumps({"category": category, **document}, default=str))
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if scenario.person not in people:
        raise Invalid(
            f"{where}: the sandbox has no person {scenario.person!r}; known: {', '.join(sorted(people))}"
        )
    return scenario
