"""GraphQL text as a tree: operations with variables, fields with arguments, and the schema language."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"(?P<skip>[\s,\ufeff]+|#[^\n]*)|(?P<name>[_A-Za-z]\w*)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<mark>\.\.\.|[!$():=@\[\]{}|&])'
)
DEEPEST = 60


class SyntaxWrong(Exception):
    """The text is not GraphQL as this door speaks it."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` where a value stands."""

    name: str


@dataclass(frozen=True, slots=True)
class EnumWord:
    """A bare word where a value stands."""

    word: str


@dataclass(frozen=True, slots=True)
class TypeRef:
    """`Name`, `[Name]`, each with or without `!`."""

    name: str
    required: bool = False
    of: "TypeRef | None" = None

    def __str__(self) -> str:
        inner = f"[{self.of}]" if self.of is not None else self.name
        return f"{inner}!" if self.required else inner

    @property
    def base(self) -> str:
        """The named type inside all lists."""
        return self.name if self.of is None else self.of.base


@dataclass(frozen=True, slots=True)
class Field:
    """One selected field; `key` is what its value is called in the answer."""

    name: str
    key: str
    args: dict[str, Any]
    fields: tuple["Field", ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared variable, argument or input field."""

    type: TypeRef
    default: Any = None
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    kind: str
    name: str | None
    variables: dict[str, Declared]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of the schema: what it takes and gives."""

    type: TypeRef
    args: dict[str, Declared] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schema:
    """Object types, input types and enums by name; every other name is a scalar."""

    types: dict[str, dict[str, FieldType]]
    inputs: dict[str, dict[str, Declared]]
    enums: dict[str, frozenset[str]]


def parse_document(text: str) -> tuple[Operation, ...]:
    """The operations of a request; raises SyntaxWrong (also for fragments, which this door does not speak)."""
    reader = _Reader(text)
    found: list[Operation] = []
    while not reader.at_end:
        found.append(_operation(reader))
    if not found:
        reader.fail("Unexpected end of document")
    return tuple(found)


def parse_schema(text: str) -> Schema:
    """A schema from `type`, `input` and `enum` blocks."""
    reader = _Reader(text)
    schema = Schema({}, {}, {})
    while not reader.at_end:
        kind, name = reader.name(), reader.name()
        reader.mark("{")
        if kind == "enum":
            schema.enums[name] = frozenset(_until(reader, "}", reader.name))
        elif kind == "input":
            schema.inputs[name] = dict(_until(reader, "}", lambda: _declared(reader)))
        else:
            schema.types[name] = dict(_until(reader, "}", lambda: _field_type(reader)))
    return schema


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self.peek.kind == "end"

    @property
    def peek(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self.peek
        self._at += token.kind != "end"
        return token

    def fail(self, message: str) -> None:
        raise SyntaxWrong(message, self.peek.line, self.peek.column)

    def name(self) -> str:
        if self.peek.kind != "name":
            self.fail(f"Expected NAME, actual: {self.peek.text!r}")
        return self.take().text

    def is_mark(self, text: str) -> bool:
        return self.peek.kind == "mark" and self.peek.text == text

    def mark(self, text: str) -> None:
        if not self.is_mark(text):
            self.fail(f"Expected {text!r}, actual: {self.peek.text!r}")
        self.take()

    def skip(self, text: str) -> bool:
        found = self.is_mark(text)
        if found:
            self.take()
        return found


def _tokens(text: str) -> Iterator[Token]:
    at, line, start, depth = 0, 1, 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxWrong(f"Unexpected character {text[at]!r}", line, at - start + 1)
        if match.lastgroup != "skip":
            yield Token(str(match.lastgroup), match[0], line, at - start + 1)
        depth += (match[0] in ("{", "[", "(")) - (match[0] in ("}", "]", ")"))
        if depth > DEEPEST:
            raise SyntaxWrong("Nesting is too deep", line, at - start + 1)
        line += match[0].count("\n")
        if "\n" in match[0]:
            start = at + match[0].rindex("\n") + 1
        at = match.end()
    yield Token("end", "end of document", line, at - start + 1)


def _until(reader: _Reader, end: str, read: Any) -> list[Any]:
    found = []
    while not reader.skip(end):
        found.append(read())
    return found


def _operation(reader: _Reader) -> Operation:
    if reader.is_mark("{"):
        return Operation("query", None, {}, _fields(reader))
    if reader.peek.text not in ("query", "mutation"):
        reader.fail(f"Unexpected {reader.peek.text!r}: only operations are spoken here")
    kind = reader.name()
    name = reader.name() if reader.peek.kind == "name" else None
    variables: dict[str, Declared] = {}
    if reader.skip("("):
        variables = dict(_until(reader, ")", lambda: _variable(reader)))
    return Operation(kind, name, variables, _fields(reader))


def _variable(reader: _Reader) -> tuple[str, Declared]:
    reader.mark("$")
    return _declared(reader)


def _declared(reader: _Reader) -> tuple[str, Declared]:
    name = reader.name()
    reader.mark(":")
    kind = _type(reader)
    if reader.skip("="):
        return name, Declared(kind, _value(reader), True)
    return name, Declared(kind)


def _field_type(reader: _Reader) -> tuple[str, FieldType]:
    name = reader.name()
    args = dict(_until(reader, ")", lambda: _declared(reader))) if reader.skip("(") else {}
    reader.mark(":")
    return name, FieldType(_type(reader), args)


def _type(reader: _Reader) -> TypeRef:
    if reader.skip("["):
        inner = _type(reader)
        reader.mark("]")
        return TypeRef("", reader.skip("!"), inner)
    return TypeRef(reader.name(), reader.skip("!"))


def _fields(reader: _Reader) -> tuple[Field, ...]:
    reader.mark("{")
    found = _until(reader, "}", lambda: _field(reader))
    if not found:
        reader.fail("A selection must name at least one field")
    return tuple(found)


def _field(reader: _Reader) -> Field:
    where = reader.peek
    key = name = reader.name()
    if reader.skip(":"):
        name = reader.name()
    args = dict(_until(reader, ")", lambda: _argument(reader))) if reader.skip("(") else {}
    fields = _fields(reader) if reader.is_mark("{") else ()
    return Field(name, key, args, fields, where.line, where.column)


def _argument(reader: _Reader) -> tuple[str, Any]:
    name = reader.name()
    reader.mark(":")
    return name, _value(reader)


_WORDS = {"true": True, "false": False, "null": None}


def _value(reader: _Reader) -> Any:
    if reader.skip("$"):
        return Variable(reader.name())
    if reader.skip("["):
        return _until(reader, "]", lambda: _value(reader))
    if reader.skip("{"):
        return dict(_until(reader, "}", lambda: _argument(reader)))
    token = reader.take()
    if token.kind == "name":
        return _WORDS[token.text] if token.text in _WORDS else EnumWord(token.text)
    if token.kind not in ("number", "string"):
        reader.fail(f"Expected a value, actual: {token.text!r}")
    try:
        # GraphQL strings and numbers are written as in JSON.
        return json.loads(token.text)
    except ValueError:
        raise SyntaxWrong(f"Malformed value {token.text!r}", token.line, token.column) from None
