"""Products, prices, subscriptions and invoices as Stripe's API answers with them."""

from collections.abc import Sequence
from typing import Any

from tools.sandbox.stripe.render import Wire, listing
from tools.sandbox.world import Record


def product(row: Record) -> Wire:
    return {
        "id": row["product"],
        "object": "product",
        "active": True,
        "created": row["created"],
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": row["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": row["created"],
        "url": None,
    }


def price(row: Record, *, with_product: bool = False) -> Wire:
    return {
        "id": row["id"],
        "object": "price",
        "active": row["active"],
        "billing_scheme": "per_unit",
        "created": row["created"],
        "currency": row["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": row["id"].removeprefix("price_"),
        "metadata": {},
        "nickname": None,
        "product": product(row) if with_product else row["product"],
        "recurring": {
            "interval": row["interval"],
            "interval_count": row["interval_count"],
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        },
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": row["amount"],
        "unit_amount_decimal": _decimal(row["amount"]),
    }


def _decimal(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def _plan(row: Record) -> Wire:
    """The older twin of a price that Stripe still puts beside it."""
    return {
        "id": row["id"],
        "object": "plan",
        "active": row["active"],
        "amount": row["amount"],
        "amount_decimal": _decimal(row["amount"]),
        "billing_scheme": "per_unit",
        "created": row["created"],
        "currency": row["currency"],
        "interval": row["interval"],
        "interval_count": row["interval_count"],
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": row["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


# What every subscription of the sandbox has alike: no trials, discounts, schedules or transfers.
_SUBSCRIPTION: Wire = {
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor_config": None,
    "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
    "billing_schedules": [],
    "billing_thresholds": None,
    "collection_method": "charge_automatically",
    "customer_account": None,
    "days_until_due": None,
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "invoice_settings": {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    },
    "livemode": False,
    "managed_payments": None,
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": None,
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "test_clock": None,
    "transfer_data": None,
    "trial_end": None,
    "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    "trial_start": None,
}


def subscription(row: Record, price_row: Record, *, with_product: bool = False) -> Wire:
    item = {
        "id": row["item"],
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": row["started"],
        "current_period_end": row["period_end"],
        "current_period_start": row["period_start"],
        "discounts": [],
        "metadata": {},
        "plan": _plan(price_row),
        "price": price(price_row, with_product=with_product),
        "quantity": row["quantity"],
        "subscription": row["id"],
        "tax_rates": [],
    }
    ends = row["period_end"] if row["cancel_at_period_end"] else None
    return {
        **_SUBSCRIPTION,
        "id": row["id"],
        "object": "subscription",
        "billing_cycle_anchor": row["period_start"],
        "cancel_at": ends,
        "cancel_at_period_end": row["cancel_at_period_end"],
        "canceled_at": row["canceled_at"],
        "cancellation_details": {
            "comment": row["cancel_comment"],
            "feedback": None,
            "reason": "cancellation_requested" if row["canceled_at"] else None,
        },
        "created": row["started"],
        "currency": price_row["currency"],
        "customer": row["customer"],
        "ended_at": row["canceled_at"] if row["status"] == "canceled" else None,
        "items": listing(f"/v1/subscription_items?subscription={row['id']}", [item]),
        "latest_invoice": row["latest_invoice"],
        "metadata": row["metadata"],
        "start_date": row["started"],
        "status": row["status"],
    }


# What every invoice of the sandbox has alike: no taxes, discounts, shipping or custom texts.
_INVOICE: Wire = {
    "account_country": "US",
    "account_name": "Northwind Example",
    "account_tax_ids": None,
    "amount_overpaid": 0,
    "amount_shipping": 0,
    "application": None,
    "auto_advance": False,
    "automatic_tax": {
        "disabled_reason": None,
        "enabled": False,
        "liability": None,
        "provider": None,
        "status": None,
    },
    "automatically_finalizes_at": None,
    "collection_method": "charge_automatically",
    "confirmation_secret": None,
    "custom_fields": None,
    "customer_account": None,
    "customer_address": None,
    "customer_phone": None,
    "customer_shipping": None,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "due_date": None,
    "ending_balance": 0,
    "footer": None,
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "livemode": False,
    "next_payment_attempt": None,
    "on_behalf_of": None,
    "payment_settings": {
        "default_mandate": None,
        "payment_method_options": None,
        "payment_method_types": None,
    },
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "starting_balance": 0,
    "statement_descriptor": None,
    "test_clock": None,
    "total_discount_amounts": [],
    "total_pretax_credit_amounts": [],
    "total_taxes": [],
}


def invoice(row: Record) -> Wire:
    paid = row["status"] == "paid"
    due = max(row["total"], 0)
    return {
        **_INVOICE,
        "id": row["id"],
        "object": "invoice",
        "amount_due": due,
        "amount_paid": due if paid else 0,
        "amount_remaining": 0 if paid else due,
        "attempt_count": 1 if paid else 0,
        "attempted": paid,
        "billing_reason": "subscription_cycle" if row["subscription"] else "manual",
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "customer_email": row["email"],
        "customer_name": row["name"],
        "effective_at": row["created"],
        "lines": listing(f"/v1/invoices/{row['id']}/lines", _lines(row)),
        "metadata": row.get("metadata", {}),
        "number": row["number"],
        "parent": _parent(row["subscription"]),
        "period_end": row["created"],
        "period_start": row["created"],
        "status": row["status"],
        "status_transitions": {
            "finalized_at": None if row["status"] == "draft" else row["created"],
            "marked_uncollectible_at": None,
            "paid_at": row["created"] if paid else None,
            "voided_at": row["created"] if row["status"] == "void" else None,
        },
        "subtotal": row["total"],
        "subtotal_excluding_tax": row["total"],
        "total": row["total"],
        "total_excluding_tax": row["total"],
        "webhooks_delivered_at": row["created"],
    }


def _parent(subscription_id: str | None) -> Wire | None:
    if subscription_id is None:
        return None
    return {
        "quote_details": None,
        "subscription_details": {"metadata": {}, "subscription": subscription_id},
        "type": "subscription_details",
    }


def _lines(row: Record) -> Sequence[Wire]:
    """The invoice's lines; one line of the whole amount unless the record names several."""
    whole = [
        {"amount": row["total"], "description": row.get("description") or "Subscription", "proration": False}
    ]
    return [_line(row, place, line) for place, line in enumerate(row.get("lines") or whole)]


def _line(row: Record, place: int, line: dict[str, Any]) -> Wire:
    subscription_id = row["subscription"]
    parent = None
    if subscription_id is not None:
        parent = {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": line["proration"],
                "proration_details": None,
                "subscription": subscription_id,
                "subscription_item": row.get("item") or f"si_{subscription_id}",
            },
            "type": "subscription_item_details",
        }
    return {
        "id": f"il_{row['id']}_{place}",
        "object": "line_item",
        "amount": line["amount"],
        "currency": row["currency"],
        "description": line["description"],
        "discount_amounts": [],
        "discountable": not line["proration"],
        "discounts": [],
        "invoice": row["id"],
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"end": row["created"], "start": row["created"]},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "subscription": subscription_id,
        "subtotal": line["amount"],
        "taxes": [],
    }
