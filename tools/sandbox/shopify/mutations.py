"""What Shopify's mutations change in the world, with user errors where the shop would refuse."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tools.sandbox.shopify import render
from tools.sandbox.shopify.answer import Node
from tools.sandbox.shopify.seed import number_of
from tools.sandbox.world import Change, Record

_OURS = re.compile(r"remit:(act_[0-9a-z]+|[A-Za-z0-9_-]{1,64})")
_ADDRESS = {"address1": "line1", "city": "city", "zip": "zip", "countryCode": "country"}


def roots(change: Change, *, job_seconds: float) -> Node:
    """The mutation root on one change of the world."""
    return {
        "orderCancel": lambda **args: _cancel(change, job_seconds, **args),
        "orderUpdate": lambda **args: _update(change, **args),
        "tagsAdd": lambda **args: _tag(change, **args),
        "returnCreate": lambda **args: _return(change, args["returnInput"], status="OPEN"),
        "returnRequest": lambda **args: _return(change, args["input"], status="REQUESTED"),
    }


def action_in(text: str | None) -> str | None:
    """The action id in one of our marks."""
    found = _OURS.search(text or "")
    return found[1] if found else None


def _cancel(change: Change, job_seconds: float, **args: Any) -> Node:
    order = change.get("shopify.order", render.bare("Order", args["orderId"]))
    why = _not_cancellable(change, order, args)
    if why is not None or order is None:
        code, words = why or ("NOT_FOUND", "Order does not exist")
        told = {"field": ["orderId"], "message": words, "code": code}
        return {"job": None, "orderCancelUserErrors": [told], "userErrors": [told]}
    ready_at = (change.now + timedelta(seconds=job_seconds)).isoformat(timespec="seconds")
    order.update(cancelled_at=ready_at, cancel_reason=args["reason"], cancel_note=args.get("staffNote"))
    _keep(change, order)
    job = {"id": number_of("job", order["id"]), "ready_at": ready_at}
    change.put("shopify.job", job["id"], job)
    change.effect(
        "shopify",
        "order_cancel",
        order["id"],
        owner=order["owner"],
        action_id=action_in(args.get("staffNote")),
        number=order["number"],
        restock=args["restock"],
    )
    # A job is always reported as queued first, even one that is done a moment later.
    return {
        "job": {"id": render.gid("Job", job["id"]), "done": False},
        "orderCancelUserErrors": [],
        "userErrors": [],
    }


def _not_cancellable(change: Change, order: Record | None, args: Mapping[str, Any]) -> tuple[str, str] | None:
    if order is None:
        return "NOT_FOUND", "Order does not exist"
    if args.get("refund") or (args.get("refundMethod") or {}).get("originalPaymentMethodsRefund"):
        return "NO_REFUND_PERMISSION", "This app may not refund orders"
    if order["cancelled_at"] is not None:
        return "INVALID", "Order has already been cancelled"
    if order["fulfilments"]:
        return "INVALID", "Cannot cancel an order that has fulfillments"
    if any(r["status"] == "OPEN" for r in change.find("shopify.return", order=order["id"])):
        return "INVALID", "Cannot cancel an order with returns in progress"
    return None


def _update(change: Change, *, input: Mapping[str, Any]) -> Node:
    order = change.get("shopify.order", render.bare("Order", input["id"]))
    if order is None:
        return {"order": None, "userErrors": [{"field": ["id"], "message": "Order does not exist"}]}
    before = set(order["tags"])
    if input.get("tags") is not None:
        order["tags"] = sorted(set(input["tags"]))
    moved = _moved(order, input.get("shippingAddress"))
    _keep(change, order)
    if moved:
        marks = [action_in(tag) for tag in order["tags"] if tag not in before]
        change.effect(
            "shopify",
            "address_change",
            order["id"],
            owner=order["owner"],
            action_id=next(iter(marks), None),
            number=order["number"],
            **order["address"],
        )
    return {"order": render.order(order, change), "userErrors": []}


def _keep(change: Change, order: Record) -> None:
    order["updated_at"] = change.now.isoformat(timespec="seconds")
    change.put("shopify.order", order["id"], order)


def _moved(order: Record, given: Mapping[str, Any] | None) -> bool:
    if given is None:
        return False
    new = {ours: given[theirs] for theirs, ours in _ADDRESS.items() if theirs in given}
    before = order["address"]
    order["address"] = {**(before or dict.fromkeys(_ADDRESS.values())), **new}
    return bool(order["address"] != before)


def _tag(change: Change, *, id: str, tags: Sequence[str]) -> Node:
    order = change.get("shopify.order", render.bare("Order", id))
    if order is None:
        return {"node": None, "userErrors": [{"field": ["id"], "message": "Order does not exist"}]}
    order["tags"] = sorted({*order["tags"], *tags})
    _keep(change, order)
    return {"node": {"id": id}, "userErrors": []}


def _return(change: Change, given: Mapping[str, Any], *, status: str) -> Node:
    order = change.get("shopify.order", render.bare("Order", given["orderId"]))
    if order is None:
        return _refused("orderId", "Order does not exist", "NOT_FOUND")
    left = {
        row["id"]: row["quantity"]
        for parcel in order["fulfilments"]
        for row in render.left_to_return(change, order, parcel)
    }
    wanted = given["returnLineItems"]
    if not wanted:
        return _refused("returnLineItems", "Return line items can't be blank", "BLANK")
    for row in wanted:
        piece = render.bare("FulfillmentLineItem", row["fulfillmentLineItemId"])
        if order["cancelled_at"] is not None or piece not in left:
            return _refused("returnLineItems", "Fulfillment line item is not returnable", "INVALID")
        left[piece] -= row["quantity"]
        if row["quantity"] < 1 or left[piece] < 0:
            return _refused("returnLineItems", "Quantity is more than can be returned", "TOO_BIG")
    made = _new_return(change, order, wanted, status)
    return {"return": render.return_(made, change), "userErrors": []}


def _new_return(change: Change, order: Record, wanted: Sequence[Mapping[str, Any]], status: str) -> Record:
    count = len(change.find("shopify.return", order=order["id"])) + 1
    back = number_of("return", order["id"], str(count))
    lines = [
        {
            "id": number_of("back", back, str(at)),
            "shipped": render.bare("FulfillmentLineItem", row["fulfillmentLineItemId"]),
            "quantity": row["quantity"],
            "reason": row.get("returnReason") or "UNKNOWN",
            "note": row.get("returnReasonNote") or "",
            "customer_note": row.get("customerNote"),
        }
        for at, row in enumerate(wanted)
    ]
    record = {
        "id": back,
        "owner": order["owner"],
        "order": order["id"],
        "name": f"#{order['number']}-R{count}",
        "status": status,
        "created_at": change.now.isoformat(timespec="seconds"),
        "lines": lines,
    }
    change.put("shopify.return", back, record)
    _keep(change, order)
    change.effect(
        "shopify",
        "return_open",
        order["id"],
        owner=order["owner"],
        action_id=action_in(lines[0]["note"] or lines[0]["customer_note"]),
        number=order["number"],
        reason=lines[0]["reason"],
        return_id=back,
    )
    return record


def _refused(field: str, message: str, code: str) -> Node:
    return {"return": None, "userErrors": [{"field": [field], "message": message, "code": code}]}
