"""Turns a persona into Shopify's records: a customer, orders, fulfilments and returns."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tools.sandbox.persona import Persona, PersonaOrder
from tools.sandbox.world import Change, Record

CARRIERS = ("UPS", "DHL Express", "USPS")


def number_of(*parts: str) -> str:
    """A twelve-digit id that is always the same for the same parts."""
    return str(10**11 + int(hashlib.sha256("/".join(parts).encode()).hexdigest(), 16) % (9 * 10**11))


def seed(change: Change, persona: Persona) -> None:
    """Writes the persona's customer and orders."""
    now = persona.seeded_at or change.now
    customer = number_of("customer", persona.key)
    change.put(
        "shopify.customer",
        customer,
        {"id": customer, "owner": persona.external_id, "name": persona.name, "email": persona.email},
    )
    for order in persona.orders:
        made = _order(persona, order, customer, now)
        change.put("shopify.order", made["id"], made)
        if order.open_return:
            back = _return(made, now)
            change.put("shopify.return", back["id"], back)


def _order(persona: Persona, order: PersonaOrder, customer: str, now: datetime) -> Record:
    number = number_of("order", persona.key, order.number)
    lines = [
        {"id": number_of("line", number, str(at)), "title": title, "quantity": 1}
        for at, title in enumerate(order.items)
    ]
    is_cancelled = order.status == "cancelled"
    return {
        "id": number,
        "owner": persona.external_id,
        "customer": customer,
        "number": order.number,
        "created_at": _days(now, order.days_ago),
        "updated_at": _days(now, 0),
        "cancelled_at": _days(now, max(order.days_ago - 0.1, 0)) if is_cancelled else None,
        "cancel_reason": "CUSTOMER" if is_cancelled else None,
        "cancel_note": None,
        "total": order.total,
        "currency": order.currency,
        "address": persona.address.model_dump(),
        "opened": order.opened,
        "tags": [],
        "lines": lines,
        "fulfilments": _fulfilments(order, number, lines, now),
    }


def _fulfilments(
    order: PersonaOrder, number: str, lines: Sequence[Record], now: datetime
) -> list[dict[str, Any]]:
    if order.status in ("unfulfilled", "cancelled"):
        return []
    shipped = lines[:1] if order.status == "partly_fulfilled" else lines
    shipped_days = order.shipped_days_ago
    if shipped_days is None:
        shipped_days = max(order.days_ago - 1, order.delivered_days_ago or 0, 0)
    due, came = order.estimated_in_days, order.delivered_days_ago
    return [
        {
            "id": number_of("fulfilment", number),
            "created_at": _days(now, shipped_days),
            "estimated_at": None if due is None else _days(now, -due),
            "delivered_at": None if came is None else _days(now, came),
            "company": CARRIERS[int(number) % len(CARRIERS)],
            "number": f"RM{number[:9]}",
            "lines": [
                {"id": number_of("shipped", line["id"]), "line": line["id"], "quantity": line["quantity"]}
                for line in shipped
            ],
        }
    ]


def _return(order: Record, now: datetime) -> Record:
    back = number_of("return", order["id"])
    lines = [
        {"id": number_of("back", row["id"]), "shipped": row["id"], "quantity": row["quantity"]}
        | {"reason": "UNWANTED", "note": "", "customer_note": None}
        for parcel in order["fulfilments"]
        for row in parcel["lines"]
    ]
    return {
        "id": back,
        "owner": order["owner"],
        "order": order["id"],
        "name": f"#{order['number']}-R1",
        "status": "OPEN",
        "created_at": _days(now, 0.5),
        "lines": lines,
    }


def _days(now: datetime, ago: float) -> str:
    return (now - timedelta(days=ago)).isoformat(timespec="seconds")
