"""Writes a persona's billing records: customer, charges, refunds, disputes, subscription and invoices."""

import math
from datetime import datetime, timedelta
from typing import NamedTuple

from tools.sandbox.persona import Persona, PersonaCharge, PersonaSubscription
from tools.sandbox.world import Change, Record

DAY = 86_400


class Price(NamedTuple):
    """A price of Northwind Example, in minor units; one that is not on offer only serves who has it."""

    product: str
    name: str
    amount: int
    interval: str
    currency: str = "usd"
    on_offer: bool = True


PRICES: dict[str, Price] = {
    "starter_month": Price("prod_starter", "Starter", 1900, "month"),
    "team_month": Price("prod_team", "Team", 4900, "month"),
    "business_month": Price("prod_business", "Business", 9900, "month"),
    "starter_year": Price("prod_starter", "Starter", 19_000, "year"),
    "team_year": Price("prod_team", "Team", 49_000, "year"),
    "team_month_eur": Price("prod_team", "Team", 4500, "month", "eur", on_offer=False),
}
_PERIOD_DAYS = {"month": 30, "year": 365}


def seed(change: Change, persona: Persona) -> None:
    """Puts the persona's records into the change; seeding is no effect."""
    now = persona.seeded_at or change.now
    seed_prices(change)
    customer = _customer(persona, now)
    change.put("stripe.customer", customer["id"], customer)
    _credits(change, persona, now)
    for entry in persona.charges:
        _charge(change, persona, entry, now)
    if persona.subscription is not None:
        _subscription(change, persona, persona.subscription, now)
        _invoices(change, persona, persona.subscription, now)


def seed_prices(change: Change) -> None:
    """The price list, once per world; it belongs to nobody."""
    for key, price in PRICES.items():
        if change.get("stripe.price", f"price_{key}") is not None:
            continue
        row: Record = {
            "id": f"price_{key}",
            "owner": "",
            "product": price.product,
            "name": price.name,
            "amount": price.amount,
            "currency": price.currency,
            "interval": price.interval,
            "interval_count": 1,
            "active": price.on_offer,
            "created": 1_735_689_600,
        }
        change.put("stripe.price", row["id"], row)


def _customer(persona: Persona, now: datetime) -> Record:
    return {
        "id": f"cus_{persona.key}",
        "owner": persona.external_id,
        "name": persona.name,
        "email": _email(persona),
        "currency": persona.charges[0].currency if persona.charges else "usd",
        "balance": 0,
        "delinquent": persona.subscription is not None and persona.subscription.status == "past_due",
        "prefix": persona.key.upper().replace("-", "")[:12] or "X",
        "created": _ago(now, 400),
        "metadata": {"external_id": persona.external_id},
    }


def _email(persona: Persona) -> str | None:
    return persona.email if persona.email and persona.has_billing_email else None


def _credits(change: Change, persona: Persona, now: datetime) -> None:
    customer = change.get("stripe.customer", f"cus_{persona.key}") or {}
    for place, credit in enumerate(sorted(persona.credits, key=lambda c: -c.days_ago), start=1):
        customer["balance"] -= credit.amount
        row: Record = {
            "id": f"cbtxn_{persona.key}_{place}",
            "owner": persona.external_id,
            "customer": customer["id"],
            "amount": -credit.amount,
            "currency": credit.currency,
            "created": _ago(now, credit.days_ago),
            "description": "Goodwill",
            "metadata": {},
            "ending_balance": customer["balance"],
        }
        change.put("stripe.credit", row["id"], row)
    change.put("stripe.customer", customer["id"], customer)


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
        "card": {"brand": "visa", "last4": "4242"} if entry.method == "card" else None,
        "metadata": {"order_number": entry.order} if entry.order else {},
        "payment_intent": f"pi_{persona.key}_{entry.key}",
    }
    change.put("stripe.charge", row["id"], row)
    if entry.refunded:
        _past_refund(change, row, now)
    if entry.disputed:
        open_dispute(change, row, min(row["created"] + DAY, int(now.timestamp())))


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


def open_dispute(change: Change, charge: Record, created: int) -> None:
    """Writes the dispute of a charge that is marked as disputed."""
    key = f"dp_{charge['id'].removeprefix('ch_')}"
    row: Record = {
        "id": key,
        "owner": charge["owner"],
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "brand": (charge["card"] or {"brand": "unknown"})["brand"],
        "amount": charge["amount"] - charge["amount_refunded"],
        "currency": charge["currency"],
        "created": created,
        "reason": "fraudulent",
        "status": "needs_response",
    }
    change.put("stripe.dispute", key, row)


def _subscription(change: Change, persona: Persona, entry: PersonaSubscription, now: datetime) -> None:
    period = _PERIOD_DAYS[PRICES[entry.plan].interval]
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
            charge.invoice or ("open" if charge.failed else "paid"),
            _ago(now, charge.days_ago),
        )
    if entry.status == "past_due" and not any(c.failed for c in billed):
        amount = PRICES[entry.plan].amount
        _invoice(change, persona, len(billed) + 1, amount, "usd", "open", _ago(now, 3))


def _invoice(
    change: Change, persona: Persona, place: int, total: int, currency: str, status: str, created: int
) -> None:
    row: Record = {
        "id": f"in_{persona.key}_{place}",
        "owner": persona.external_id,
        "customer": f"cus_{persona.key}",
        "name": persona.name,
        "email": _email(persona),
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
