"""The real catalog with the real tools: what a procedure takes from a result is a field of that result."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel
from specs import SPECS

from policies.load import load_catalog
from policies.model import CategoryPolicy
from policies.procedure import (
    Answer,
    Choose,
    FieldRef,
    Literally,
    Need,
    Read,
    Say,
    Step,
    Write,
    holes,
    parse_value,
)
from tools.kit import ReadTool, id_fields
from tools.toolset import specs, toolset

FOLDER = Path(__file__).parents[2] / "policies" / "catalog"
TOOLS = toolset()
CATALOG = load_catalog(FOLDER, specs())
BY_CATEGORY = [pytest.param(policy, id=name) for name, policy in CATALOG.categories.items()]


def test_every_tool_has_a_category_that_lists_it() -> None:
    listed = {tool for policy in CATALOG.categories.values() for tool in policy.tools}
    assert listed == set(TOOLS)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_the_table_of_these_tests_says_what_the_tools_say(name: str) -> None:
    table, real = SPECS[name], specs()[name]
    assert (table.kind, table.family, table.moves_money) == (real.kind, real.family, real.moves_money)
    assert table.facts.items() <= real.facts.items()
    assert set(table.schema["properties"]) == set(real.schema.get("properties", {}))
    assert set(table.schema["required"]) == set(real.schema.get("required", []))


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_references_are_fields_of_what_they_name(policy: CategoryPolicy) -> None:
    known: dict[str, type[BaseModel]] = {}
    for step in policy.procedure:
        for ref in references(step):
            if ref.name != "signals":
                assert ref.field in known[ref.name].model_fields, ref
        match step:
            case Read():
                tool = TOOLS[step.read]
                assert isinstance(tool, ReadTool)
                known[step.into] = get_type_hints(tool.run)["return"]
            case Choose():
                row = row_type(known, step.source)
                assert set(step.where) <= set(row.model_fields), step
                known[step.choose] = row
            case _:
                pass


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_ids_come_from_results_only(policy: CategoryPolicy) -> None:
    for step in policy.procedure:
        if isinstance(step, Read | Write):
            tool = TOOLS[step.read if isinstance(step, Read) else step.write]
            for name in id_fields(tool.args).keys() & step.args.keys():
                assert isinstance(parse_value(step.args[name]), FieldRef), (step, name)


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_literal_arguments_are_ones_the_tool_takes(policy: CategoryPolicy) -> None:
    for step in policy.procedure:
        if isinstance(step, Read | Write):
            tool = TOOLS[step.read if isinstance(step, Read) else step.write]
            assert set(step.args) <= set(tool.args.model_fields)
            for name, value in step.args.items():
                if isinstance(parse_value(value), Literally):
                    tool.args.__pydantic_validator__.validate_assignment(
                        tool.args.model_construct(), name, value
                    )


def references(step: Step) -> list[FieldRef]:
    values: list[Any] = [*step.when, *step.when.values()]
    texts: list[str] = []
    match step:
        case Read() | Write():
            values += step.args.values()
        case Choose():
            values += [step.source, *step.where.values()]
            texts += [step.ask, step.none]
        case Need():
            texts.append(step.ask)
        case Say():
            texts.append(step.say)
        case Answer():
            texts.append(step.answer)
        case _:
            pass
    found = [parse_value(value) for value in values] + [value for text in texts for _, value in holes(text)]
    return [value for value in found if isinstance(value, FieldRef)]


def row_type(known: dict[str, type[BaseModel]], source: str) -> type[BaseModel]:
    ref = parse_value(source)
    assert isinstance(ref, FieldRef)
    row = get_args(known[ref.name].model_fields[ref.field].annotation)[0]
    assert issubclass(row, BaseModel)
    return row
