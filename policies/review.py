"""What a loaded category still gets wrong: rules that never speak, that never decide, and examples that fail."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from policies.check import check
from policies.examples import run_example
from policies.grid import Point, bases, points
from policies.model import CategoryPolicy, Compiled, Judge
from policies.report import Report
from policies.source import read_source


def review(path: Path, policy: CategoryPolicy) -> list[str]:
    """`path:line:column: what is wrong, and what to do` for each fault of a category that loads."""
    report = Report(path, read_source(path))
    for index, rule in enumerate(policy.rules):
        faults = [fault for tool in rule.tools if (fault := _fault(policy, tool, rule.id)) is not None]
        # A rule that speaks for one of its tools is alive; for the others it is a safe repetition.
        if len(faults) == len(rule.tools):
            report.at(("rules", index, rule.kind), faults[0])
    _check_examples(policy, report)
    return report.lines()


def _fault(policy: CategoryPolicy, tool: str, rule_id: str) -> str | None:
    judge = policy.judges[tool]
    rule = next(one for one in judge.rules if one.rule.id == rule_id)
    spoke: list[Point] = []
    for point in points(rule, judge, bases(policy, tool)):
        if not _holds(rule, judge, point):
            continue
        if _decides(policy, tool, rule, point):
            return None
        spoke.append(point)
    if not spoke:
        return (
            f"rule {rule_id!r} can never hold for {tool!r}: nothing around its thresholds makes it true; "
            "correct the expression or remove the rule"
        )
    return _shadowed(policy, tool, rule, judge, spoke)


def _holds(rule: Compiled, judge: Judge, point: Point) -> bool:
    return rule.program.holds(judge.language.situation(point)) is True


def _decides(policy: CategoryPolicy, tool: str, rule: Compiled, point: Point) -> bool:
    return check(policy, tool, point).kind == rule.fired.kind


def _shadowed(policy: CategoryPolicy, tool: str, rule: Compiled, judge: Judge, spoke: Sequence[Point]) -> str:
    named = sorted(_always_beside(rule, judge, spoke))
    others = ", ".join(repr(name) for name in named) or "stricter rules"
    lines = {"allow": "allows", "escalate": "leaves it to a person"}
    return (
        f"rule {rule.rule.id!r} contradicts {others}: wherever it {lines[rule.fired.kind]} for {tool!r}, "
        "a stricter rule decides; narrow one of the two, or remove this one"
    )


def _always_beside(rule: Compiled, judge: Judge, spoke: Sequence[Point]) -> Iterator[str]:
    """The stricter rules that hold at every point where this one does."""
    order = ("allow", "escalate", "deny")
    for other in judge.rules:
        stricter = order.index(other.fired.kind) > order.index(rule.fired.kind)
        if stricter and all(_holds(other, judge, point) for point in spoke):
            yield other.rule.id


def _check_examples(policy: CategoryPolicy, report: Report) -> None:
    for index, example in enumerate(policy.examples):
        row = run_example(policy, example)
        if not row.passed:
            fired = ", ".join(row.fired) or "no rule"
            report.at(
                ("examples", index),
                f"example {row.id!r} expects {row.expect} by {row.rule!r} and gets {row.got} by {fired}; "
                "correct the rule, or the example if the rule is meant",
            )
