"""Facts as an approver reads them: grouped by what they are about, money as money."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.detail import FactView
from core.actions import Fired
from core.money import Money
from policies.model import CategoryFile
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
# What an approver wants to see whatever the rules read.
_ALWAYS = frozenset(
    {
        "charge.amount",
        "charge.created_at",
        "charge.twin",
        "charge.twin_created_at",
        "charge.remaining",
        "order.status",
        "customer.refunds_90d",
        "customer.tier",
        "customer.health",
    }
)
_FACT = re.compile(r"[a-z]+\.[a-z0-9_]+")


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


@dataclass(frozen=True, slots=True)
class Pair:
    """Two charges for the same thing: when each was made, what it was, and which one goes back."""

    amount: str
    first: str
    first_at: str
    second: str
    second_at: str


def doubled(facts: Sequence[FactView], args: Mapping[str, Any]) -> Pair | None:
    """The pair behind a duplicate charge, from the facts alone; None where there is none."""
    known = {fact.name: fact.value for fact in facts}
    if not {"charge.twin", "charge.twin_created_at", "charge.created_at", "charge.amount"} <= known.keys():
        return None
    return Pair(
        amount=_value("charge", "amount", known["charge.amount"], known),
        first=known["charge.twin"],
        first_at=known["charge.twin_created_at"],
        second=str(args.get("charge_id", "")),
        second_at=known["charge.created_at"],
    )


def decisive(policy: CategoryFile | None, tool: str, fired: Sequence[Fired]) -> frozenset[str]:
    """The facts that the fired rules read; those of every rule for the tool when none of them fired."""
    rules = [rule for rule in policy.rules if tool in rule.tools] if policy else []
    spoke = {one.rule for one in fired}
    chosen = [rule for rule in rules if rule.id in spoke] or rules
    return frozenset(name for rule in chosen for name in _FACT.findall(rule.expression))


def grouped(facts: Sequence[FactView], used: Collection[str] | None = None) -> tuple[Group, ...]:
    """The facts by the first part of their names, those not in `used` aside; a known `_known` goes without saying."""
    front = [fact for fact in facts if used is None or fact.name in used or fact.name in _ALWAYS]
    rest = [fact for fact in facts if fact not in front]
    values = {fact.name: fact.value for fact in facts}
    return (*_groups(front, values, is_aside=False), *_groups(rest, values, is_aside=True))


def _groups(facts: Sequence[FactView], values: Mapping[str, str], *, is_aside: bool) -> tuple[Group, ...]:
    groups: dict[str, list[Shown]] = {}
    for fact in facts:
        if fact.name.endswith("_known") and fact.value == "yes":
            continue
        groups.setdefault(fact.name.partition(".")[0], []).append(_shown(fact, values))
    order = sorted(groups, key=lambda name: (_LAST.index(name) if name in _LAST else -1, name))
    return tuple(Group(label(name), tuple(groups[name]), is_aside or name in _ASIDE) for name in order)


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
