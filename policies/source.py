"""A YAML file as plain values that remember their place; what could surprise (aliases, tags, duplicates) is refused."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MOST_NAMES = 12
# YAML 1.1 reads `no` as false and 1:30 as ninety; only what looks like a value of JSON is one here.
_INT = re.compile(r"-?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9]\d{0,8})\.\d{1,12}")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and where (both counted from 1)."""

    line: int
    column: int
    message: str


class Unreadable(Exception):
    """A file that could not even be taken apart."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Source:
    """A file taken apart: its text, its values, and the place of each."""

    text: str
    value: dict[str, Any]
    root: yaml.MappingNode

    def place(self, loc: Iterable[str | int]) -> tuple[int, int]:
        """Line and column of the deepest part of this path that exists; what is no part of the file is skipped."""
        return _at(self._node(loc).start_mark)

    def key_place(self, loc: Sequence[str | int]) -> tuple[int, int]:
        """Line and column of the key at the end of this path, else of what holds it."""
        parent = self._node(loc[:-1])
        if isinstance(parent, yaml.MappingNode):
            for key, _ in parent.value:
                if key.value == loc[-1]:
                    return _at(key.start_mark)
        return self.place(loc)

    def place_within(self, loc: Iterable[str | int], offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset` of a text value, however it was folded or quoted."""
        node = self._node(loc)
        at, end = node.start_mark.index, node.end_mark.index
        for char in node.value[: offset + 1] if isinstance(node, yaml.ScalarNode) else "":
            found = at if char.isspace() else self.text.find(char, at, end)
            if found < 0:
                break
            at = found + (0 if char.isspace() else 1)
        at = max(at - 1, node.start_mark.index)
        line_start = self.text.rfind("\n", 0, at) + 1
        return self.text.count("\n", 0, at) + 1, at - line_start + 1

    def _node(self, loc: Iterable[str | int]) -> yaml.Node:
        node: yaml.Node = self.root
        for part in loc:
            if isinstance(node, yaml.MappingNode):
                node = next((value for key, value in node.value if key.value == part), node)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
        return node


def read_source(path: Path) -> Source:
    """The file taken apart; raises Unreadable."""
    return parse_source(_bytes(path))


def parse_source(data: bytes) -> Source:
    """The bytes of a file taken apart; raises Unreadable."""
    text = _text(data)
    try:
        # Before composing, because composing recurses: a bomb or a deep nest must not get that far.
        problems = [*_surprises(yaml.parse(text, Loader=_LOADER))]
        root = None if problems else yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _at(mark) if mark else (1, 1)
        raise Unreadable([Problem(*place, f"is not YAML: {error.problem}")]) from None
    except yaml.YAMLError as error:
        raise Unreadable([Problem(1, 1, f"is not YAML: {str(error).splitlines()[0]}")]) from None
    if not problems and not isinstance(root, yaml.MappingNode):
        problems = [Problem(1, 1, "must be a mapping of names to values")]
    if isinstance(root, yaml.MappingNode):
        problems += _doubled(root)
        if not problems:
            return Source(text, _plain(root), root)
    raise Unreadable(problems)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint: the nearest known name, else the known ones."""
    names = sorted(set(known))
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    shown = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
    return f"known: {shown}" if names else "none is known here"


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable([Problem(1, 1, f"cannot be read: {error.strerror}")]) from None


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Unreadable([Problem(1, 1, f"is larger than {MAX_BYTES} bytes")])
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - before.rfind(b"\n")
        raise Unreadable([Problem(before.count(b"\n") + 1, column, "is not UTF-8")]) from None


def _surprises(events: Iterable[yaml.Event]) -> Iterator[Problem]:
    depth = documents = 0
    for event in events:
        line, column = _at(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                yield Problem(line, column, "holds more than one document")
        elif isinstance(event, yaml.AliasEvent):
            yield Problem(line, column, "aliases (*name) may not be used")
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                yield Problem(line, column, "anchors (&name) may not be used")
            if getattr(event, "tag", None) is not None:
                yield Problem(line, column, "tags (!name) may not be used")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            yield Problem(line, column, f"is nested deeper than {MAX_DEPTH} levels")
            return


def _at(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _doubled(node: yaml.Node) -> Iterator[Problem]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line, column = _at(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                yield Problem(line, column, "a key must be a plain word")
                continue
            if key.value in seen:
                yield Problem(line, column, f"duplicate key {key.value!r}, first on line {seen[key.value]}")
            seen.setdefault(key.value, line)
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubled(item)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
    return node.value if quoted else _scalar(node.value)


def _scalar(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
