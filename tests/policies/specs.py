"""The tools as a table: names, arguments and facts as agreed between tools/ and policies/."""

from collections.abc import Mapping
from typing import Any

from core.facts import FactType
from core.tool_spec import Family, ToolSpec

_TYPES: dict[str, FactType] = {"b": "bool", "i": "int", "s": "string", "t": "timestamp"}
_TEXT = {"type": "string"}
_INT = {"type": "integer"}


def _schema(args: str, **special: Any) -> dict[str, Any]:
    names = args.split()
    properties = {name.rstrip("?"): special.get(name.rstrip("?"), _TEXT) for name in names}
    required = [name for name in names if not name.endswith("?")]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _facts(text: str) -> Mapping[str, FactType]:
    words = text.split()
    return {name: _TYPES[kind] for name, kind in zip(words[::2], words[1::2], strict=True)}


def _read(family: Family, name: str, args: str = "", **special: Any) -> ToolSpec:
    return ToolSpec(name, 1, "read", family, "none", name, _schema(args, **special))


def _write(
    family: Family, name: str, args: str, facts: str, *, money: bool = False, **special: Any
) -> ToolSpec:
    return ToolSpec(
        name, 1, "write", family, "medium", name, _schema(args, **special), _facts(facts), moves_money=money
    )


_REFUND = """charge.paid b charge.amount i charge.remaining i charge.amount_refunded i charge.currency s
    charge.created_at t charge.age_days i charge.disputed b charge.is_duplicate b charge.twin s charge.twin_created_at t
    charge.method_known b
    refund.amount i refund.currency s refund.full b refund.reason s order.known b order.opened_known b
    order.opened b order.delivered_known b order.delivered_at t order.days_since_delivery i
    customer.refunds_90d i"""
_SUBSCRIPTION = """subscription.status s subscription.active b subscription.cancel_at_period_end b
    subscription.amount i subscription.currency s subscription.interval s subscription.days_left i
    subscription.age_days i"""
_PLAN = """plan.new_amount i plan.is_upgrade b plan.same_interval b plan.same_currency b plan.due_now i"""
_ACCOUNT = """account.status s account.active b account.locked b account.admin b account.factors i
    account.contact_dated b account.contact_age_hours i"""
_ORDER = """order.status s order.fulfilled b order.cancelled b order.total i order.currency s
    order.age_hours i order.open_returns i"""
_ADDRESS = "address.same_country b address.well_formed b"

_ALL = (
    _read("billing", "find_charges"),
    _read("billing", "get_charge", "charge_id"),
    _read("billing", "list_invoices"),
    _read("billing", "get_subscription"),
    _read("billing", "list_plans"),
    _read("billing", "preview_plan_change", "subscription_id price_id"),
    _write(
        "billing",
        "refund_charge",
        "charge_id amount currency reason",
        _REFUND,
        money=True,
        amount=_INT,
        reason={"type": "string", "enum": ["requested_by_customer", "duplicate"]},
    ),
    _write(
        "billing",
        "cancel_subscription",
        "subscription_id when",
        f"{_SUBSCRIPTION} cancel.now b",
        when={"type": "string", "enum": ["period_end", "now"]},
    ),
    _write("billing", "resume_subscription", "subscription_id", _SUBSCRIPTION),
    _write("billing", "change_plan", "subscription_id price_id", f"{_SUBSCRIPTION} {_PLAN}", money=True),
    _write(
        "billing",
        "credit_balance",
        "amount currency reason",
        """credit.amount i credit.currency s credit.currency_matches b customer.credits_90d i
        customer.credits_90d_amount i""",
        money=True,
        amount=_INT,
    ),
    _write("billing", "send_payment_link", "", "account.email_known b subscription.past_due b"),
    _write(
        "billing",
        "resend_invoice",
        "invoice_id",
        "invoice.status s invoice.total i invoice.currency s invoice.age_days i account.email_known b",
    ),
    _read("identity", "get_account"),
    _write("identity", "send_password_reset", "account_id", _ACCOUNT),
    _write("identity", "unlock_account", "account_id", _ACCOUNT),
    _write("identity", "reset_factor", "account_id factor_id", _ACCOUNT),
    _write("identity", "revoke_sessions", "account_id", _ACCOUNT),
    _write(
        "identity",
        "change_email",
        "account_id new_email",
        f"{_ACCOUNT} email.well_formed b email.same_as_current b",
    ),
    _read("crm", "get_contact"),
    _write("crm", "update_phone", "contact_id phone", "phone.well_formed b"),
    _write("crm", "update_address", "contact_id line1 city zip country", _ADDRESS),
    _write("crm", "add_note", "contact_id text", "note.length i"),
    _read("orders", "find_orders", "order_number", order_number={"anyOf": [_TEXT, {"type": "null"}]}),
    _read("orders", "get_order", "order_id"),
    _read("orders", "track_order", "order_id"),
    _write("orders", "cancel_order", "order_id", _ORDER),
    _write("orders", "change_shipping_address", "order_id line1 city zip country", f"{_ORDER} {_ADDRESS}"),
    _write(
        "orders",
        "open_return",
        "order_id reason",
        """order.status s order.delivered_known b order.delivered_at t order.days_since_delivery i
        order.opened_known b order.opened b order.open_returns i order.total i order.currency s
        order.returnable i return.reason s""",
        reason={
            "type": "string",
            "enum": ["damaged", "wrong_item", "not_as_described", "no_longer_wanted", "other"],
        },
    ),
    _read("desk", "ticket_history"),
    _read("knowledge", "search_help", "words"),
    _write("answer", "answer", "text closes", "answer.length i", closes={"type": "boolean"}),
)
SPECS: Mapping[str, ToolSpec] = {spec.name: spec for spec in _ALL}
