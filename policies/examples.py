"""Runs the examples of a category's file: each names the verdict its facts must get, and the rule that says so."""

from core.actions import Verdict
from core.frozen import Frozen
from policies.check import check
from policies.model import Catalog, CategoryPolicy, Example


class Row(Frozen):
    """One example, what it expects and what the rules said."""

    category: str
    id: str
    tool: str
    expect: str
    rule: str
    got: str
    fired: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True when the verdict is as expected and the named rule is among those that made it."""
        return self.got == self.expect and self.rule in self.fired


def run_example(policy: CategoryPolicy, example: Example) -> Row:
    """What the rules say to one example; `fired` names the rules that made the verdict."""
    verdict: Verdict = check(
        policy, example.tool, {name: value for name, value in example.facts.items() if value is not None}
    )
    return Row(
        category=policy.category,
        id=example.id,
        tool=example.tool,
        expect=example.expect,
        rule=example.rule,
        got=verdict.kind,
        fired=tuple(one.rule for one in verdict.fired if one.kind == verdict.kind),
    )


def run_examples(catalog: Catalog) -> tuple[Row, ...]:
    """Every example of every category."""
    return tuple(
        run_example(policy, example) for policy in catalog.categories.values() for example in policy.examples
    )
