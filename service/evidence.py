"""Facts as an approver reads them: grouped by what they are about, money as money."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.queue import FactView
from core.money import Money
from service.wording import label

# Facts in minor units of the currency beside them.
_MONEY = frozenset(
    {
        "amount",
        "remaining",
        "amount_refunded",
        "total",
        "returnable",
        "new_amount",
        "due_now",
        "credits_90d_amount",
    }
)
_UNITS: Mapping[str, str] = {"_days": "d", "_hours": "h", "_pct": "%"}
_SOURCES: Mapping[str, str] = {
    "stripe": "Stripe",
    "okta": "Okta",
    "auth0": "Auth0",
    "hubspot": "HubSpot",
    "shopify": "Shopify",
    "zendesk": "Zendesk",
    "remit": "Remit",
    "request": "as asked",
}
# What is asked for first, what is known about the customer and the request last.
_LAST = ("customer", "request", "agent")
_ASIDE = frozenset({"request", "agent"})


@dataclass(frozen=True, slots=True)
class Shown:
    """One fact: its full name, what it is called within its group, its value in words."""

    name: str
    label: str
    value: str
    source: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Facts about one thing."""

    title: str
    facts: tuple[Shown, ...]
    is_aside: bool


def grouped(facts: Sequence[FactView]) -> tuple[Group, ...]:
    """The facts by the first part of their names; whether something is known goes without saying when it is."""
    values = {fact.name: fact.value for fact in facts}
    groups: dict[str, list[Shown]] = {}
    for fact in facts:
        if fact.name.endswith("_known") and fact.value == "yes":
            continue
        groups.setdefault(fact.name.partition(".")[0], []).append(_shown(fact, values))
    order = sorted(groups, key=lambda name: (_LAST.index(name) if name in _LAST else -1, name))
    return tuple(Group(label(name), tuple(groups[name]), name in _ASIDE) for name in order)


def _shown(fact: FactView, values: Mapping[str, str]) -> Shown:
    about, _, rest = fact.name.partition(".")
    return Shown(
        name=fact.name,
        label=_label(rest or about),
        value=_value(about, rest, fact.value, values),
        source=_SOURCES.get(fact.source, fact.source),
        read_at=fact.read_at,
    )


def _value(about: str, rest: str, value: str, values: Mapping[str, str]) -> str:
    currency = values.get(f"{about}.currency") or next(
        (v for name, v in sorted(values.items()) if name.endswith(".currency")), None
    )
    if rest in _MONEY and currency and value.lstrip("-").isdecimal():
        return str(Money(int(value), currency))
    unit = next((unit for ending, unit in _UNITS.items() if rest.endswith(ending)), None)
    return f"{value} {unit}" if unit and value.isdecimal() else value


def _label(name: str) -> str:
    """`age_days` -> `Age` (its unit stands with the value); `refunds_90d` -> `Refunds in 90 days`."""
    for ending in _UNITS:
        name = name.removesuffix(ending)
    words = re.sub(r"_(\d+)d(?=_|$)", r" in \1 days", name.removeprefix("is_"))
    return label(words)
