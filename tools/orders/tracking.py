"""Where an order is, in one honest sentence."""

from datetime import datetime

from core.days import day
from tools.orders.port import Order, Parcel


def current(order: Order) -> Parcel | None:
    """The parcel that matters: the newest still on its way, else the newest."""
    on_its_way = [parcel for parcel in order.parcels if parcel.delivered_at is None]
    return max(on_its_way or order.parcels, key=lambda parcel: parcel.shipped_at, default=None)


def is_late(order: Order, now: datetime) -> bool:
    """True when a parcel has not come by the end of the day (UTC) it was due."""
    if order.status == "cancelled":
        return False
    due = [p.estimated_at for p in order.parcels if p.delivered_at is None and p.estimated_at is not None]
    return any(at.date() < now.date() for at in due)


def summary(order: Order, now: datetime) -> str:
    """What the shop and the carrier say, and nothing they do not say."""
    parcel = current(order)
    if order.status == "cancelled":
        return f"Order {order.number} was cancelled and will not be sent."
    if order.status == "delivered" and order.delivered_at is not None:
        return f"Order {order.number} was delivered on {day(order.delivered_at)}."
    if parcel is None:
        return f"Order {order.number} was placed on {day(order.created_at)} and has not been sent yet."
    if order.status == "partly_fulfilled":
        return f"Part of order {order.number} {_sent(parcel, now)} The rest has not been sent yet."
    return f"Order {order.number} {_sent(parcel, now)}"


def _sent(parcel: Parcel, now: datetime) -> str:
    if parcel.delivered_at is not None:
        return f"was delivered on {day(parcel.delivered_at)}."
    carrier = f" with {parcel.carrier}" if parcel.carrier else ""
    number = f", tracking number {parcel.tracking_number}" if parcel.tracking_number else ""
    return f"was sent on {day(parcel.shipped_at)}{carrier}{number}. {_due(parcel, now)}"


def _due(parcel: Parcel, now: datetime) -> str:
    if parcel.estimated_at is None:
        return "The carrier gives no delivery date."
    if parcel.estimated_at.date() < now.date():
        return f"It was due on {day(parcel.estimated_at)} and is late."
    return f"It should arrive by {day(parcel.estimated_at)}."
