"""Orders straight on the world: Shopify's records and mutations, without GraphQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from core.actions import Permit
from core.errors import VendorRefused, VendorUnsure
from core.ids import ActionId
from tools.crm.port import Address
from tools.orders.port import Done, Order, OrderLine, OrderStatus, Parcel, Return, What
from tools.orders.shopify import REASONS
from tools.orders.shopify_orders import MARK
from tools.sandbox.direct.line import Line
from tools.sandbox.shopify import mutations, render
from tools.sandbox.world import Change, Record


class DirectOrders:
    """The Orders port on Shopify's records."""

    vendor = "shopify"

    def __init__(self, line: Line) -> None:
        self._line = line

    async def find_customer(self, external_id: str) -> str | None:
        found = self._line.records.find("shopify.customer", owner=external_id)
        return found[0]["id"] if found else None

    async def orders(self, customer: str) -> Sequence[Order]:
        records = self._line.ask(_what("CustomerOrders", {"id": render.gid("Customer", customer)}))
        rows = records.find("shopify.order", customer=customer)
        rows.sort(key=lambda row: row["created_at"], reverse=True)
        return [_order(records, row, close=False) for row in rows[:20]]

    async def order(self, order: str) -> Order | None:
        row = self._line.records.get("shopify.order", order)
        return None if row is None else _order(self._line.records, row)

    async def order_by_number(self, customer: str, number: str) -> Order | None:
        rows = self._line.records.find("shopify.order", customer=customer, number=number)
        return _order(self._line.records, rows[0]) if rows else None

    async def cancel(self, order: str, permit: Permit) -> Order:
        mark, gid = _mark(permit.action_id), render.gid("Order", order)
        what = _what("orderCancel", {"id": gid, "tags": [mark], "note": mark})
        async with self._line.write(what, permit) as change:
            roots = mutations.roots(change, job_seconds=0)
            roots["tagsAdd"](id=gid, tags=[mark])
            told = roots["orderCancel"](orderId=gid, reason="CUSTOMER", restock=True, staffNote=mark)
        row = self._line.records.get("shopify.order", order)
        if row is None or _proof(self._line.records, row, "cancel", mark) is None:
            raise VendorRefused(self.vendor, _codes(told["orderCancelUserErrors"]))
        return _order(self._line.records, row)

    async def change_address(self, order: str, address: Address, permit: Permit) -> Order:
        row, mark = self._line.records.get("shopify.order", order), _mark(permit.action_id)
        if row is None:
            raise VendorRefused(self.vendor, "no such order")
        if mark in row["tags"]:
            return _order(self._line.records, row)
        asked = {
            "id": render.gid("Order", order),
            "tags": [*row["tags"], mark],
            "shippingAddress": {
                "address1": address.line1,
                "city": address.city,
                "zip": address.zip,
                "countryCode": address.country,
            },
        }
        async with self._line.write(_what("orderUpdate", {"input": asked}), permit) as change:
            mutations.roots(change, job_seconds=0)["orderUpdate"](input=asked)
        after = await self.order(order)
        if after is None or after.address != address:
            raise VendorUnsure(self.vendor, "the address change was answered with another address")
        return after

    async def open_return(self, order: str, reason: str, permit: Permit) -> Return:
        records, mark, gid = self._line.records, _mark(permit.action_id), render.gid("Order", order)
        row = records.get("shopify.order", order)
        if row is None:
            raise VendorRefused(self.vendor, "no such order")
        if ours := _marked_return(records, row, mark):
            return _return(ours)
        lines = [
            {
                "fulfillmentLineItemId": render.gid("FulfillmentLineItem", piece["id"]),
                "quantity": piece["quantity"],
                "returnReason": REASONS[reason],
                "returnReasonNote": mark,
            }
            for piece in _left(records, row)
        ]
        if not lines:
            raise VendorRefused(self.vendor, "nothing on this order can be returned")
        asked = {"id": gid, "tags": [mark], "return": {"orderId": gid, "returnLineItems": lines}}
        async with self._line.write(_what("returnCreate", asked), permit) as change:
            roots = mutations.roots(change, job_seconds=0)
            roots["tagsAdd"](id=gid, tags=[mark])
            told = roots["returnCreate"](returnInput={"orderId": gid, "returnLineItems": lines})
        made = _marked_return(self._line.records, row, mark)
        if made is None:
            raise VendorRefused(self.vendor, _codes(told["userErrors"]))
        return _return(made)

    async def find_by_action(self, order: str, what: What, action_id: ActionId) -> Done | None:
        records, mark = self._line.records, _mark(action_id)
        row = records.get("shopify.order", order)
        if row is None:
            return None
        proof = _proof(records, row, what, mark)
        if proof is None and mark in row["tags"]:
            raise VendorUnsure(self.vendor, f"the order carries the mark of {action_id} and no proof of it")
        return proof


def _proof(records: Change, row: Record, what: What, mark: str) -> Done | None:
    match what:
        case "change_address":
            return Done(reference=row["id"], at=_time(row["updated_at"])) if mark in row["tags"] else None
        case "cancel":
            at = row["cancelled_at"]
            return Done(reference=row["id"], at=_time(at)) if at and row["cancel_note"] == mark else None
        case "open_return":
            made = _marked_return(records, row, mark)
            return None if made is None else Done(reference=made["id"], at=_time(made["created_at"]))
        case _:
            assert_never(what)


def _marked_return(records: Change, row: Record, mark: str) -> Record | None:
    backs = records.find("shopify.return", order=row["id"])
    return next((back for back in backs if any(line["note"] == mark for line in back["lines"])), None)


def _order(records: Change, row: Record, *, close: bool = True) -> Order:
    cancelled = render.is_cancelled(row, records.now)
    delivered = _delivered(row)
    backs = records.find("shopify.return", order=row["id"])
    left = _left(records, row) if close else None
    return Order(
        id=row["id"],
        number=row["number"],
        customer=row["customer"],
        status=_status(row, delivered, cancelled=cancelled),
        total=row["total"],
        currency=row["currency"],
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
        cancelled_at=_time(row["cancelled_at"]) if cancelled else None,
        delivered_at=delivered,
        opened=row["opened"],
        address=None if row["address"] is None else Address(**row["address"]),
        lines=tuple(_line(line, left) for line in row["lines"]),
        parcels=tuple(_parcel(parcel) for parcel in row["fulfilments"]),
        open_returns=sum(back["status"] in ("OPEN", "REQUESTED") for back in backs),
        last_action_ids=tuple(t.removeprefix(MARK) for t in sorted(row["tags"]) if t.startswith(MARK)),
    )


def _left(records: Change, row: Record) -> list[dict[str, Any]]:
    parcels = [] if row["cancelled_at"] is not None else row["fulfilments"]
    return [piece for parcel in parcels for piece in render.left_to_return(records, row, parcel)]


def _delivered(row: Record) -> datetime | None:
    shipped = {piece["line"] for parcel in row["fulfilments"] for piece in parcel["lines"]}
    came = [parcel["delivered_at"] for parcel in row["fulfilments"]]
    whole = shipped >= {line["id"] for line in row["lines"]}
    return max(map(_time, came)) if came and whole and all(came) else None


def _status(row: Record, delivered: datetime | None, *, cancelled: bool) -> OrderStatus:
    if cancelled:
        return "cancelled"
    if delivered is not None:
        return "delivered"
    shipped = {piece["line"] for parcel in row["fulfilments"] for piece in parcel["lines"]}
    if not shipped:
        return "unfulfilled"
    return "fulfilled" if shipped >= {line["id"] for line in row["lines"]} else "partly_fulfilled"


def _line(line: Record, left: Sequence[Mapping[str, Any]] | None) -> OrderLine:
    count = None if left is None else sum(p["quantity"] for p in left if p["line"] == line["id"])
    return OrderLine(id=line["id"], title=line["title"], quantity=line["quantity"], returnable=count)


def _parcel(parcel: Record) -> Parcel:
    return Parcel(
        carrier=parcel["company"],
        tracking_number=parcel["number"],
        status="in_transit" if parcel["delivered_at"] is None else "delivered",
        shipped_at=_time(parcel["created_at"]),
        estimated_at=_maybe(parcel["estimated_at"]),
        delivered_at=_maybe(parcel["delivered_at"]),
    )


def _return(row: Record) -> Return:
    status = row["status"].lower()
    return Return(id=row["id"], order=row["order"], status=status, opened_at=_time(row["created_at"]))


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _codes(told: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(sorted(str(error.get("code") or "INVALID") for error in told)) or "not done"


def _mark(action_id: ActionId) -> str:
    return f"{MARK}{action_id}"


def _what(document: str, variables: Mapping[str, Any]) -> str:
    """The request as faults are planned for it: a GraphQL document by name, and its variables."""
    return f"POST {document}?\n{json.dumps(variables, separators=(',', ':'))}"
