"""Says what is wrong with a request before anything runs, and turns its values into those the schema declares."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tools.sandbox.shopify.syntax import (
    Declared,
    EnumWord,
    Field,
    FieldType,
    Operation,
    Schema,
    TypeRef,
    Variable,
)

Problem = dict[str, Any]


class Unanswered(Exception):
    """A request that only fails while it runs; told as a top-level error in the vendor's shape."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


_ROOTS = {"query": "Query", "mutation": "Mutation"}


def root(operation: Operation) -> str:
    """The schema type an operation starts from."""
    return _ROOTS[operation.kind]


def problems(operation: Operation, schema: Schema) -> list[Problem]:
    """What the schema does not allow, in Shopify's words; empty for a sound operation."""
    known = schema.inputs.keys() | schema.enums.keys() | _SCALARS.keys()
    unknown = [
        f"{d.type.base} isn't a defined input type (on ${n})"
        for n, d in operation.variables.items()
        if d.type.base not in known
    ]
    told = [{"message": words, "extensions": {"code": "undefinedType"}} for words in unknown]
    return told or [*_within(operation.fields, root(operation), operation, schema)]


def _within(fields: tuple[Field, ...], type_name: str, op: Operation, schema: Schema) -> Iterator[Problem]:
    known = schema.types[type_name]
    for field in fields:
        if field.name == "__typename":
            continue
        if field.name not in known:
            words = f"Field '{field.name}' doesn't exist on type '{type_name}'"
            yield _told(field, words, code="undefinedField", typeName=type_name, fieldName=field.name)
            continue
        found = known[field.name]
        yield from _arguments(field, found, op, schema)
        base = found.type.base
        if (base in schema.types) != bool(field.fields):
            verb = "must have" if base in schema.types else "can't have"
            yield _told(
                field, f"Field '{field.name}' returns {base} and {verb} selections", code="selectionMismatch"
            )
        elif field.fields:
            yield from _within(field.fields, base, op, schema)


def _arguments(field: Field, found: FieldType, op: Operation, schema: Schema) -> Iterator[Problem]:
    for name, value in field.args.items():
        if name not in found.args:
            words = f"Field '{field.name}' doesn't accept argument '{name}'"
            yield _told(field, words, code="argumentNotAccepted", name=field.name, argumentName=name)
        else:
            yield from _value(field, name, value, found.args[name], op, schema)
    for name, declared in found.args.items():
        if name not in field.args and declared.type.required and not declared.has_default:
            words = f"Field '{field.name}' is missing required arguments: {name}"
            yield _told(field, words, code="missingRequiredArguments", arguments=name)


def _value(
    field: Field, name: str, value: Any, wanted: Declared, op: Operation, schema: Schema
) -> Iterator[Problem]:
    used = [v for v in _variables(value) if v.name not in op.variables]
    for variable in used:
        yield _told(field, f"Variable ${variable.name} is used but not declared", code="variableNotDefined")
    if isinstance(value, Variable) and not used:
        declared = op.variables[value.name]
        if not _may_stand_for(declared, wanted.type):
            words = f"Type mismatch on variable ${value.name} and argument {name} ({declared.type} / {wanted.type})"
            yield _told(field, words, code="variableMismatch", variableName=value.name, argumentName=name)
    elif not any(True for _ in _variables(value)):
        for path, why in misfits(value, wanted.type, schema):
            yield _told(
                field,
                f"Argument '{name}' has an invalid value: {'.'.join(path)} {why}",
                code="argumentLiteralsIncompatible",
            )


def _may_stand_for(declared: Declared, wanted: TypeRef) -> bool:
    if wanted.required and not declared.type.required and not declared.has_default:
        return False
    return str(declared.type).rstrip("!") == str(wanted).rstrip("!")


def _variables(value: Any) -> Iterator[Variable]:
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _variables(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _variables(item)


def variables(
    operation: Operation, given: Mapping[str, Any], schema: Schema
) -> tuple[dict[str, Any], list[Problem]]:
    """The variables' values with defaults filled in, and what is wrong with those given."""
    values: dict[str, Any] = {}
    wrong: list[Problem] = []
    for name, declared in operation.variables.items():
        is_default = name not in given and declared.has_default
        value = declared.default if is_default else given.get(name)
        bad = [
            {"path": list(path), "explanation": why} for path, why in misfits(value, declared.type, schema)
        ]
        if bad:
            words = f"Variable ${name} of type {declared.type} was provided invalid value"
            wrong.append(
                {
                    "message": words,
                    "extensions": {"code": "INVALID_VARIABLE", "value": value, "problems": bad},
                }
            )
        elif name in given or is_default:
            values[name] = ready(value, declared.type, schema)
    return values, wrong


def arguments(field: Field, found: FieldType, values: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """A field's arguments with variables and defaults in place; what was not given is left out."""
    args: dict[str, Any] = {}
    for name, declared in found.args.items():
        given = field.args.get(name)
        if isinstance(given, Variable) and given.name in values:
            args[name] = values[given.name]
        elif name in field.args and not isinstance(given, Variable):
            args[name] = _fitting(name, _filled(given, values), declared.type, schema)
        elif declared.has_default:
            args[name] = ready(declared.default, declared.type, schema)
    return args


def _fitting(name: str, value: Any, wanted: TypeRef, schema: Schema) -> Any:
    """The value as resolvers take it; a variable inside a literal is only known now."""
    for path, why in misfits(value, wanted, schema):
        raise Unanswered(
            f"Argument '{name}' has an invalid value: {'.'.join(path)} {why}", "INVALID_VARIABLE"
        )
    return ready(value, wanted, schema)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, Variable):
        return values.get(value.name)
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    return value


_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "ID": lambda v: isinstance(v, str) or type(v) is int,
    "String": lambda v: isinstance(v, str),
    "Int": lambda v: type(v) is int and abs(v) < 2**31,
    "Boolean": lambda v: isinstance(v, bool),
    "Decimal": lambda v: isinstance(v, str) and bool(re.fullmatch(r"-?\d+(\.\d+)?", v)),
    "DateTime": lambda v: isinstance(v, str) and bool(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", v)),
    "CountryCode": lambda v: bool(re.fullmatch(r"[A-Z]{2}", _word(v))),
}


def _word(value: Any) -> str:
    return value.word if isinstance(value, EnumWord) else value if isinstance(value, str) else ""


def misfits(value: Any, wanted: TypeRef, schema: Schema) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where and why a value is not of a type."""
    if value is None:
        if wanted.required:
            yield (), "Expected value to not be null"
    elif wanted.of is not None:
        for at, item in enumerate(value if isinstance(value, list) else [value]):
            yield from (((str(at), *path), why) for path, why in misfits(item, wanted.of, schema))
    elif wanted.name in schema.inputs:
        yield from _input_misfits(value, wanted.name, schema)
    elif wanted.name in schema.enums:
        if _word(value) not in schema.enums[wanted.name]:
            yield (
                (),
                f"Expected {_word(value)!r} to be one of: {', '.join(sorted(schema.enums[wanted.name]))}",
            )
    elif isinstance(value, Variable) or not _SCALARS[wanted.name](value):
        yield (), f"Could not coerce value {value!r} to {wanted.name}"


def _input_misfits(value: Any, name: str, schema: Schema) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(value, dict):
        yield (), f"Expected {value!r} to be a key-value object"
        return
    known = schema.inputs[name]
    for key in value.keys() - known.keys():
        yield (key,), f"Field is not defined on {name}"
    for key, declared in known.items():
        if key in value or not declared.has_default:
            yield from (((key, *path), why) for path, why in misfits(value.get(key), declared.type, schema))


def ready(value: Any, wanted: TypeRef, schema: Schema) -> Any:
    """A fitting value as resolvers take it: enum words as text, lists as lists, input defaults filled in."""
    if value is None:
        return None
    if wanted.of is not None:
        return [ready(item, wanted.of, schema) for item in (value if isinstance(value, list) else [value])]
    if wanted.name in schema.inputs:
        known = schema.inputs[wanted.name]
        full = {k: d.default for k, d in known.items() if d.has_default} | value
        return {key: ready(item, known[key].type, schema) for key, item in full.items()}
    return _word(value) if isinstance(value, EnumWord) else value


def _told(field: Field, message: str, **extensions: Any) -> Problem:
    return {
        "message": message,
        "locations": [{"line": field.line, "column": field.column}],
        "path": [field.key],
        "extensions": extensions,
    }
