"""What brings a person whatever the rules say: doubt about the request, the customer's standing, certain words."""

from collections.abc import Iterator, Mapping

from core.actions import Fired
from core.facts import FactValue
from policies.model import AlwaysEscalate

Facts = Mapping[str, FactValue]
_WORDS = {
    "security": "A message that speaks of security is read by a person.",
    "legal": "A message that speaks of legal steps is read by a person.",
    "compliance": "A message that speaks of data protection or compliance is read by a person.",
}
_TIERS = {tier: f"Requests of {tier} customers are decided by a person." for tier in ("standard", "plus")}
_TIERS["vip"] = "Requests of VIP customers are decided by a person."
_HEALTH = {
    "good": "Requests of customers in good standing are decided by a person.",
    "at_risk": "Requests of customers we may lose are decided by a person.",
    "unknown": "Where we do not know how a customer is doing, a person decides.",
}


def always_fired(spec: AlwaysEscalate, facts: Facts) -> list[Fired]:
    """Each reason that holds now, and each that could not be checked."""
    return [Fired(rule=f"always.{name}", kind="escalate", sentence=s) for name, s in _reasons(spec, facts)]


def always_sentences(spec: AlwaysEscalate) -> tuple[str, ...]:
    """The same reasons in general words, for people who ask what the rules are."""
    counted = {
        "handovers": (spec.handovers_over, _BOUNCED),
        "contacts": (spec.contacts_30d_over, _OFTEN),
        "own_writes": (spec.own_writes_over, _OWN),
    }
    return (
        *([_DOUBT] if spec.confidence_below_pct > 0 else []),
        *(_TIERS[tier] for tier in spec.tiers),
        *(_HEALTH[health] for health in spec.health),
        *([_ANGRY] if spec.angry else []),
        *(sentence for bound, sentence in counted.values() if bound is not None),
        *(_WORDS[kind] for kind in spec.words),
    )


_DOUBT = "When we are not sure what was meant, a person reads it."
_ANGRY = "When somebody is angry, a person reads it."
_OFTEN = "When somebody has written often lately, a person looks at the whole of it."
_BOUNCED = "A request that has gone back and forth already is decided by a person."
_OWN = "What we changed ourselves a moment ago is looked at by a person before it changes again."


def _reasons(spec: AlwaysEscalate, facts: Facts) -> Iterator[tuple[str, str]]:
    if spec.confidence_below_pct > 0:
        confidence = _int(facts, "request.confidence_pct")
        if confidence is None or confidence < spec.confidence_below_pct:
            yield "confidence", _DOUBT
    yield from _customer(spec, facts)
    if spec.angry and facts.get("request.angry") is not False:
        yield "angry", _ANGRY
    for name, fact, most, sentence in (
        ("contacts", "request.contacts_30d", spec.contacts_30d_over, _OFTEN),
        ("handovers", "request.handovers", spec.handovers_over, _BOUNCED),
        ("own_writes", "agent.writes_on_target", spec.own_writes_over, _OWN),
    ):
        if most is not None and ((count := _int(facts, fact)) is None or count > most):
            yield name, sentence
    for word in spec.words:
        if facts.get(f"request.{word}_words") is not False:
            yield word, _WORDS[word]


def _customer(spec: AlwaysEscalate, facts: Facts) -> Iterator[tuple[str, str]]:
    if spec.tiers:
        tier = facts.get("customer.tier")
        if facts.get("customer.tier_known") is not True or not isinstance(tier, str):
            yield "tier_unknown", "Where we cannot see what kind of customer it is, a person decides."
        elif tier in spec.tiers:
            yield tier, _TIERS[tier]
    if spec.health:
        health = facts.get("customer.health")
        if not isinstance(health, str):
            yield "health_unknown", _HEALTH["unknown"]
        elif health in spec.health:
            yield health, _HEALTH[health]


def _int(facts: Facts, name: str) -> int | None:
    value = facts.get(name)
    return value if type(value) is int else None
