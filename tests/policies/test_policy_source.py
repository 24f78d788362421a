"""Files that cannot be taken apart: each is refused with its place, whatever it holds."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specs import SPECS

from core.errors import PolicyFileError
from core.facts import FactType
from policies.cel import ExpressionError, Language
from policies.load import parse_category
from policies.report import lines
from policies.source import Unreadable, parse_source

FOLDER = Path(__file__).parents[2] / "policies" / "catalog"
REAL = (FOLDER / "refund_request.yaml").read_bytes()
DECLARED: dict[str, FactType] = {"a.b": "bool", "a.n": "int", "return.s": "string", "a.t": "timestamp"}


def problems(data: bytes) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        parse_source(data)
    return [line.removeprefix("x.yaml:") for line in lines(Path("x.yaml"), caught.value.problems)]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"", "1:1: must be a mapping", id="empty"),
        pytest.param(b"- a\n- b\n", "1:1: must be a mapping", id="list"),
        pytest.param(b"title: [a\n", "2:1: is not YAML", id="broken"),
        pytest.param(b"title: a\n  tier: 1\n", "2:7: is not YAML", id="broken-indent"),
        pytest.param(
            b"title: a\ntitle: b\n", "2:1: duplicate key 'title', first on line 1", id="duplicate-key"
        ),
        pytest.param(b"a: {b: 1, b: 2}\n", "1:11: duplicate key 'b'", id="duplicate-key-inside"),
        pytest.param(b"a: &x [1]\nb: *x\n", "2:4: aliases (*name) may not be used", id="alias"),
        pytest.param(b"a: &x 1\n", "1:4: anchors (&name) may not be used", id="anchor"),
        pytest.param(
            b"a: !!python/object/apply:os.getcwd []\n", "1:4: tags (!name) may not be used", id="tag"
        ),
        pytest.param(b"a: 1\n---\nb: 2\n", "2:1: holds more than one document", id="two-documents"),
        pytest.param(b"? [a, b]\n: 1\n", "1:3: a key must be a plain word", id="key-that-is-a-list"),
        pytest.param(b"a: \xff\n", "1:4: is not UTF-8", id="not-utf-8"),
        pytest.param(b"a: \x00\n", "1:1: is not YAML", id="nul"),
        pytest.param(b"a: " + b"[" * 100_000, "1:15: is nested deeper than 12 levels", id="deep-nest"),
        pytest.param(b"a: " + b"x" * 300_000, "1:1: is larger than 262144 bytes", id="too-large"),
    ],
)
def test_a_file_that_cannot_be_taken_apart(data: bytes, line: str) -> None:
    found = problems(data)
    assert any(one.startswith(line) for one in found), found


def test_a_bomb_is_refused_before_it_grows() -> None:
    layers = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 30)]
    assert all("may not be used" in one for one in problems(b"\n".join(layers)))


def wrong_with(data: bytes) -> list[str]:
    """What is wrong with a source, by place; nothing when it can be taken apart."""
    try:
        parse_source(data)
    except Unreadable as error:
        return lines(Path("x.yaml"), error.problems) or ["nothing was said"]
    return []


def wrong_in_category(data: bytes) -> list[str]:
    try:
        parse_category(Path("x.yaml"), data, SPECS)
    except PolicyFileError as error:
        return str(error).splitlines()
    return []


def offset_of(expression: str) -> int:
    """Where the expression is wrong; 0 when it compiles and, without facts, is in doubt at most."""
    language = Language(DECLARED)
    try:
        program = language.compile(expression)
    except ExpressionError as error:
        return error.offset
    assert program.names <= set(DECLARED)
    assert program.holds(language.situation({})) in (True, False, None)
    return 0


_PLACED = re.compile(r"x\.yaml:[1-9]\d*:[1-9]\d*: \S")


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert all(_PLACED.match(line) for line in wrong_with(data))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.integers(0, len(REAL)), st.integers(0, 40), st.binary(max_size=12))
def test_a_spoiled_file_loads_or_says_where(start: int, length: int, put: bytes) -> None:
    found = wrong_in_category(REAL[:start] + put + REAL[start + length :])
    assert all(_PLACED.match(line) for line in found), found


_PIECES = (
    "a.b a.n return.s a.t a.x && || ! ( ) < == 1 'x' \" ' / // \\n in [ ] . size( has( true é - 0x r' { } ?"
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(_PIECES.split()), max_size=12).map(" ".join) | st.text(max_size=60))
def test_any_expression_compiles_or_says_where(expression: str) -> None:
    assert 0 <= offset_of(expression) <= len(expression)
