"""Points around every threshold of a tool's rules: where a rule that can ever speak would be heard."""

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from core.facts import FactType, FactValue
from policies.cases import CALM
from policies.model import CategoryPolicy, Compiled, Judge

Point = Mapping[str, FactValue]
_NUMBER = re.compile(r"(?<![\w.])-?\d+")
_QUOTED = re.compile(r"\"([^\"\\]*)\"|'([^'\\]*)'")
_EMPTY: Mapping[FactType, FactValue] = {
    "bool": False,
    "int": 0,
    "string": "",
    "timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC),
}
_MOST_BASES = 12
_MOST_VALUES = 24
_SAMPLES = 3_000


def bases(policy: CategoryPolicy, tool: str) -> list[Point]:
    """Where to start from: ordinary facts, then each of the tool's examples."""
    declared = policy.judges[tool].declared
    plain = {name: CALM.get(name, _EMPTY[kind]) for name, kind in declared.items()}
    known = [
        {name: value for name, value in example.facts.items() if value is not None}
        for example in policy.examples
        if example.tool == tool
    ]
    return [plain, *({**plain, **facts} for facts in known)]


def points(rule: Compiled, judge: Judge, starts: Sequence[Point]) -> Iterator[Point]:
    """The starts, then every one and every two of the rule's facts moved, then a fixed sample of all of them."""
    yield from starts
    names = sorted(rule.program.names)
    for start in starts[:_MOST_BASES]:
        values = {name: _values(name, rule, judge, start) for name in names}
        for pair in itertools.combinations_with_replacement(names, 2):
            for moved in itertools.product(*(values[name] for name in pair)):
                yield {**start, **dict(zip(pair, moved, strict=True))}
    # The same sample each time, so that a file that was fine stays fine.
    chance = random.Random(7)  # noqa: S311
    for number in range(_SAMPLES if names else 0):
        start = starts[number % len(starts)]
        yield {**start, **{name: chance.choice(_values(name, rule, judge, start)) for name in names}}


def _values(name: str, rule: Compiled, judge: Judge, start: Point) -> Sequence[FactValue]:
    """Both sides of everything this fact could be compared with in the rule."""
    match judge.declared[name]:
        case "bool":
            return [False, True]
        case "int":
            near = {int(found) for found in _NUMBER.findall(_QUOTED.sub("", rule.rule.expression))} | {0, 1}
            near |= {value for other in rule.program.names if type(value := start.get(other)) is int}
            return sorted({n + step for n in near for step in (-1, 0, 1)}, key=lambda n: (abs(n), n))[
                -_MOST_VALUES:
            ]
        case "string":
            written = [a or b for a, b in _QUOTED.findall(rule.rule.expression)]
            others = [v for other in rule.program.names if isinstance(v := start.get(other), str)]
            return list(dict.fromkeys([*written, *others, "something else"]))
        case "timestamp":
            return [start.get(name, _EMPTY["timestamp"])]
