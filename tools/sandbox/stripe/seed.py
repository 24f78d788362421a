"""Writes a persona's billing records: customer, charges, refunds, disputes, subscription and invoices."""

import math
from datetime import datetime, timedelta

from tools.sandbox.persona import Persona, PersonaCharge, PersonaSubscription
from tools.sandbox.world import Change, Record

DAY = 86_400
# What Northwind Example sells: price key -> product, name, minor units of USD, interval.
PRICES: dict[str, tuple[str, str, int, str]] = {
    "starter_month": ("prod_starter", "Starter", 1900, "month"),
    "team_month": ("prod_team", "Team", 4900, "month"),
    "business_month": ("prod_business", "Business", 9900, "month"),
    "starter_year": ("prod_starter", "Starter", 19_000, "year"),
    "team_year": ("prod_team", "Team", 49_000, "year"),
}
_PERIOD_DAYS = {"month": 30, "year": 365}


def seed(change: Change, persona: Persona) -> None:
    """Puts the persona's records into the change; seeding is no effect."""
    now = persona.seeded_at or change.now
    seed_prices(change)
    customer = _customer(persona, now)
    change.put("stripe.customer", customer["id"], customer)
    for entry in persona.charges:
        _charge(change, persona, entry, now)
    if persona.subscription is not None:
        _subscription(change, persona, persona.subscription, now)
        _invoices(change, persona, persona.subscription, now)


def seed_prices(change: Change) -> None:
    """The price list, once per world; it belongs to nobody."""
    for key, (product, name, amount, interval) in PRICES.items():
        if change.get("stripe.price", f"price_{key}") is not None:
            continue
        row: Record = {
            "id": f"price_{key}",
            "owner": "",
            "product": product,
            "name": name,
            "amount": amount,
            "currency": "usd",
            "interval": interval,
            "interval_count": 1,
            "active": True,
            "created": 1_735_689_600,
        }
        change.put("stripe.price", row["id"], row)


def _customer(persona: Persona, now: datetime) -> Record:
    return {
        "id": f"cus_{persona.key}",
        "owner": persona.external_id,
        "name": persona.name,
        "email": persona.email or None,
        "currency": persona.charges[0].currency if persona.charges else "usd",
        "balance": 0,
        "delinquent": persona.subscription is not None and persona.subscription.status == "past_due",
        "prefix": persona.key.upper().replace("-", "")[:12] or "X",
        "created": _ago(now, 400),
        "metadata": {"external_id": persona.external_id},
    }


def _charge(change: Change, persona: Persona, entry: PersonaCharge, now: datetime) -> None:
    row: Record = {
        "id": f"ch_{persona.key}_{entry.key}",
        "owner": persona.external_id,
        "customer": f"cus_{persona.key}",
        "name": persona.name,
        "amount": entry.amount,
        "amount_refunded": entry.refunded,
        "currency": entry.currency,
        "created": _ago(now, entry.days_ago),
        "description": entry.description or (f"Order {entry.order}" if entry.order else "Subscription"),
        "disputed": entry.disputed,
        "failed": entry.failed,
        "card": {"brand": "visa", "last4": "4242"},
        "metadata": {"order_number": entry.order} if entry.order else {},
        "payment_intent": f"pi_{persona.key}_{entry.key}",
    }
    change.put("stripe.charge", row["id"], row)
    if entry.refunded:
        _past_refund(change, row, now)
    if entry.disputed:
        _dispute(change, row, now)


def _past_refund(change: Change, charge: Record, now: datetime) -> None:
    key = f"re_{charge['id'].removeprefix('ch_')}_1"
    row: Record = {
        "id": key,
        "owner": charge["owner"],
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "amount": charge["amount_refunded"],
        "currency": charge["currency"],
        "created": min(charge["created"] + DAY, int(now.timestamp())),
        "reason": "requested_by_customer",
        "metadata": {},
        "status": "succeeded",
    }
    change.put("stripe.refund", key, row)


def _dispute(change: Change, charge: Record, now: datetime) -> None:
    key = f"dp_{charge['id'].removeprefix('ch_')}"
    row: Record = {
        "id": key,
        "owner": charge["owner"],
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "brand": charge["card"]["brand"],
        "amount": charge["amount"] - charge["amount_refunded"],
        "currency": charge["currency"],
        "created": min(charge["created"] + DAY, int(now.timestamp())),
        "reason": "fraudulent",
        "status": "needs_response",
    }
    change.put("stripe.dispute", key, row)


def _subscription(change: Change, persona: Persona, entry: PersonaSubscription, now: datetime) -> None:
    interval = PRICES[entry.plan][3]
    period = _PERIOD_DAYS[interval]
    into = math.fmod(entry.started_days_ago, period)
    cancelled = entry.status == "canceled" or entry.cancel_at_period_end
    row: Record = {
        "id": f"sub_{persona.key}",
        "owner": persona.external_id,
        "customer": f"cus_{persona.key}",
        "item": f"si_{persona.key}",
        "price": f"price_{entry.plan}",
        "quantity": 1,
        "status": entry.status,
        "started": _ago(now, entry.started_days_ago),
        "period_start": _ago(now, into),
        "period_end": _ago(now, into - period),
        "cancel_at_period_end": entry.cancel_at_period_end,
        "canceled_at": _ago(now, 2) if cancelled else None,
        "cancel_comment": None,
        "latest_invoice": None,
        "metadata": {},
    }
    change.put("stripe.subscription", row["id"], row)


def _invoices(change: Change, persona: Persona, entry: PersonaSubscription, now: datetime) -> None:
    """One invoice per charge without an order; the newest of a past-due subscription is still open."""
    billed = [c for c in persona.charges if c.order is None]
    for place, charge in enumerate(sorted(billed, key=lambda c: -c.days_ago), start=1):
        _invoice(
            change,
            persona,
            place,
            charge.amount,
            charge.currency,
            "open" if charge.failed else "paid",
            _ago(now, charge.days_ago),
        )
    if entry.status == "past_due" and not any(c.failed for c in billed):
        amount = PRICES[entry.plan][2]
        _invoice(change, persona, len(billed) + 1, amount, "usd", "open", _ago(now, 3))


def _invoice(
    change: Change, persona: Persona, place: int, total: int, currency: str, status: str, created: int
) -> None:
    row: Record = {
        "id": f"in_{persona.key}_{place}",
        "owner": persona.external_id,
        "customer": f"cus_{persona.key}",
        "name": persona.name,
        "email": persona.email or None,
        "number": f"NW-{place:04d}",
        "status": status,
        "total": total,
        "currency": currency,
        "created": created,
        "subscription": f"sub_{persona.key}",
        "item": f"si_{persona.key}",
    }
    change.put("stripe.invoice", row["id"], row)


def _ago(now: datetime, days: float) -> int:
    return int((now - timedelta(days=days)).timestamp())
