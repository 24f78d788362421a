"""What the shop's tools declare: names, arguments, and the typed facts that rules may name."""

from collections.abc import Mapping

from core.facts import FactType
from core.tool_spec import ToolSpec
from evals.domains.record import Args
from evals.domains.retail import args

READS = (
    "find_user_id_by_email",
    "find_user_id_by_name_zip",
    "get_user_details",
    "get_order_details",
    "get_product_details",
    "get_item_details",
    "list_all_product_types",
    "calculate",
    "think",
    "transfer_to_human_agents",
)
ARGS: Mapping[str, type[Args]] = {
    "cancel_pending_order": args.CancelOrder,
    "modify_pending_order_address": args.ModifyAddress,
    "modify_pending_order_payment": args.ModifyPayment,
    "modify_pending_order_items": args.ModifyItems,
    "exchange_delivered_order_items": args.ExchangeItems,
    "return_delivered_order_items": args.ReturnItems,
    "modify_user_address": args.ModifyUserAddress,
}
_WHO: Mapping[str, FactType] = {"customer.authenticated": "bool"}
_ORDER: Mapping[str, FactType] = {**_WHO, "order.status": "string", "order.items_modified": "bool"}
_PAYING: Mapping[str, FactType] = {
    "payment.in_profile": "bool",
    "payment.source": "string",
    "payment.covered": "bool",
}
_ITEMS: Mapping[str, FactType] = {
    "items.in_order": "bool",
    "items.paired": "bool",
    "items.same_product": "bool",
    "items.available": "bool",
    "items.different": "bool",
}
FACTS: Mapping[str, Mapping[str, FactType]] = {
    "cancel_pending_order": {**_ORDER, "cancel.reason": "string"},
    "modify_pending_order_address": {**_ORDER, "address.changed": "bool", "address.complete": "bool"},
    "modify_pending_order_payment": {
        **_ORDER,
        **_PAYING,
        "payment.different": "bool",
        "payment.single": "bool",
    },
    "modify_pending_order_items": {**_ORDER, **_PAYING, **_ITEMS},
    "exchange_delivered_order_items": {**_ORDER, **_PAYING, **_ITEMS},
    "return_delivered_order_items": {
        **_ORDER,
        "items.in_order": "bool",
        "payment.in_profile": "bool",
        "payment.source": "string",
        "payment.original": "bool",
    },
    "modify_user_address": {**_WHO, "address.changed": "bool", "address.complete": "bool"},
}
_ABOUT: Mapping[str, str] = {
    "cancel_pending_order": "Cancels an order that is pending and refunds it.",
    "modify_pending_order_address": "Changes where a pending order goes.",
    "modify_pending_order_payment": "Changes what a pending order is paid with.",
    "modify_pending_order_items": "Replaces items of a pending order, once.",
    "exchange_delivered_order_items": "Exchanges items of a delivered order, once.",
    "return_delivered_order_items": "Takes items of a delivered order back.",
    "modify_user_address": "Changes the default address of a profile.",
}


def retail_specs() -> dict[str, ToolSpec]:
    """Every tool of the shop by its name."""
    reads = [ToolSpec(name, 1, "read", "orders", "none", "A lookup.", {"type": "object"}) for name in READS]
    writes = [
        ToolSpec(name, 1, "write", "orders", "high", _ABOUT[name], kind.model_json_schema(), FACTS[name])
        for name, kind in ARGS.items()
    ]
    return {spec.name: spec for spec in (*reads, *writes)}
