"""What the agent may look up about orders: the customer's own, one of them, and where it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from core.errors import ToolFailed
from core.money import Money
from core.tool_spec import ToolSpec
from tools.kit import Args, Card, OrderId, ReadTool, Result, Scope
from tools.orders.facts import own_customer, own_order
from tools.orders.port import Order
from tools.orders.tracking import current, is_late, summary

# One sentence for a number or id that is not there and for one that is somebody else's.
NO_SUCH_ORDER = "There is no such order on this account."
OrderNumber = Annotated[str, StringConstraints(pattern=r"^#?[A-Za-z0-9-]{1,32}$")]
_IN_WORDS = {
    "unfulfilled": "not sent yet",
    "partly_fulfilled": "partly sent",
    "fulfilled": "on its way",
    "delivered": "delivered",
    "cancelled": "cancelled",
}


class FindOrders(Args):
    order_number: OrderNumber | None


class OfOrder(Args):
    order_id: OrderId


class OrderRow(Result):
    id: OrderId
    number: str
    status: str
    total: int
    currency: str
    money: str
    created_at: str
    delivered_at: str | None
    items: str
    open_returns: int


class Orders(Result):
    orders: tuple[OrderRow, ...]


class Tracking(Result):
    order_id: OrderId
    number: str
    status: str
    carrier: str | None
    tracking_number: str | None
    shipped_at: str | None
    estimated_at: str | None
    delivered_at: str | None
    late: bool
    summary: str


async def _find_orders(args: FindOrders, scope: Scope) -> Orders:
    return Orders(orders=tuple(_row(order) for order in await _own(args.order_number, scope)))


async def _own(number: str | None, scope: Scope) -> Sequence[Order]:
    orders = scope.systems.orders
    customer = await own_customer(scope)
    if number is None:
        return () if customer is None else await orders.orders(customer)
    # Without a customer there is nobody whose order it could be.
    found = None if customer is None else await orders.order_by_number(customer, number.removeprefix("#"))
    if found is None or found.customer != customer:
        raise ToolFailed(NO_SUCH_ORDER)
    return (found,)


async def _get_order(args: OfOrder, scope: Scope) -> OrderRow:
    return _row(await _one(args, scope))


async def _track_order(args: OfOrder, scope: Scope) -> Tracking:
    order = await _one(args, scope)
    parcel = current(order)
    return Tracking(
        order_id=order.id,
        number=order.number,
        status=order.status,
        carrier=(parcel.carrier or None) if parcel else None,
        tracking_number=(parcel.tracking_number or None) if parcel else None,
        shipped_at=_iso(parcel.shipped_at) if parcel else None,
        estimated_at=_iso(parcel.estimated_at) if parcel else None,
        delivered_at=_iso(order.delivered_at),
        late=is_late(order, scope.now),
        summary=summary(order, scope.now),
    )


async def _one(args: OfOrder, scope: Scope) -> Order:
    order = await own_order(args.order_id, scope)
    if order is None:
        raise ToolFailed(NO_SUCH_ORDER)
    return order


def _row(order: Order) -> OrderRow:
    return OrderRow(
        id=order.id,
        number=order.number,
        status=order.status,
        total=order.total,
        currency=order.currency,
        money=str(Money(order.total, order.currency)),
        created_at=str(_iso(order.created_at)),
        delivered_at=_iso(order.delivered_at),
        items=", ".join(
            f"{line.quantity} × {line.title}" if line.quantity > 1 else line.title for line in order.lines
        ),
        open_returns=order.open_returns,
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _orders_card(result: Any) -> Card | None:
    rows = tuple(_cells(row) for row in result.orders[:6])
    return Card(title="Your orders" if len(rows) > 1 else "Your order", rows=rows) if rows else None


def _cells(row: OrderRow) -> tuple[str, ...]:
    return (f"Order {row.number}", row.items, row.money, _IN_WORDS.get(row.status, row.status))


def _tracking_card(result: Any) -> Card:
    rows = [("Order", result.number), ("Status", _IN_WORDS.get(result.status, result.status))]
    rows += [("Carrier", result.carrier)] if result.carrier else []
    rows += [("Tracking number", result.tracking_number)] if result.tracking_number else []
    return Card(title=f"Where order {result.number} is", rows=tuple(rows))


def _spec(name: str, args: type[Args], description: str) -> ToolSpec:
    return ToolSpec(
        name=name,
        version=1,
        kind="read",
        family="orders",
        risk="none",
        description=description,
        schema=args.model_json_schema(),
    )


READS: tuple[ReadTool[Any], ...] = (
    ReadTool(
        spec=_spec(
            "find_orders",
            FindOrders,
            "Lists the customer's own orders, newest first; with a number only that one. "
            "Gives the order ids that other tools need.",
        ),
        args=FindOrders,
        run=_find_orders,
        looking="Looking at your orders",
        card=_orders_card,
    ),
    ReadTool(
        spec=_spec("get_order", OfOrder, "Looks up one of the customer's own orders by its id."),
        args=OfOrder,
        run=_get_order,
        looking="Looking at your order",
        card=lambda row: Card(title="Your order", rows=(_cells(row),)),
    ),
    ReadTool(
        spec=_spec(
            "track_order",
            OfOrder,
            "Says where one of the customer's own orders is: carrier, tracking number, dates, whether it is late, "
            "and one sentence to tell them.",
        ),
        args=OfOrder,
        run=_track_order,
        looking="Looking where your order is",
        card=_tracking_card,
    ),
)
