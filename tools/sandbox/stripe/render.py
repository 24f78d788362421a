"""Our compact records as the objects Stripe's API answers with."""

from collections.abc import Sequence
from typing import Any

from tools.sandbox.world import Record

Wire = dict[str, Any]


def listing(path: str, rows: Sequence[Wire], *, more: bool = False) -> Wire:
    return {"object": "list", "url": path, "has_more": more, "data": list(rows)}


def found(path: str, rows: Sequence[Wire]) -> Wire:
    return {"object": "search_result", "url": path, "has_more": False, "next_page": None, "data": list(rows)}


def customer(row: Record) -> Wire:
    return {
        "id": row["id"],
        "object": "customer",
        "address": None,
        "balance": row["balance"],
        "created": row["created"],
        "currency": row["currency"],
        "default_source": None,
        "delinquent": row["delinquent"],
        "description": None,
        "discount": None,
        "email": row["email"],
        "invoice_prefix": row["prefix"],
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": row["metadata"],
        "name": row["name"],
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def charge(row: Record) -> Wire:
    failed = row["failed"]
    return {
        "id": row["id"],
        "object": "charge",
        "amount": row["amount"],
        "amount_captured": 0 if failed else row["amount"],
        "amount_refunded": row["amount_refunded"],
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None if failed else f"txn_{row['id']}",
        "billing_details": {
            "address": None,
            "email": None,
            "name": row["name"],
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "NORTHWIND EXAMPLE",
        "captured": not failed,
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "description": row["description"],
        "disputed": row["disputed"],
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if failed else None,
        "failure_message": "Your card was declined." if failed else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": row["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(failed),
        "paid": not failed,
        "payment_intent": row["payment_intent"],
        "payment_method": f"pm_{row['id']}",
        "payment_method_details": _method(row),
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": row["amount_refunded"] == row["amount"],
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if failed else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(failed: bool) -> Wire:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failed else "approved_by_network",
        "reason": "generic_decline" if failed else None,
        "risk_level": "normal",
        "seller_message": "The bank declined it." if failed else "Payment complete.",
        "type": "issuer_declined" if failed else "authorized",
    }


def _method(row: Record) -> Wire:
    if row["card"] is None:
        return {"type": "customer_balance", "customer_balance": {}}
    return {"type": "card", "card": _card(row)}


def _card(row: Record) -> Wire:
    return {
        "amount_authorized": row["amount"],
        "authorization_code": None,
        "brand": row["card"]["brand"],
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 8,
        "exp_year": 2030,
        "funding": "credit",
        "installments": None,
        "last4": row["card"]["last4"],
        "mandate": None,
        "network": row["card"]["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def payment_intent(row: Record) -> Wire:
    """The intent behind a charge; it has no record of its own."""
    failed = row["failed"]
    return {
        "id": row["payment_intent"],
        "object": "payment_intent",
        "amount": row["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0 if failed else row["amount"],
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": row["created"],
        "currency": row["currency"],
        "customer": row["customer"],
        "customer_account": None,
        "description": row["description"],
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": row["id"],
        "livemode": False,
        "metadata": row["metadata"],
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None if failed else f"pm_{row['id']}",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method" if failed else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(row: Record) -> Wire:
    return {
        "id": row["id"],
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": f"txn_{row['id']}",
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "destination_details": {
            "type": "card",
            "card": {
                "reference": None,
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
        },
        "metadata": row["metadata"],
        "payment_intent": row["payment_intent"],
        "reason": row["reason"],
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": row["status"],
        "transfer_reversal": None,
    }


def dispute(row: Record) -> Wire:
    return {
        "id": row["id"],
        "object": "dispute",
        "amount": row["amount"],
        "balance_transactions": [],
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "enhanced_eligibility_types": [],
        "evidence": _evidence(),
        "evidence_details": {
            "due_by": row["created"] + 14 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": row["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": row["brand"],
                "case_type": "chargeback",
                "network": row["brand"],
                "network_reason_code": "10.4",
            },
        },
        "reason": row["reason"],
        "status": row["status"],
    }


_EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


def _evidence() -> Wire:
    return {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}}


def balance_transaction(row: Record) -> Wire:
    """The movement on our own balance that a charge or a refund made."""
    is_refund = row["id"].startswith("re_")
    amount = -row["amount"] if is_refund else row["amount"]
    return {
        "id": f"txn_{row['id']}",
        "object": "balance_transaction",
        "amount": amount,
        "available_on": row["created"] + 2 * 86_400,
        "balance_type": "payments",
        "created": row["created"],
        "currency": row["currency"],
        "description": row.get("description"),
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": "refund" if is_refund else "charge",
        "source": row["id"],
        "status": "available",
        "type": "refund" if is_refund else "charge",
    }


def customer_balance_transaction(row: Record) -> Wire:
    return {
        "id": row["id"],
        "object": "customer_balance_transaction",
        "amount": row["amount"],
        "checkout_session": None,
        "created": row["created"],
        "credit_note": None,
        "currency": row["currency"],
        "customer": row["customer"],
        "customer_account": None,
        "description": row["description"],
        "ending_balance": row["ending_balance"],
        "invoice": None,
        "livemode": False,
        "metadata": row["metadata"],
        "type": "adjustment",
    }


def portal_session(row: Record) -> Wire:
    flow = None
    if row["flow"]:
        flow = {
            "after_completion": {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"},
            "subscription_cancel": None,
            "subscription_update": None,
            "subscription_update_confirm": None,
            "type": row["flow"],
        }
    return {
        "id": row["id"],
        "object": "billing_portal.session",
        "configuration": "bpc_sandbox",
        "created": row["created"],
        "customer": row["customer"],
        "customer_account": None,
        "flow": flow,
        "livemode": False,
        "locale": None,
        "on_behalf_of": None,
        "return_url": row["return_url"],
        "url": row["url"],
    }
