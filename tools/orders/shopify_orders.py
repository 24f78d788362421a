"""Shopify's answers as our own orders and returns; ValueError for what cannot be one."""

from datetime import UTC, datetime

from core.money import ZERO_DECIMAL
from tools.crm.port import Address
from tools.orders.port import Order, OrderLine, OrderStatus, Parcel, Return
from tools.orders.shopify_wire import (
    Fulfilment,
    Line,
    NewReturn,
    Returnable,
    Shop,
    Tracking,
    WireAddress,
    WireOrder,
    WireReturn,
)

MARK = "remit:"

# What is not surely untouched counts as partly shipped, so that nobody cancels what is being packed.
_STATUS: dict[str, OrderStatus] = {
    "UNFULFILLED": "unfulfilled",
    "OPEN": "unfulfilled",
    "ON_HOLD": "unfulfilled",
    "SCHEDULED": "unfulfilled",
    "FULFILLED": "fulfilled",
}
# A cancelled, failed or declined shipment is none.
_SHIPPED = frozenset({"SUCCESS", "OPEN", "PENDING"})
_RETURN_IS_OPEN = frozenset({"OPEN", "REQUESTED"})
OPENED = {"true": True, "false": False}


def bare(gid: str, kind: str) -> str:
    """The number of `gid://shopify/<kind>/<number>`; ValueError for anything else."""
    number = gid.removeprefix(f"gid://shopify/{kind}/")
    if number == gid or not number.isascii() or not number.isdigit():
        raise ValueError(f"not the id of a {kind}: {gid!r}")
    return number


def minor(shop: Shop) -> int:
    """Minor units of a decimal amount; ValueError when it has a fraction of one."""
    scaled = shop.amount * (1 if shop.currencyCode.lower() in ZERO_DECIMAL else 100)
    if scaled != int(scaled):
        raise ValueError(f"not a whole number of minor units: {shop.amount} {shop.currencyCode}")
    return int(scaled)


def order(wire: WireOrder, returnable: tuple[Returnable, ...] | None = None) -> Order:
    """Our order; `returnable` None means it was not asked for."""
    shipped = [f for f in wire.fulfillments if f.status in _SHIPPED]
    delivered_at = _delivered_at(wire, shipped)
    return Order(
        id=bare(wire.id, "Order"),
        number=wire.name.removeprefix("#"),
        customer="" if wire.customer is None else bare(wire.customer.id, "Customer"),
        status=_status(wire, delivered_at),
        total=minor(wire.totalPriceSet.shopMoney),
        currency=wire.totalPriceSet.shopMoney.currencyCode.lower(),
        created_at=utc(wire.createdAt),
        updated_at=utc(wire.updatedAt),
        cancelled_at=None if wire.cancelledAt is None else utc(wire.cancelledAt),
        delivered_at=delivered_at,
        opened=OPENED.get(wire.metafield.value) if wire.metafield else None,
        address=_address(wire.shippingAddress),
        lines=tuple(_line(row, returnable) for row in wire.lineItems.nodes),
        parcels=tuple(_parcel(f) for f in shipped),
        open_returns=sum(r.status in _RETURN_IS_OPEN for r in wire.returns.nodes),
        last_action_ids=_marks(wire),
    )


def order_return(wire: NewReturn | WireReturn, order: str) -> Return:
    """Our return of that order."""
    return Return(
        id=bare(wire.id, "Return"), order=order, status=wire.status.lower(), opened_at=utc(wire.createdAt)
    )


def utc(at: datetime) -> datetime:
    """The same moment with our own UTC zone, which compares and prints like every other time here."""
    return at.astimezone(UTC)


def _status(wire: WireOrder, delivered_at: datetime | None) -> OrderStatus:
    if wire.cancelledAt is not None:
        return "cancelled"
    if delivered_at is not None:
        return "delivered"
    return _STATUS.get(wire.displayFulfillmentStatus, "partly_fulfilled")


def _delivered_at(wire: WireOrder, shipped: list[Fulfilment]) -> datetime | None:
    """When the last parcel came, once everything was shipped and every parcel came."""
    came = [f.deliveredAt for f in shipped if f.deliveredAt is not None]
    if wire.displayFulfillmentStatus != "FULFILLED" or not came or len(came) < len(shipped):
        return None
    return utc(max(came))


def _line(row: Line, returnable: tuple[Returnable, ...] | None) -> OrderLine:
    left = None
    if returnable is not None:
        left = sum(r.quantity for r in returnable if r.fulfillmentLineItem.lineItem.id == row.id)
    return OrderLine(id=bare(row.id, "LineItem"), title=row.title, quantity=row.quantity, returnable=left)


def _parcel(wire: Fulfilment) -> Parcel:
    tracking = wire.trackingInfo[0] if wire.trackingInfo else Tracking(company=None, number=None)
    return Parcel(
        carrier=tracking.company or "",
        tracking_number=tracking.number or "",
        status="in_transit" if wire.deliveredAt is None else "delivered",
        shipped_at=utc(wire.createdAt),
        estimated_at=None if wire.estimatedDeliveryAt is None else utc(wire.estimatedDeliveryAt),
        delivered_at=None if wire.deliveredAt is None else utc(wire.deliveredAt),
    )


def _address(wire: WireAddress | None) -> Address | None:
    if wire is None or not wire.countryCodeV2:
        return None
    return Address(
        line1=wire.address1 or "", city=wire.city or "", zip=wire.zip or "", country=wire.countryCodeV2
    )


def _marks(wire: WireOrder) -> tuple[str, ...]:
    return tuple(tag.removeprefix(MARK) for tag in wire.tags if tag.startswith(MARK))
