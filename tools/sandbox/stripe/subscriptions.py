"""How the Stripe door changes subscriptions: cancel, resume, another price, and the preview of that."""

from dataclasses import dataclass
from typing import Any

from tools.sandbox.stripe import render_billing
from tools.sandbox.stripe.call import Call
from tools.sandbox.stripe.errors import declined, invalid
from tools.sandbox.stripe.form import Params
from tools.sandbox.stripe.reads import subscription_shape
from tools.sandbox.stripe.render import Wire
from tools.sandbox.world import Record

_PERIOD = {"month": 30 * 86_400, "year": 365 * 86_400}
_BEHAVIOUR = ("always_invoice", "create_prorations", "none")


@dataclass(frozen=True)
class Proration:
    """What changing a price in mid-period costs: lines of an invoice, and the period that follows."""

    lines: tuple[dict[str, Any], ...]
    period_start: int
    period_end: int

    @property
    def total(self) -> int:
        return sum(line["amount"] for line in self.lines)


def update(call: Call) -> Wire:
    """POST /v1/subscriptions/{id}"""
    call.params.only(
        "cancel_at_period_end",
        "items",
        "metadata",
        "proration_behavior",
        "proration_date",
        "payment_behavior",
    )
    row = call.of_path("subscription")
    if row["status"] == "canceled":
        raise declined("A canceled subscription can only update its cancellation_details and metadata.")
    given = call.params.metadata()
    row = {**row, "metadata": {**row["metadata"], **given}}
    row = _cancel_or_resume(call, row, given.get("action_id"))
    row = _change_price(call, row, given.get("action_id"))
    call.change.put("stripe.subscription", row["id"], row)
    return subscription_shape(call, row)


def _cancel_or_resume(call: Call, row: Record, action_id: str | None) -> Record:
    at_end = call.params.boolean("cancel_at_period_end")
    if at_end is None or at_end == row["cancel_at_period_end"]:
        return row
    kind = "subscription_cancel" if at_end else "subscription_resume"
    call.change.effect("stripe", kind, row["id"], owner=row["owner"], action_id=action_id, when="period_end")
    return {**row, "cancel_at_period_end": at_end, "canceled_at": call.now if at_end else None}


def _change_price(call: Call, row: Record, action_id: str | None) -> Record:
    items = call.params.items("items")
    behaviour = call.params.choice("proration_behavior", *_BEHAVIOUR)
    if not items:
        return row
    old, new = call.one("price", row["price"]), _wanted_price(call, row, items)
    if new["id"] == old["id"]:
        return row
    cost = _proration(row, old, new, call.params.integer("proration_date") or call.now)
    total = 0 if behaviour == "none" else cost.total
    invoice = _invoice(call, row, cost, total)
    call.change.effect(
        "stripe",
        "plan_change",
        row["id"],
        owner=row["owner"],
        amount=total,
        currency=new["currency"],
        action_id=action_id,
        price=new["id"],
        former=old["id"],
    )
    return {
        **row,
        "price": new["id"],
        "period_start": cost.period_start,
        "period_end": cost.period_end,
        "latest_invoice": invoice["id"],
    }


def _invoice(call: Call, row: Record, cost: Proration, total: int) -> Record:
    """The invoice of the change, paid at once; a credit goes to the customer's balance."""
    customer = call.one("customer", row["customer"])
    place = len(call.change.find("stripe.invoice", subscription=row["id"])) + 1
    invoice = {
        **_invoice_row(row, customer, cost, call.now),
        "id": f"in_{row['id'].removeprefix('sub_')}_change_{place}",
        "number": f"{customer['prefix']}-C{place:03d}",
        "status": "paid",
        "total": total,
    }
    call.change.put("stripe.invoice", invoice["id"], invoice)
    if total < 0:
        call.change.put(
            "stripe.customer", customer["id"], {**customer, "balance": customer["balance"] + total}
        )
    return invoice


def _invoice_row(row: Record, customer: Record, cost: Proration, now: int) -> Record:
    return {
        "owner": row["owner"],
        "customer": customer["id"],
        "name": customer["name"],
        "email": customer["email"],
        "currency": customer["currency"],
        "created": now,
        "subscription": row["id"],
        "item": row["item"],
        "lines": list(cost.lines),
    }


def _wanted_price(call: Call, row: Record, items: list[Params]) -> Record:
    if len(items) != 1:
        raise invalid("items", "This subscription has one item.")
    item = items[0]
    item.only("id", "price", "quantity")
    if item.text("id") != row["item"]:
        # Without the item's id Stripe would add a second item beside the first.
        raise invalid(
            "items[0][id]", f"No such subscription item: '{item.text('id')}'", code="resource_missing"
        )
    new = call.one("price", item.required("price"), param="items[0][price]")
    if not new["active"]:
        raise declined(f"The price specified is inactive: {new['id']}", param="items[0][price]")
    old = call.one("price", row["price"])
    if new["currency"] != old["currency"]:
        raise declined("All prices on a subscription must have the same currency.", param="items[0][price]")
    return new


def _proration(row: Record, old: Record, new: Record, at: int) -> Proration:
    start, end = row["period_start"], row["period_end"]
    at = min(max(at, start), end)
    left, whole = end - at, end - start
    seats = row["quantity"]
    unused = -round(old["amount"] * seats * left / whole)
    credit = {"amount": unused, "description": f"Unused time on {old['name']}", "proration": True}
    if new["interval"] != old["interval"]:
        # Another interval starts a new period now, paid in full.
        full = {"amount": new["amount"] * seats, "description": new["name"], "proration": False}
        return Proration((credit, full), at, at + _PERIOD[new["interval"]])
    rest = round(new["amount"] * seats * left / whole)
    debit = {"amount": rest, "description": f"Remaining time on {new['name']}", "proration": True}
    return Proration((credit, debit), start, end)


def preview(call: Call) -> Wire:
    """POST /v1/invoices/create_preview: the invoice that changing the price would make; changes nothing."""
    call.params.only("customer", "subscription", "subscription_details")
    row = call.one("subscription", call.params.required("subscription"), param="subscription")
    if row["status"] == "canceled":
        raise declined("You cannot preview changes of a canceled subscription.", param="subscription")
    details = call.params.inside("subscription_details")
    details.only("items", "proration_behavior", "proration_date")
    items = details.items("items")
    behaviour = details.choice("proration_behavior", *_BEHAVIOUR)
    old = call.one("price", row["price"])
    new = _wanted_price(call, row, items) if items else old
    cost = _proration(row, old, new, details.integer("proration_date") or call.now)
    if new["id"] == old["id"] or behaviour == "none":
        cost = Proration((), cost.period_start, cost.period_end)
    upcoming = {"amount": new["amount"] * row["quantity"], "description": new["name"], "proration": False}
    lines = cost.lines if behaviour == "always_invoice" else (*cost.lines, upcoming)
    shown = Proration(lines, cost.period_start, cost.period_end)
    customer = call.one("customer", row["customer"])
    return render_billing.invoice(
        {
            **_invoice_row(row, customer, shown, call.now),
            "id": f"upcoming_in_{row['id']}",
            "number": None,
            "status": "draft",
            "total": shown.total,
        }
    )


def cancel_now(call: Call) -> Wire:
    """DELETE /v1/subscriptions/{id}"""
    call.params.only("cancellation_details", "invoice_now", "prorate")
    details = call.params.inside("cancellation_details")
    details.only("comment", "feedback")
    row = call.of_path("subscription")
    if row["status"] == "canceled":
        raise declined(f"No such subscription: '{row['id']}'", code="resource_missing", param="id")
    comment = details.text("comment")
    ended = {**row, "status": "canceled", "canceled_at": call.now, "cancel_comment": comment}
    call.change.put("stripe.subscription", row["id"], ended)
    action_id = (comment or "").removeprefix("action_id:") or None
    call.change.effect(
        "stripe", "subscription_cancel", row["id"], owner=row["owner"], action_id=action_id, when="now"
    )
    return subscription_shape(call, ended)
