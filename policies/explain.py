"""One category's policy in words: the same sentences for the model, the customer and the approver."""

from core.actions import VerdictKind
from core.frozen import Frozen
from core.money import Money
from policies.always import always_sentences
from policies.model import CategoryPolicy, Limit

_TIERS = {
    1: "May run alone once its reviews have shown that it can.",
    2: "Is always looked at by a person before anything happens.",
    3: "Is for people only.",
}
_ANSWERS = {
    "hold": "Answers wait for a colleague until this category has earned its way.",
    "send_then_review": "Answers go out at once and are read by a colleague afterwards.",
}
_SPANS = {
    "per_object_lifetime": "on one thing, ever",
    "per_customer_day": "for one customer in a day",
    "per_category_day": "for all customers together in a day",
}


class Said(Frozen):
    """What the rules say about one tool, by verdict."""

    tool: str
    allow: tuple[str, ...]
    escalate: tuple[str, ...]
    deny: tuple[str, ...]


class Explanation(Frozen):
    """A category in sentences."""

    category: str
    title: str
    about: str
    tier: str
    tools: tuple[Said, ...]
    always: tuple[str, ...]
    limits: tuple[str, ...]
    confirm: tuple[str, ...]
    step_up: tuple[str, ...]
    answers: str
    expires: str
    version: str

    def text(self) -> str:
        """All of it as plain text, stable for the same policy."""
        parts = [f"{self.title} ({self.category}): {self.about}", self.tier]
        for tool in self.tools:
            parts.append(f"\n{tool.tool}")
            parts += [f"  allowed: {sentence}" for sentence in tool.allow]
            parts += [f"  a person decides: {sentence}" for sentence in tool.escalate]
            parts += [f"  refused: {sentence}" for sentence in tool.deny]
        parts += _section("Always to a person", self.always)
        parts += _section("At most, without a person", self.limits)
        parts += _section("The customer confirms", self.confirm)
        parts += _section("The customer proves again who they are for", self.step_up)
        return "\n".join([*parts, "", self.answers, self.expires])


def explain(policy: CategoryPolicy) -> Explanation:
    """The category's policy in the sentences its file gives, in the order of the file."""
    return Explanation(
        category=policy.category,
        title=policy.title,
        about=policy.about,
        tier=_TIERS[policy.tier],
        tools=tuple(_said(policy, tool) for tool in policy.tools if tool in policy.writes),
        always=always_sentences(policy.always_escalate) if policy.writes else (),
        limits=tuple(_limits(policy)),
        confirm=policy.confirm,
        step_up=policy.step_up,
        answers=_ANSWERS[policy.answers],
        expires=f"What waits for somebody lapses after {policy.expires_hours} hours, and the customer is told.",
        version=policy.version,
    )


def _said(policy: CategoryPolicy, tool: str) -> Said:
    def sentences(kind: VerdictKind) -> tuple[str, ...]:
        return tuple(rule.sentence for rule in policy.rules if tool in rule.tools and rule.kind == kind)

    return Said(tool=tool, allow=sentences("allow"), escalate=sentences("escalate"), deny=sentences("deny"))


def _limits(policy: CategoryPolicy) -> list[str]:
    return [f"{cap} {span}" for name, span in _SPANS.items() for cap in _caps(getattr(policy.limits, name))]


def _caps(limit: Limit) -> list[str]:
    counted = [f"{limit.count} {'action' if limit.count == 1 else 'actions'}"] if limit.count else []
    return counted + [str(Money(amount, currency)) for currency, amount in limit.amounts.items()]


def _section(title: str, lines: tuple[str, ...]) -> list[str]:
    return ["", f"{title}:", *(f"  {line}" for line in lines)] if lines else []
