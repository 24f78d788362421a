"""The facts that billing's writes are judged on, read from billing and from the orders; what is unknown is left out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.errors import VendorRefused
from core.facts import FactSet, FactType, read_facts
from tools.billing.duplicates import duplicate_of
from tools.billing.own import own_customer
from tools.billing.port import Charge, Plan, Subscription
from tools.billing.reads import own_charges
from tools.crm.customer_facts import CUSTOMER_FACTS
from tools.kit import Scope
from tools.orders.port import Order

WINDOW = timedelta(days=90)
RUNNING = frozenset({"active", "trialing"})

REFUND_FACTS: Mapping[str, FactType] = {
    "charge.paid": "bool",
    "charge.amount": "int",
    "charge.remaining": "int",
    "charge.amount_refunded": "int",
    "charge.currency": "string",
    "charge.created_at": "timestamp",
    "charge.age_days": "int",
    "charge.disputed": "bool",
    "charge.is_duplicate": "bool",
    "charge.twin": "string",
    "charge.twin_created_at": "timestamp",
    "charge.method_known": "bool",
    "charge.card": "string",
    "refund.amount": "int",
    "refund.currency": "string",
    "refund.full": "bool",
    "refund.reason": "string",
    "order.known": "bool",
    "order.number": "string",
    "order.opened_known": "bool",
    "order.opened": "bool",
    "order.delivered_known": "bool",
    "order.delivered_at": "timestamp",
    "order.days_since_delivery": "int",
    "customer.refunds_90d": "int",
    **CUSTOMER_FACTS,
}
SUBSCRIPTION_FACTS: Mapping[str, FactType] = {
    "subscription.status": "string",
    "subscription.active": "bool",
    "subscription.cancel_at_period_end": "bool",
    "subscription.amount": "int",
    "subscription.currency": "string",
    "subscription.interval": "string",
    "subscription.days_left": "int",
    "subscription.age_days": "int",
    "subscription.plan": "string",
    "subscription.period_end": "timestamp",
    **CUSTOMER_FACTS,
}
CANCEL_FACTS: Mapping[str, FactType] = {**SUBSCRIPTION_FACTS, "cancel.now": "bool"}
CHANGE_FACTS: Mapping[str, FactType] = {
    **SUBSCRIPTION_FACTS,
    "plan.name": "string",
    "plan.interval": "string",
    "plan.new_amount": "int",
    "plan.is_upgrade": "bool",
    "plan.same_interval": "bool",
    "plan.same_currency": "bool",
    "plan.due_now": "int",
}
CREDIT_FACTS: Mapping[str, FactType] = {
    "credit.amount": "int",
    "credit.currency": "string",
    "credit.currency_matches": "bool",
    "customer.credits_90d": "int",
    "customer.credits_90d_amount": "int",
    **CUSTOMER_FACTS,
}
LINK_FACTS: Mapping[str, FactType] = {
    "account.email_known": "bool",
    "subscription.past_due": "bool",
    **CUSTOMER_FACTS,
}
INVOICE_FACTS: Mapping[str, FactType] = {
    "invoice.number": "string",
    "invoice.status": "string",
    "invoice.total": "int",
    "invoice.currency": "string",
    "invoice.age_days": "int",
    "account.email_known": "bool",
    **CUSTOMER_FACTS,
}


def whole_days(since: datetime, now: datetime) -> int | None:
    """Full days gone by; None for a time that lies ahead, which no rule may take for a young one."""
    return (now - since).days if since <= now else None


async def charge_facts(charge: Charge, scope: Scope) -> FactSet:
    """The charge itself, what the customer got back lately, and whether it repeats another."""
    charges = await own_charges(scope)
    twin = duplicate_of(charge, charges)
    return read_facts(
        scope.systems.billing.vendor,
        scope.now,
        charge__paid=charge.paid,
        charge__amount=charge.amount,
        charge__remaining=charge.remaining,
        charge__amount_refunded=charge.amount_refunded,
        charge__currency=charge.currency,
        charge__created_at=charge.created_at,
        charge__age_days=whole_days(charge.created_at, scope.now),
        charge__disputed=charge.disputed,
        charge__is_duplicate=twin is not None,
        charge__twin=twin.id if twin else None,
        charge__twin_created_at=twin.created_at if twin else None,
        charge__method_known=bool(charge.card),
        charge__card=charge.card or None,
        customer__refunds_90d=await _recent_refunds(charges, scope),
    )


async def _recent_refunds(charges: Sequence[Charge], scope: Scope) -> int:
    """How many refunds the customer had in the last 90 days; failed ones gave nothing back."""
    count = 0
    for charge in charges:
        if charge.amount_refunded:
            refunds = await scope.systems.billing.refunds(charge.id)
            count += sum(
                r.created_at > scope.now - WINDOW and r.status not in ("failed", "canceled") for r in refunds
            )
    return count


async def order_facts(number: str | None, scope: Scope) -> FactSet:
    """The customer's own order that a charge names: delivered when, opened or not, as far as it is known."""
    order = await _own_order(number, scope) if number else None
    days = whole_days(order.delivered_at, scope.now) if order and order.delivered_at else None
    opened = order.opened if order else None
    return read_facts(
        scope.systems.orders.vendor,
        scope.now,
        order__known=order is not None,
        order__number=order.number if order else None,
        order__opened_known=opened is not None,
        order__opened=opened,
        order__delivered_known=days is not None,
        order__delivered_at=order.delivered_at if order and days is not None else None,
        order__days_since_delivery=days,
    )


async def _own_order(number: str, scope: Scope) -> Order | None:
    """Among the principal's own orders only: numbers need not be unique, and others' orders are not known."""
    orders = scope.systems.orders
    customer = scope.who.links.get(orders.vendor) or await orders.find_customer(scope.who.id)
    if customer is None:
        return None
    found = await orders.order_by_number(customer, number)
    return found if found is not None and found.customer == customer else None


def subscription_facts(found: Subscription, scope: Scope) -> FactSet:
    """The subscription as it is now."""
    left = (found.period_end - scope.now).days
    return read_facts(
        scope.systems.billing.vendor,
        scope.now,
        subscription__status=found.status,
        subscription__active=found.status in RUNNING,
        subscription__cancel_at_period_end=found.cancel_at_period_end,
        subscription__amount=found.plan.amount,
        subscription__currency=found.plan.currency,
        subscription__interval=found.plan.interval,
        subscription__days_left=left if left >= 0 else None,
        subscription__age_days=whole_days(found.started_at, scope.now),
        subscription__plan=found.plan.name,
        subscription__period_end=found.period_end,
    )


async def change_facts(found: Subscription, price: str, scope: Scope) -> FactSet:
    """What another price would mean; a price that is not on offer leaves everything out."""
    billing = scope.systems.billing
    new = next((plan for plan in await billing.plans() if plan.price == price), None)
    if new is None:
        return FactSet()
    amount = new.amount * found.quantity
    yearly = {"month": 12, "year": 1}
    return read_facts(
        billing.vendor,
        scope.now,
        plan__name=new.name,
        plan__interval=new.interval,
        plan__new_amount=amount,
        plan__is_upgrade=amount * yearly[new.interval] > found.plan.amount * yearly[found.plan.interval],
        plan__same_interval=new.interval == found.plan.interval,
        plan__same_currency=new.currency == found.plan.currency,
        plan__due_now=await _due_now(found, new, scope),
    )


async def _due_now(found: Subscription, new: Plan, scope: Scope) -> int | None:
    """None where the vendor says no to the change: the rules still hear everything else about it."""
    if new.currency != found.plan.currency:
        return None
    try:
        return (await scope.systems.billing.preview_change(found, new.price)).due_now
    except VendorRefused:
        return None


async def credit_facts(amount: int, currency: str, scope: Scope) -> FactSet:
    """The credit asked for, beside what was credited lately and the currency the customer pays in."""
    customer = await own_customer(scope)
    if customer is None:
        return FactSet()
    changes = await scope.systems.billing.balance_changes(customer)
    recent = [c for c in changes if c.amount > 0 and c.created_at > scope.now - WINDOW]
    return read_facts(
        scope.systems.billing.vendor,
        scope.now,
        credit__amount=amount,
        credit__currency=currency,
        credit__currency_matches=await _currencies(scope) == {currency},
        customer__credits_90d=len(recent),
        # Kept per currency: yen and dollars have no sum.
        customer__credits_90d_amount=sum(c.amount for c in recent if c.currency == currency),
    )


async def _currencies(scope: Scope) -> set[str]:
    """Every currency the customer has paid in."""
    return {charge.currency for charge in await own_charges(scope) if charge.paid}


async def mail_facts(customer: str, scope: Scope) -> FactSet:
    """Whether billing holds an address to write to."""
    email = await scope.systems.billing.customer_email(customer)
    return read_facts(scope.systems.billing.vendor, scope.now, account__email_known=bool(email))
