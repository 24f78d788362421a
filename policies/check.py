"""What the rules say about one write, from its facts alone: pure, and the same for the same input."""

from collections.abc import Iterator, Mapping, Sequence

from core.actions import Fired, Verdict, VerdictKind
from core.facts import FactValue
from policies.always import always_fired
from policies.cel import unfit
from policies.model import CategoryPolicy, Compiled, Judge

NO_RULE_MATCHED = Fired(
    rule="no_rule_matched", kind="escalate", sentence="No rule settles this without a person."
)
FACTS_UNFIT = "facts_unfit"
NOT_IN_CATEGORY = Fired(
    rule="tool_not_in_category", kind="deny", sentence="This is not done for requests of this kind."
)


def check(policy: CategoryPolicy, tool: str, facts: Mapping[str, FactValue]) -> Verdict:
    """The verdict: deny beats escalate beats allow, and whatever is missing or in doubt is never an allow."""
    judge = policy.judges.get(tool)
    if judge is None:
        return Verdict(kind="deny", fired=(NOT_IN_CATEGORY,), policy_version=policy.version)
    fired = list(_fired(policy, judge, facts))
    kinds = {one.kind for one in fired}
    # Said even beside other escalations: an approval covers only the rule ids it showed.
    if "deny" not in kinds and "allow" not in kinds:
        fired.append(NO_RULE_MATCHED)
        kinds.add("escalate")
    kind: VerdictKind = "deny" if "deny" in kinds else "escalate" if "escalate" in kinds else "allow"
    return Verdict(kind=kind, fired=tuple(fired), policy_version=policy.version)


def _fired(policy: CategoryPolicy, judge: Judge, facts: Mapping[str, FactValue]) -> Iterator[Fired]:
    if wrong := unfit(facts, judge.declared):
        named = ", ".join(sorted(wrong))
        yield Fired(rule=FACTS_UNFIT, kind="escalate", sentence=f"These facts cannot be relied on: {named}.")
        facts = {name: value for name, value in facts.items() if name not in wrong}
    yield from always_fired(policy.always_escalate, facts)
    for compiled, holds in zip(judge.rules, _held(judge, facts), strict=True):
        match holds:
            case True:
                yield compiled.fired if _grounded(compiled, facts) else compiled.unchecked
            case None:
                yield compiled.unchecked
            case False:
                pass


def _held(judge: Judge, facts: Mapping[str, FactValue]) -> Sequence[bool | None]:
    named = judge.together.names
    situation = judge.language.situation({name: value for name, value in facts.items() if name in named})
    together = judge.together.hold(situation)
    if together is not None:
        return together
    # Some rule cannot be evaluated: each alone, so that only that one is in doubt.
    return [compiled.program.holds(situation) for compiled in judge.rules]


def _grounded(compiled: Compiled, facts: Mapping[str, FactValue]) -> bool:
    # `missing || true` is true in CEL; an allow must not rest on a fact nobody read.
    return compiled.fired.kind != "allow" or compiled.program.names <= facts.keys()
