"""What the rules know about an order, read from the shop now."""

from collections.abc import Mapping

from core.facts import FactSet, FactType, read_facts
from tools.crm.customer_facts import CUSTOMER_FACTS
from tools.kit import Scope
from tools.orders.port import Order

ORDER_FACTS: Mapping[str, FactType] = {
    "order.number": "string",
    "order.status": "string",
    "order.total": "int",
    "order.currency": "string",
    "order.open_returns": "int",
    **CUSTOMER_FACTS,
}
SHIPPING_FACTS: Mapping[str, FactType] = {
    **ORDER_FACTS,
    "order.fulfilled": "bool",
    "order.cancelled": "bool",
    "order.age_hours": "int",
}
ADDRESS_FACTS: Mapping[str, FactType] = {
    **SHIPPING_FACTS,
    "address.same_country": "bool",
    "address.well_formed": "bool",
}
RETURN_FACTS: Mapping[str, FactType] = {
    **ORDER_FACTS,
    "order.delivered_known": "bool",
    "order.delivered_at": "timestamp",
    "order.days_since_delivery": "int",
    "order.opened_known": "bool",
    "order.opened": "bool",
    "order.returnable": "int",
    "return.reason": "string",
}


async def own_customer(scope: Scope) -> str | None:
    """The principal's id at the shop: the one linked to them, else by their external id; never by e-mail."""
    if scope.who.assurance == "anonymous":
        return None
    orders = scope.systems.orders
    return scope.who.links.get(orders.vendor) or await orders.find_customer(scope.who.id)


async def own_order(order_id: str, scope: Scope) -> Order | None:
    """The order when it is the principal's; one of somebody else is as if it were not."""
    customer = await own_customer(scope)
    found = None if customer is None else await scope.systems.orders.order(order_id)
    return found if found is not None and found.customer == customer else None


def order_facts(order: Order, scope: Scope) -> FactSet:
    """What every order write is judged on."""
    return read_facts(
        scope.systems.orders.vendor,
        scope.now,
        order__number=order.number,
        order__status=order.status,
        order__total=order.total,
        order__currency=order.currency,
        order__open_returns=order.open_returns,
    )


def shipping_facts(order: Order, scope: Scope) -> FactSet:
    """Whether an order can still be stopped or sent elsewhere; an age below zero is not known."""
    hours = int((scope.now - order.created_at).total_seconds() // 3600)
    return order_facts(order, scope) | read_facts(
        scope.systems.orders.vendor,
        scope.now,
        order__fulfilled=order.status in ("partly_fulfilled", "fulfilled", "delivered")
        or bool(order.parcels),
        order__cancelled=order.status == "cancelled",
        order__age_hours=hours if hours >= 0 else None,
    )


def return_facts(order: Order, reason: str, scope: Scope) -> FactSet:
    """When it came, whether it was opened and what may still come back."""
    left = [line.returnable for line in order.lines]
    known = [n for n in left if n is not None]
    return (
        order_facts(order, scope)
        | delivery_facts(order, scope)
        | read_facts(
            scope.systems.orders.vendor,
            scope.now,
            order__returnable=sum(known) if len(known) == len(left) else None,
            return__reason=reason,
        )
    )


def delivery_facts(order: Order, scope: Scope) -> FactSet:
    """Delivery and whether it was opened; a delivery in the future is not known to have been."""
    at = order.delivered_at
    days = None if at is None or at > scope.now else (scope.now - at).days
    return read_facts(
        scope.systems.orders.vendor,
        scope.now,
        order__delivered_known=days is not None,
        order__delivered_at=at if days is not None else None,
        order__days_since_delivery=days,
        order__opened_known=order.opened is not None,
        order__opened=order.opened,
    )
