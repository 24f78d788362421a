"""Rule expressions: a small, total part of CEL over flat typed facts, compiled once and asked often."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from cel_expr_python import cel

from core.facts import FactType, FactValue

# Stored verdicts name the engine, because another version might judge differently.
ENGINE = f"rules/1 cel-expr-python/{version('cel-expr-python')}"
MAX_LENGTH = 2000
# One bit each, and an integer has 63.
_AT_ONCE = 32
_TYPES = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "string": cel.Type.STRING,
    "timestamp": cel.Type.TIMESTAMP,
}
# Functions that cannot fail on values of the right type; a failing one inside `a || b` would go unseen.
_TOTAL = frozenset({"size", "startsWith", "endsWith", "contains"})
_WORDS = frozenset({"true", "false", "null", "in"})
# CEL keeps these for itself, yet `return.reason` is a good name for a fact: inside, it is `Return.reason`.
_RESERVED = {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"}
_RESERVED |= {"namespace", "package", "return", "var", "void", "while"}
_TOKEN = re.compile(
    r"""(?P<text>[rRbB]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))"""
    r"""|(?P<remark>//[^\n]*)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?P<call>\s*\()?|(?P<sign>[/%`?])""",
    re.DOTALL,
)
_AT = re.compile(
    r"<input>:(\d+):(\d+): (.*?)(?: \(in container ''\))?(?:\n| \[INVALID_ARGUMENT\]|$)", re.DOTALL
)


class ExpressionError(ValueError):
    """An expression that cannot be a rule; `offset` is where in its text, `name` the unknown fact if that is why."""

    def __init__(self, message: str, offset: int = 0, *, name: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.name = name


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression and the facts it names."""

    compiled: cel.Expression
    names: frozenset[str]

    def holds(self, situation: cel.Activation) -> bool | None:
        """True or False, or None when a fact it needs is missing or it cannot be evaluated."""
        value = self.compiled.eval(situation).value()
        return value if type(value) is bool else None


@dataclass(frozen=True, slots=True)
class Together:
    """Many compiled expressions asked at once; `names` are all facts they name."""

    parts: tuple[tuple[cel.Expression, int], ...]
    names: frozenset[str]

    def hold(self, situation: cel.Activation) -> list[bool] | None:
        """Which of them hold, in order, or None when any of them cannot be evaluated: then ask each alone."""
        held: list[bool] = []
        for part, count in self.parts:
            bits = part.eval(situation).value()
            if not isinstance(bits, int):
                return None
            held += [bool(bits >> place & 1) for place in range(count)]
        return held


class Language:
    """The expressions that may be written over these declared facts."""

    def __init__(self, declared: Mapping[str, FactType]) -> None:
        self.declared = dict(declared)
        self._inside = {name: _capital(name) for name in declared if _is_reserved(name)}
        variables = {self._inside.get(name, name): _TYPES[kind] for name, kind in declared.items()}
        self._env = cel.NewEnv(variables=variables)

    def compile(self, expression: str) -> Program:
        """A program; raises ExpressionError for anything but a boolean expression over declared facts."""
        if len(expression) > MAX_LENGTH:
            raise ExpressionError(f"a rule may have at most {MAX_LENGTH} characters, not {len(expression)}")
        names = frozenset(self._named(expression))
        try:
            compiled = self._env.compile(self._translated(expression))
        except RuntimeError as error:
            raise _placed(str(error), expression) from None
        if (kind := compiled.return_type()) != cel.Type.BOOL:
            raise ExpressionError(f"a rule must be true or false, this is of type {kind.name().lower()}")
        return Program(compiled, names)

    def together(self, expressions: Sequence[str]) -> Together:
        """Expressions that compile alone, as few programs: a call into the engine costs more than most rules."""
        parts = [
            part
            for start in range(0, len(expressions), _AT_ONCE)
            for part in self._joined(expressions[start : start + _AT_ONCE])
        ]
        return Together(tuple(parts), frozenset(name for one in expressions for name in self._named(one)))

    def _joined(self, chunk: Sequence[str]) -> list[tuple[cel.Expression, int]]:
        try:
            return [(self._env.compile(self._translated(_sum_of_bits(chunk))), len(chunk))]
        except RuntimeError:
            # The engine takes only so much nesting: a rule near its bound may not fit beside others.
            half = len(chunk) // 2
            if not half:
                return [(self._env.compile(self._translated(chunk[0])), 1)]  # true is one bit, too
            return [*self._joined(chunk[:half]), *self._joined(chunk[half:])]

    def situation(self, values: Mapping[str, FactValue]) -> cel.Activation:
        """The facts of one action, prepared once for all its rules; absent facts stay unknown."""
        inside = self._inside
        return self._env.Activation({inside.get(k, k): v for k, v in values.items()} if inside else values)

    def _translated(self, expression: str) -> str:
        if not self._inside:
            return expression
        return _TOKEN.sub(lambda t: _capital(t[0]) if _is_reserved(t["name"]) else t[0], expression)

    def _named(self, expression: str) -> Iterator[str]:
        for token in _TOKEN.finditer(expression):
            if sign := token["sign"]:
                raise ExpressionError(f"{sign!r} may not be used in a rule", token.start())
            if token["name"] and token["name"] not in _WORDS:
                yield from self._fact(token)

    def _fact(self, token: re.Match[str]) -> Iterator[str]:
        name: str = token["name"]
        if token["call"]:
            name, _, function = name.rpartition(".")
            if function not in _TOTAL:
                hint = "; ask the fact's `_known` companion instead" if function == "has" else ""
                raise ExpressionError(
                    f"the function {function!r} may not be used in a rule{hint}", token.start()
                )
        if not name:
            return
        if name not in self.declared:
            raise ExpressionError(f"unknown fact {name!r}", token.start(), name=name)
        yield name


def _sum_of_bits(chunk: Sequence[str], place: int = 0) -> str:
    """One expression whose value has a bit for each that holds, nested no deeper than it must be."""
    if len(chunk) == 1:
        # On a line of its own, because it may end in a remark.
        return f"({chunk[0]}\n) ? {1 << place} : 0"
    half = len(chunk) // 2
    return f"({_sum_of_bits(chunk[:half], place)}) + ({_sum_of_bits(chunk[half:], place + half)})"


def _is_reserved(name: str | None) -> bool:
    return name is not None and name.partition(".")[0] in _RESERVED


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _placed(message: str, expression: str) -> ExpressionError:
    found = _AT.search(message)
    if found is None:
        return ExpressionError(message.splitlines()[0])
    lines = expression.splitlines(keepends=True)
    offset = sum(len(line) for line in lines[: int(found[1]) - 1]) + int(found[2]) - 1
    return ExpressionError(found[3], min(offset, len(expression)))


def unfit(values: Mapping[str, FactValue], declared: Mapping[str, FactType]) -> list[str]:
    """Names whose value is undeclared, of another type, a time outside UTC, or too large for the engine."""
    return [name for name, value in values.items() if not _fits(value, declared.get(name))]


def _fits(value: Any, kind: FactType | None) -> bool:
    match kind:
        case "bool":
            return type(value) is bool
        case "int":
            return type(value) is int and -(2**63) <= value < 2**63
        case "string":
            return type(value) is str and _encodable(value)
        case "timestamp":
            return hasattr(value, "utcoffset") and value.utcoffset() is not None and not value.utcoffset()
        case None:
            return False


def _encodable(value: str) -> bool:
    # A lone surrogate would make the native engine raise instead of answer.
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
