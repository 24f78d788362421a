"""The sandbox's customers reach every rule of the catalog, from both sides, through the real doors and facts."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from core.clock import StillClock
from core.conversation import Principal
from core.facts import FactValue
from core.ids import CustomerId
from policies.check import check
from policies.load import load_catalog
from policies.model import CategoryPolicy
from tools.billing.stripe import Stripe
from tools.crm import hubspot
from tools.crm.port import Contact
from tools.identity.auth0 import Auth0
from tools.identity.either import Either
from tools.identity.okta import Okta
from tools.identity.port import Account
from tools.kit import Scope, WriteTool
from tools.orders import shopify
from tools.orders.port import Order
from tools.sandbox import server
from tools.sandbox.people import PEOPLE, seed_world
from tools.sandbox.persona import Persona
from tools.sandbox.world import World
from tools.systems import Systems
from tools.toolset import specs, toolset

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CATALOG = load_catalog(Path(__file__).parents[2] / "policies" / "catalog", specs())
CALM: dict[str, FactValue] = {
    "request.confidence_pct": 95,
    "request.angry": False,
    "request.urgent": False,
    "request.contacts_30d": 1,
    "request.handovers": 0,
    "request.security_words": False,
    "request.legal_words": False,
    "request.compliance_words": False,
    "agent.writes_on_target": 0,
}
# Every account of the sandbox was made before the eyes of the provider's log, so all are dated.
NOT_IN_THE_DATA = {"contact_not_dated"}
REASONS = ("damaged", "wrong_item", "not_as_described", "no_longer_wanted", "other")
HOME = {"line1": "2 New Street", "city": "Springfield", "zip": "12346"}
Case = tuple[str, dict[str, Any]]


def billing_cases(world: World, person: Persona) -> Iterator[Case]:
    for row in world.find("stripe.charge", owner=person.external_id):
        left = max(row["amount"] - row["amount_refunded"], 1)
        for amount, currency, reason in (
            (left, row["currency"], "requested_by_customer"),
            (left, row["currency"], "duplicate"),
            (max(left - 1, 1), row["currency"], "duplicate"),
            (left + 1, "gbp", "duplicate"),
        ):
            wanted = {"charge_id": row["id"], "amount": amount, "currency": currency, "reason": reason}
            yield "refund_charge", wanted
    for row in world.find("stripe.subscription", owner=person.external_id):
        for when in ("period_end", "now"):
            yield "cancel_subscription", {"subscription_id": row["id"], "when": when}
        yield "resume_subscription", {"subscription_id": row["id"]}
        for price in ("price_starter_month", "price_team_month", "price_business_month", "price_team_year"):
            yield "change_plan", {"subscription_id": row["id"], "price_id": price}
        for amount, currency in ((1000, "usd"), (1001, "usd"), (1000, "eur")):
            yield "credit_balance", {"amount": amount, "currency": currency, "reason": "A late parcel"}
        yield "send_payment_link", {}
    for row in world.find("stripe.invoice", owner=person.external_id):
        yield "resend_invoice", {"invoice_id": row["id"]}


def order_cases(orders: list[Order]) -> Iterator[Case]:
    for order in orders:
        yield "cancel_order", {"order_id": order.id}
        for country, line1 in (("US", "2 New Street"), ("DE", "2 New Street"), ("US", "x")):
            address = {**HOME, "line1": line1, "zip": "12346" if line1 != "x" else "-", "country": country}
            yield "change_shipping_address", {"order_id": order.id, **address}
        for reason in REASONS:
            yield "open_return", {"order_id": order.id, "reason": reason}


def account_cases(account: Account, person: Persona) -> Iterator[Case]:
    for tool in ("send_password_reset", "unlock_account", "revoke_sessions"):
        yield tool, {"account_id": account.id}
    for factor in [f.id for f in account.factors] or ["none"]:
        yield "reset_factor", {"account_id": account.id, "factor_id": factor}
    for email in ("new@example.com", "not an address", person.email):
        yield "change_email", {"account_id": account.id, "new_email": email}


def contact_cases(contact: Contact) -> Iterator[Case]:
    for phone in ("+15550199", "5"):
        yield "update_phone", {"contact_id": contact.id, "phone": phone}
    for country, line1 in (("US", "2 New Street"), ("DE", "2 New Street"), ("US", "x")):
        address = {**HOME, "line1": line1, "zip": "12346" if line1 != "x" else "-", "country": country}
        yield "update_address", {"contact_id": contact.id, **address}
    yield "add_note", {"contact_id": contact.id, "text": "Wants dark mode"}
    yield "answer", {"text": "It is on its way.", "closes": True}


async def cases(world: World, person: Persona, scope: Scope) -> list[Case]:
    """Everything that could sensibly, or just not sensibly, be proposed for this customer."""
    systems = scope.systems
    found = list(billing_cases(world, person))
    shopper = await systems.orders.find_customer(person.external_id)
    if shopper is not None:
        found += order_cases(list(await systems.orders.orders(shopper)))
    account = await systems.identity.find_account(person.external_id)
    # Who is there for orders or plans has an ordinary account; those who are there for it have no charge.
    if account is not None and not person.charges:
        found += account_cases(account, person)
    contact = await systems.crm.find_contact(person.external_id)
    if contact is not None and not person.charges:
        found += contact_cases(contact)
    return found


class Seen:
    """Which rules spoke and which kept silent, for each category; and which tools were ever allowed."""

    def __init__(self) -> None:
        self.spoke: dict[str, set[str]] = defaultdict(set)
        self.silent: dict[str, set[str]] = defaultdict(set)
        self.allowed: dict[str, set[str]] = defaultdict(set)

    def note(self, name: str, policy: CategoryPolicy, tool: str, facts: dict[str, FactValue]) -> None:
        verdict = check(policy, tool, facts)
        fired = {one.rule for one in verdict.fired}
        assert "facts_unfit" not in fired, (tool, verdict)
        mine = {rule.id for rule in policy.rules if tool in rule.tools}
        self.spoke[name] |= mine & fired
        self.silent[name] |= mine - fired
        if verdict.kind == "allow":
            self.allowed[name].add(tool)


@pytest.fixture
async def seen() -> Seen:
    clock = StillClock(NOW)
    world = World(clock=clock)
    await seed_world(world)
    running = await server.start(world)
    key, urls = SecretStr(running.key), running.urls
    stripe = Stripe.open(key, clock=clock, base_url=urls["stripe"])
    identity = Either(
        Okta(base_url=urls["okta"], token=key, clock=clock),
        Auth0(base_url=urls["auth0"], token=key, client_id="remit", clock=clock),
    )
    shop, crm = shopify.open_client(urls["shopify"], key), hubspot.open_client(urls["hubspot"], key)
    none = cast(Any, None)
    systems = Systems(
        stripe, identity, hubspot.HubSpot(crm, clock=clock), shopify.Shopify(shop), none, none, none
    )
    try:
        return await walked(world, systems)
    finally:
        await stripe.close()
        await identity.close()
        await shop.aclose()
        await crm.aclose()
        await running.stop()


async def walked(world: World, systems: Systems) -> Seen:
    seen, tools = Seen(), toolset()
    for person in PEOPLE:
        contact = await systems.crm.find_contact(person.external_id)
        links = {"stripe": f"cus_{person.key}"} | ({"hubspot": contact.id} if contact else {})
        who = Principal(id=CustomerId(person.external_id), assurance="identified", links=links)
        scope = Scope(who=who, systems=systems, now=NOW)
        for name, args in await cases(world, person, scope):
            tool = tools[name]
            assert isinstance(tool, WriteTool)
            facts = {**CALM, **(await tool.facts(tool.args.model_validate(args), scope)).values()}
            for category, policy in CATALOG.categories.items():
                if name in policy.tools:
                    seen.note(category, policy, name, facts)
    return seen


@pytest.mark.slow
async def test_every_rule_speaks_for_somebody_and_not_for_everybody(seen: Seen) -> None:
    plain = {"answer_may_go", "note_may_be_kept"} | NOT_IN_THE_DATA
    for category, policy in CATALOG.categories.items():
        rules = {rule.id for rule in policy.rules}
        assert rules - seen.spoke[category] - NOT_IN_THE_DATA == set(), f"{category}: never speaks"
        assert rules - seen.silent[category] - plain == set(), f"{category}: never silent"
        may = {tool for rule in policy.rules if rule.allow is not None for tool in rule.tools}
        assert may - seen.allowed[category] == set(), f"{category}: never allowed"
