"""What happens at the vendors without us: a refund fails, a dispute opens, an order ships, a ticket or address changes."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from core.errors import Invalid, NotFound
from tools.sandbox.okta import lifecycle
from tools.sandbox.stripe.seed import open_dispute
from tools.sandbox.world import Change, Record
from tools.sandbox.zendesk import tickets


def _refund_fails(change: Change, key: str, value: str) -> None:
    refund = _one(change, "stripe.refund", key)
    charge = _one(change, "stripe.charge", refund["charge"])
    left = charge["amount_refunded"] - refund["amount"]
    change.put("stripe.refund", key, {**refund, "status": "failed"})
    change.put("stripe.charge", charge["id"], {**charge, "amount_refunded": left})


def _dispute_opens(change: Change, key: str, value: str) -> None:
    charge = _one(change, "stripe.charge", key)
    change.put("stripe.charge", key, {**charge, "disputed": True})
    open_dispute(change, charge, int(change.now.timestamp()))


def _order_ships(change: Change, key: str, value: str) -> None:
    order = _one(change, "shopify.order", key)
    parcel = {
        "id": str(int(order["id"]) % 10**11 + 10**11),
        "created_at": change.now.isoformat(timespec="seconds"),
        "estimated_at": (change.now + timedelta(days=2)).isoformat(timespec="seconds"),
        "delivered_at": None,
        "company": "UPS",
        "number": f"RM{order['id'][:9]}",
        "lines": [
            {"id": f"9{line['id'][1:]}", "line": line["id"], "quantity": line["quantity"]}
            for line in order["lines"]
        ],
    }
    order["updated_at"] = change.now.isoformat(timespec="seconds")
    order["fulfilments"] = [*order["fulfilments"], parcel]
    change.put("shopify.order", key, order)


def _ticket_is(change: Change, key: str, value: str) -> None:
    ticket = _one(change, "zendesk.ticket", key)
    if value not in tickets.STATUSES:
        raise Invalid(f"a ticket cannot be {value!r}; known: {', '.join(tickets.STATUSES)}")
    ticket["status"] = value
    tickets.save(change, ticket)


def _email_changes(change: Change, key: str, value: str) -> None:
    user = _one(change, "okta.user", key)
    lifecycle.update(change, user, {"email": value, "login": value}, agent="Mozilla/5.0")


_HAPPENS: Mapping[str, Callable[[Change, str, str], None]] = {
    "refund_fails": _refund_fails,
    "dispute_opens": _dispute_opens,
    "order_ships": _order_ships,
    "ticket_is": _ticket_is,
    "email_changes": _email_changes,
}


def happen(change: Change, what: str, key: str, value: str = "") -> None:
    """Lets it happen to the object `key`; raises Invalid or NotFound."""
    if what not in _HAPPENS:
        raise Invalid(f"unknown {what!r}; known: {', '.join(_HAPPENS)}")
    _HAPPENS[what](change, key, value)


def _one(change: Change, kind: str, key: str) -> dict[str, Any]:
    record: Record | None = change.get(kind, key)
    if record is None:
        raise NotFound(f"the sandbox has no {kind} {key!r}")
    return record
