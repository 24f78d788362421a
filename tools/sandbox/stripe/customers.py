"""How the Stripe door writes on a customer: balance credits, portal sessions and invoices sent again."""

from tools.sandbox.stripe import render, render_billing
from tools.sandbox.stripe.call import Call
from tools.sandbox.stripe.errors import declined, invalid
from tools.sandbox.stripe.render import Wire

_FLOWS = (
    "payment_method_update",
    "subscription_cancel",
    "subscription_update",
    "subscription_update_confirm",
)


def add_balance(call: Call) -> Wire:
    """POST /v1/customers/{id}/balance_transactions; a negative amount is a credit to the customer."""
    call.params.only("amount", "currency", "description", "metadata")
    customer = call.of_path("customer")
    amount, currency = call.params.integer("amount"), call.params.required("currency")
    if amount is None:
        raise invalid("amount", "Missing required param: amount.", code="parameter_missing")
    if customer["currency"] not in (None, currency):
        raise declined(
            f"The currency of the customer is {customer['currency']}; {currency} cannot be used.",
            param="currency",
        )
    place = len(call.change.find("stripe.credit", customer=customer["id"]))
    row = {
        "id": f"cbtxn_{customer['id'].removeprefix('cus_')}_{place + 1}",
        "owner": customer["owner"],
        "customer": customer["id"],
        "amount": amount,
        "currency": currency,
        "created": call.now,
        "description": call.params.text("description"),
        "metadata": call.params.metadata(),
        "ending_balance": customer["balance"] + amount,
    }
    call.change.put("stripe.credit", row["id"], row)
    call.change.put("stripe.customer", customer["id"], {**customer, "balance": row["ending_balance"]})
    call.change.effect(
        "stripe",
        "credit",
        customer["id"],
        owner=customer["owner"],
        amount=-amount,
        currency=currency,
        action_id=row["metadata"].get("action_id"),
        reference=row["id"],
    )
    return render.customer_balance_transaction(row)


def open_portal(call: Call) -> Wire:
    """POST /v1/billing_portal/sessions"""
    call.params.only("customer", "return_url", "flow_data", "configuration", "locale")
    customer = call.one("customer", call.params.required("customer"), param="customer")
    flow = call.params.inside("flow_data")
    flow.only("type")
    place = len(call.change.find("stripe.portal_session")) + 1
    key = f"bps_{customer['id'].removeprefix('cus_')}_{place}"
    row = {
        "id": key,
        "owner": customer["owner"],
        "customer": customer["id"],
        "created": call.now,
        "flow": flow.choice("type", *_FLOWS),
        "return_url": call.params.text("return_url"),
        "url": f"https://billing.example.com/p/session/{key}",
    }
    call.change.put("stripe.portal_session", key, row)
    call.change.effect("stripe", "portal_session", customer["id"], owner=customer["owner"], reference=key)
    return render.portal_session(row)


def send_invoice(call: Call) -> Wire:
    """POST /v1/invoices/{id}/send: mails it to the customer's address on file."""
    call.params.only()
    row = call.of_path("invoice")
    if row["status"] not in ("open", "paid", "uncollectible"):
        raise declined(f"You can only send invoices that are finalized; this one is {row['status']}.")
    if not row["email"]:
        raise declined("The customer has no email address.", code="email_invalid")
    call.change.put("stripe.invoice", row["id"], {**row, "sent": row.get("sent", 0) + 1})
    call.change.effect("stripe", "invoice_send", row["id"], owner=row["owner"])
    return render_billing.invoice(row)
