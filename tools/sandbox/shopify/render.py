"""Records of the world as Shopify's objects."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from core.money import ZERO_DECIMAL
from tools.sandbox.shopify.answer import Node, connection
from tools.sandbox.shopify.check import Unanswered
from tools.sandbox.shopify.search import fits
from tools.sandbox.world import Record


class Records(Protocol):
    """What can be read while a request runs, with its own edits."""

    @property
    def now(self) -> datetime: ...
    def get(self, kind: str, key: str) -> Record | None: ...
    def find(self, kind: str, **equal: object) -> list[Record]: ...


def gid(kind: str, key: str) -> str:
    return f"gid://shopify/{kind}/{key}"


def bare(kind: str, given: str) -> str:
    """The number in `gid://shopify/<kind>/<number>`; any other id is an error, as at Shopify."""
    number = given.removeprefix(f"gid://shopify/{kind}/")
    if number == given or not number.isascii() or not number.isdigit():
        raise Unanswered(f"Invalid global id '{given}'", "argumentLiteralsIncompatible")
    return number


def stamp(at: str | None) -> str | None:
    """A time as Shopify writes it: UTC, whole seconds, Z."""
    return None if at is None else at.replace("+00:00", "Z")


def is_cancelled(order: Record, now: datetime) -> bool:
    """True once the cancel job has run; until then the order looks untouched."""
    at = order["cancelled_at"]
    return at is not None and datetime.fromisoformat(at) <= now


def customer(record: Record, records: Records) -> Node:
    def external(*, key: str, namespace: str | None = None) -> Node | None:
        is_ours = (namespace, key) == ("remit", "external_id")
        return _metafield("remit", key, "id", record["owner"]) if is_ours else None

    return {
        "id": gid("Customer", record["id"]),
        "displayName": record["name"],
        "email": record["email"],
        "metafield": external,
        "orders": lambda **args: orders(records, customer=record["id"], **args),
    }


def orders(
    records: Records,
    *,
    customer: str | None = None,
    query: str | None = None,
    sortKey: str,
    reverse: bool = False,
    **page: Any,
) -> Node:
    """A connection of orders, by creation unless sorted by id."""
    equal = {} if customer is None else {"customer": customer}
    rows = [row for row in records.find("shopify.order", **equal) if query is None or fits(row, query)]
    rows.sort(key=lambda row: int(row["id"]) if sortKey == "ID" else row["created_at"], reverse=reverse)
    return connection(rows, lambda row: order(row, records), **page)


def order(record: Record, records: Records) -> Node:
    cancelled = is_cancelled(record, records.now)
    owner = records.get("shopify.customer", record["customer"])
    returns = records.find("shopify.return", order=record["id"])
    money = {
        "amount": decimal(record["total"], record["currency"]),
        "currencyCode": record["currency"].upper(),
    }
    return {
        "id": gid("Order", record["id"]),
        "name": f"#{record['number']}",
        "createdAt": stamp(record["created_at"]),
        "updatedAt": stamp(record["updated_at"]),
        "cancelledAt": stamp(record["cancelled_at"]) if cancelled else None,
        "cancelReason": record["cancel_reason"] if cancelled else None,
        "cancellation": {"staffNote": record["cancel_note"]} if cancelled else None,
        "displayFulfillmentStatus": _fulfilled(record),
        "totalPriceSet": {"shopMoney": money, "presentmentMoney": money},
        "customer": None if owner is None else customer(owner, records),
        "shippingAddress": _address(record["address"]),
        "metafield": lambda **args: _opened(record, **args),
        "tags": sorted(record["tags"]),
        "lineItems": lambda **page: connection(record["lines"], line, **page),
        "fulfillments": lambda first=None: [_fulfilment(row) for row in record["fulfilments"]][:first],
        "returns": lambda **page: connection(returns, lambda row: return_(row, records), **page),
    }


def line(record: Record) -> Node:
    return {"id": gid("LineItem", record["id"]), "title": record["title"], "quantity": record["quantity"]}


def return_(record: Record, records: Records) -> Node:
    def whole() -> Node:
        found = records.get("shopify.order", record["order"])
        assert found is not None, "a return without an order"
        return order(found, records)

    return {
        "id": gid("Return", record["id"]),
        "name": record["name"],
        "status": record["status"],
        "createdAt": stamp(record["created_at"]),
        "order": whole,
        "returnLineItems": lambda **page: connection(record["lines"], _return_line, **page),
    }


def returnable(records: Records, order_id: str, **page: Any) -> Node:
    """The shipped pieces of an order that are in no return yet."""
    found = records.get("shopify.order", order_id)
    parcels = [] if found is None else _live_parcels(found)
    open_rows = [(parcel, left_to_return(records, found, parcel)) for parcel in parcels if found is not None]
    rows = [(parcel, left) for parcel, left in open_rows if left]
    lines = {row["id"]: row for row in (found["lines"] if found else ())}
    return connection(rows, lambda row: _returnable(row[0], row[1], lines), **page)


def left_to_return(records: Records, order: Record, parcel: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a parcel with how many of each are in no return yet."""
    taken: dict[str, int] = {}
    for back in records.find("shopify.return", order=order["id"]):
        for row in back["lines"] if back["status"] in ("OPEN", "REQUESTED", "CLOSED") else ():
            taken[row["shipped"]] = taken.get(row["shipped"], 0) + row["quantity"]
    rows = [{**row, "quantity": row["quantity"] - taken.get(row["id"], 0)} for row in parcel["lines"]]
    return [row for row in rows if row["quantity"] > 0]


def _live_parcels(order: Record) -> list[dict[str, Any]]:
    return [] if order["cancelled_at"] is not None else list(order["fulfilments"])


def _returnable(
    parcel: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], lines: Mapping[str, Record]
) -> Node:
    def piece(row: Mapping[str, Any]) -> Node:
        shipped = {"id": gid("FulfillmentLineItem", row["id"]), "quantity": row["quantity"]}
        return {
            "fulfillmentLineItem": {**shipped, "lineItem": line(lines[row["line"]])},
            "quantity": row["quantity"],
        }

    return {
        "id": gid("ReturnableFulfillment", parcel["id"]),
        "returnableFulfillmentLineItems": lambda **page: connection(rows, piece, **page),
    }


def _return_line(record: Record) -> Node:
    return {
        "id": gid("ReturnLineItem", record["id"]),
        "quantity": record["quantity"],
        "returnReason": record["reason"],
        "returnReasonNote": record["note"],
        "customerNote": record["customer_note"],
    }


def _opened(record: Record, *, key: str, namespace: str | None = None) -> Node | None:
    if (namespace, key) != ("remit", "opened") or record["opened"] is None:
        return None
    return _metafield("remit", "opened", "boolean", "true" if record["opened"] else "false")


def _metafield(namespace: str, key: str, kind: str, value: str) -> Node:
    return {"namespace": namespace, "key": key, "type": kind, "value": value}


def _fulfilled(record: Record) -> str:
    shipped = {row["line"] for parcel in record["fulfilments"] for row in parcel["lines"]}
    if not shipped:
        return "UNFULFILLED"
    return "FULFILLED" if shipped >= {row["id"] for row in record["lines"]} else "PARTIALLY_FULFILLED"


def _fulfilment(record: Record) -> Node:
    tracking = {"company": record["company"], "number": record["number"], "url": None}
    return {
        "id": gid("Fulfillment", record["id"]),
        "status": "SUCCESS",
        "displayStatus": "IN_TRANSIT" if record["delivered_at"] is None else "DELIVERED",
        "createdAt": stamp(record["created_at"]),
        "deliveredAt": stamp(record["delivered_at"]),
        "estimatedDeliveryAt": stamp(record["estimated_at"]),
        "trackingInfo": lambda first=None: [tracking][:first],
    }


def _address(record: Record | None) -> Node | None:
    if record is None:
        return None
    return {
        "address1": record["line1"],
        "address2": None,
        "city": record["city"],
        "zip": record["zip"],
        "countryCodeV2": record["country"],
    }


def decimal(minor: int, currency: str) -> str:
    """Minor units as Shopify writes money: "49.0", "49.99", "4900.0" for yen."""
    if currency in ZERO_DECIMAL:
        return f"{minor}.0"
    major, cents = divmod(minor, 100)
    return f"{major}.{cents:02d}".removesuffix("0")
