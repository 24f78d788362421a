"""The direct ports tell and do what the adapters tell and do through the doors, on the same world."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from core.actions import Permit
from core.clock import StillClock
from core.errors import VendorRefused
from core.ids import ActionId
from core.money import Money
from service.sandbox import Sandbox
from service.settings import load
from service.systems import systems_for
from store.work import Store
from tools.crm.port import Address
from tools.sandbox.direct.line import Unpermitted
from tools.sandbox.direct.systems import direct_systems
from tools.sandbox.people import PEOPLE, seed_world
from tools.sandbox.persona import Persona
from tools.sandbox.server import start
from tools.sandbox.world import World
from tools.systems import Systems

ELSEWHERE = Address(line1="9 Other Road", city="Springfield", zip="12345", country="US")


@dataclass
class Twins:
    """The same world twice: one behind its doors, one at hand."""

    behind_doors: World
    at_hand: World
    doors: Systems
    direct: Systems


@pytest.fixture
async def twins(store: Store, clock: StillClock) -> AsyncIterator[Twins]:
    worlds = World(clock=clock), World(clock=clock)
    for world in worlds:
        await seed_world(world)
    async with AsyncExitStack() as stack:
        sandbox = await start(worlds[0])
        stack.push_async_callback(sandbox.stop)
        doors = Sandbox(sandbox.urls, sandbox.smtp, sandbox.admin_url, sandbox.key)
        systems = await systems_for(load({}), doors, store, clock, stack)
        yield Twins(*worlds, systems, direct_systems(worlds[1]))


def _permit(number: int) -> Permit:
    action = ActionId(f"act_{number}")
    return Permit(action, "0" * 64, f"remit-{action}")


async def _reads(systems: Systems, person: Persona) -> list[Any]:
    """Everything the gate may read about a person."""
    billing, orders, crm, identity = systems.billing, systems.orders, systems.crm, systems.identity
    customer = await billing.find_customer(person.external_id)
    assert customer is not None
    shopper = await orders.find_customer(person.external_id)
    assert shopper is not None
    charges, own = await billing.charges(customer), await orders.orders(shopper)
    contact = await crm.find_contact(person.external_id)
    assert contact is not None
    told = [
        *(customer, shopper, charges, own, contact, await crm.contact(contact.id)),
        await billing.customer_email(customer),
        await billing.invoices(customer),
        await billing.subscriptions(customer),
        await billing.balance_changes(customer),
        *[await billing.charge(c.id) for c in charges],
        *[await billing.refunds(c.id) for c in charges],
        *[await orders.order(o.id) for o in own],
        *[await orders.order_by_number(shopper, o.number) for o in own],
    ]
    if person.account is not None and person.account.vendor == "okta":
        account = await identity.find_account(person.external_id)
        assert account is not None
        told += [account, await identity.account(account.id), await identity.contact_changed_at(account.id)]
    return told


async def test_they_read_the_same(twins: Twins) -> None:
    for person in PEOPLE:
        assert await _reads(twins.direct, person) == await _reads(twins.doors, person), person.key


async def test_neither_knows_what_is_not_there(twins: Twins) -> None:
    for systems in (twins.direct, twins.doors):
        assert await systems.billing.charge("ch_nobody") is None
        assert await systems.billing.find_customer("u_nobody") is None
        assert await systems.orders.order("1") is None
        assert await systems.orders.find_customer("u_nobody") is None
        assert await systems.crm.find_contact("u_nobody") is None
        assert await systems.crm.contact("1") is None
        assert await systems.identity.find_account("u_nobody") is None
        assert await systems.identity.account("00unobody") is None
    assert await twins.direct.billing.plans() == await twins.doors.billing.plans()


async def _order_of(systems: Systems, status: str) -> str:
    for person in PEOPLE:
        customer = await systems.orders.find_customer(person.external_id)
        for order in await systems.orders.orders(customer or ""):
            whole = await systems.orders.order(order.id)
            if whole and whole.status == status and not whole.open_returns:
                return whole.id
    raise AssertionError(f"nobody has an order that is {status}")


async def _subscription(systems: Systems) -> Any:
    for person in PEOPLE:
        customer = await systems.billing.find_customer(person.external_id)
        for found in await systems.billing.subscriptions(customer or ""):
            if found.plan.price == "price_team_month" and not found.cancel_at_period_end:
                return found
    raise AssertionError("nobody has the team plan")


async def _contact(systems: Systems) -> str:
    found = await systems.crm.find_contact("u_mara")
    assert found is not None
    return found.id


Write = Callable[[Systems, Permit], Awaitable[Any]]
WRITES: dict[str, Write] = {
    "refund": lambda s, p: s.billing.refund("ch_mara_second", Money(4900, "usd"), "duplicate", p),
    "part": lambda s, p: s.billing.refund("ch_mara_second", Money(1, "usd"), "duplicate", p),
    "password": lambda s, p: s.identity.send_password_reset("00uella", p),
    "unlock": lambda s, p: s.identity.unlock("00udina", p),
    "factor": lambda s, p: s.identity.reset_factor("00umilo", "mfamilo_sms", p),
    "sessions": lambda s, p: s.identity.revoke_sessions("00uella", p),
    "email": lambda s, p: s.identity.change_email("00uella", "new.ella@example.com", p),
}


async def _told(write: Write, systems: Systems, permit: Permit) -> object:
    try:
        return await write(systems, permit)
    except VendorRefused:
        return "refused"


def _ledger(world: World) -> list[object]:
    return [
        e.model_dump(exclude={"detail"}) | {"named": re.sub(r"\d{6,}", "n", str(sorted(e.detail)))}
        for e in world.ledger
    ]


@pytest.mark.parametrize("name", WRITES)
async def test_they_write_the_same_and_only_once(twins: Twins, name: str) -> None:
    for systems in (twins.doors, twins.direct):
        await _told(WRITES[name], systems, _permit(1))
    assert _ledger(twins.at_hand) == _ledger(twins.behind_doors)
    assert [e.action_id for e in twins.at_hand.ledger] == ["act_1"]
    again = [await _told(WRITES[name], systems, _permit(1)) for systems in (twins.doors, twins.direct)]
    other = [await _told(WRITES[name], systems, _permit(2)) for systems in (twins.doors, twins.direct)]
    assert (again[0] == "refused") == (again[1] == "refused")
    assert (other[0] == "refused") == (other[1] == "refused")
    assert _ledger(twins.at_hand) == _ledger(twins.behind_doors)


async def test_orders_contacts_and_plans_change_alike(twins: Twins, clock: StillClock) -> None:
    for systems in (twins.doors, twins.direct):
        contact, waiting = await _contact(systems), await _order_of(systems, "unfulfilled")
        came, plan = await _order_of(systems, "delivered"), await _subscription(systems)
        await systems.orders.change_address(waiting, ELSEWHERE, _permit(1))
        await systems.orders.cancel(waiting, _permit(2))
        await systems.orders.open_return(came, "damaged", _permit(3))
        await systems.crm.update_phone(contact, "+1 555 0177", _permit(4))
        await systems.crm.update_address(contact, ELSEWHERE, _permit(5))
        await systems.crm.add_note(contact, "<b>& more\nlines", _permit(6))
        await systems.billing.change_plan(plan, "price_business_month", _permit(7))
        await systems.billing.cancel(plan.id, when="period_end", permit=_permit(8))
        await systems.billing.resume(plan.id, _permit(9))
        await systems.billing.cancel(plan.id, when="now", permit=_permit(10))
        await systems.billing.credit(plan.customer, Money(500, "usd"), _permit(11))
        await systems.billing.payment_link(plan.customer, _permit(12))
    assert _ledger(twins.at_hand) == _ledger(twins.behind_doors)
    assert len(twins.at_hand.ledger) == 12
    clock.move(timedelta(seconds=1))
    for number, what in ((1, "change_address"), (2, "cancel"), (4, "change_address")):
        action = ActionId(f"act_{number}")
        found = [
            await s.orders.find_by_action(await _waiting(s), what, action)  # type: ignore[arg-type]
            for s in (twins.doors, twins.direct)
        ]
        assert found[0] == found[1]
    for person in PEOPLE:
        assert await _reads(twins.direct, person) == await _reads(twins.doors, person)


async def _waiting(systems: Systems) -> str:
    for person in PEOPLE:
        customer = await systems.orders.find_customer(person.external_id)
        for order in await systems.orders.orders(customer or ""):
            if order.last_action_ids:
                return order.id
    raise AssertionError("no order carries a mark")


async def test_a_write_without_a_permit_reaches_nobody(twins: Twins) -> None:
    nothing: Any = None
    with pytest.raises(Unpermitted):
        await twins.direct.identity.unlock("00udina", nothing)
    assert twins.at_hand.ledger == []
