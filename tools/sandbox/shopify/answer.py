"""Runs a checked operation: every field that was asked is answered, in order, or the door itself is at fault."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tools.sandbox.shopify import check
from tools.sandbox.shopify.check import Unanswered
from tools.sandbox.shopify.syntax import Field, Operation, Schema, TypeRef

Node = Mapping[str, Any]
"""Field name -> value, or a function of the field's arguments that gives it."""
Resolver = Callable[..., Any]


def answer(operation: Operation, roots: Node, values: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The `data` of the operation; mutations run one after another, as the GraphQL specification says."""
    return _object(operation.fields, check.root(operation), roots, values, schema)


def _object(
    fields: Sequence[Field], type_name: str, node: Node, values: Mapping[str, Any], schema: Schema
) -> dict[str, Any]:
    done: dict[str, Any] = {}
    for field in fields:
        if field.name == "__typename":
            done[field.key] = type_name
            continue
        found = schema.types[type_name][field.name]
        value = node[field.name]
        if callable(value):
            value = value(**check.arguments(field, found, values, schema))
        done[field.key] = _complete(value, found.type, field, values, schema)
    return done


def _complete(value: Any, kind: TypeRef, field: Field, values: Mapping[str, Any], schema: Schema) -> Any:
    if value is None:
        if kind.required:
            raise ValueError(f"the door gave null for {field.name}: {kind}")
        return None
    if kind.of is not None:
        return [_complete(item, kind.of, field, values, schema) for item in value]
    if kind.name in schema.types:
        return _object(field.fields, kind.name, value, values, schema)
    if kind.name in schema.enums and value not in schema.enums[kind.name]:
        raise ValueError(f"the door gave {value!r} for {field.name}: {kind}")
    return value


def connection(
    rows: Sequence[Any], render: Callable[[Any], Node], *, first: int | None = None, after: str | None = None
) -> Node:
    """One page of rows as nodes, edges and pageInfo; a cursor is the row's place."""
    if first is None:
        raise Unanswered("you must provide one of first or last", "BAD_REQUEST")
    if not 0 < first <= 250:
        raise Unanswered("first must be between 1 and 250", "BAD_REQUEST")
    start = 0 if after is None else _place(after) + 1
    page = list(range(start, min(start + first, len(rows))))
    nodes = [render(rows[at]) for at in page]
    cursors = [_cursor(at) for at in page]
    return {
        "nodes": nodes,
        "edges": [{"node": node, "cursor": cursor} for node, cursor in zip(nodes, cursors, strict=True)],
        "pageInfo": {
            "hasNextPage": start + first < len(rows),
            "hasPreviousPage": start > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _cursor(at: int) -> str:
    return base64.b64encode(f"at:{at}".encode()).decode()


def _place(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("at:"))
    except ValueError:
        raise Unanswered(f"Invalid cursor: {cursor!r}", "BAD_REQUEST") from None
