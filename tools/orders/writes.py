"""What can be done to an order: cancel it, send it elsewhere, open a return."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeVar

from core.actions import Line, Permit, Preview, Receipt
from core.errors import VendorDown, VendorRefused, VendorUnsure
from core.facts import FactSet, FactType, read_facts
from core.ids import ActionId
from core.money import Money
from core.tool_spec import Risk, ToolSpec
from tools.crm.contact_details import NewAddress, is_address, one_line
from tools.crm.customer_facts import customer_facts
from tools.kit import Args, OrderId, Scope, WriteTool
from tools.orders.facts import (
    ADDRESS_FACTS,
    RETURN_FACTS,
    SHIPPING_FACTS,
    own_order,
    return_facts,
    shipping_facts,
)
from tools.orders.port import Done, Order, What

Reason = Literal["damaged", "wrong_item", "not_as_described", "no_longer_wanted", "other"]
REASONS: Mapping[str, str] = {
    "damaged": "It arrived damaged",
    "wrong_item": "It is the wrong item",
    "not_as_described": "It is not as described",
    "no_longer_wanted": "No longer wanted",
    "other": "Another reason",
}


class OfOrder(Args):
    order_id: OrderId


class OrderAddress(OfOrder, NewAddress):
    """A new address of one order."""


class ReturnOf(OfOrder):
    reason: Reason


A = TypeVar("A", bound=OfOrder)


class OrderWrite(WriteTool[A]):
    """What the writes share: whose order it is, and the shop's own record of the action as evidence."""

    what: ClassVar[What]
    effect: ClassVar[str]

    async def owned(self, args: A, scope: Scope) -> bool:
        return await own_order(args.order_id, scope) is not None

    async def facts(self, args: A, scope: Scope) -> FactSet:
        order = await own_order(args.order_id, scope)
        if order is None:
            return FactSet()
        return self._facts(args, order, scope) | await customer_facts(scope)

    def targets(self, args: A) -> tuple[str, ...]:
        return (f"order:{args.order_id}",)

    async def execute(self, args: A, permit: Permit, scope: Scope) -> Receipt:
        before = await self._before(args, scope)
        done = await self._do(args, before, permit, scope)
        return self._receipt(args, done, before, scope)

    async def look_up(self, args: A, action_id: ActionId, scope: Scope) -> Receipt | None:
        done = await scope.systems.orders.find_by_action(args.order_id, self.what, action_id)
        if done is None:
            return None
        order = await own_order(args.order_id, scope)
        if order is None:
            raise VendorUnsure(
                scope.systems.orders.vendor, "the action is on an order that is not there any more"
            )
        return self._receipt(args, done, order, scope, now_known=False)

    async def _before(self, args: A, scope: Scope) -> Order:
        """The order as it is before the write; whatever goes wrong here, nothing was sent."""
        vendor = scope.systems.orders.vendor
        try:
            order = await own_order(args.order_id, scope)
        except VendorUnsure:
            raise VendorDown(vendor, "could not be read before the write; nothing was sent") from None
        if order is None:
            raise VendorRefused(vendor, "the order is not there any more")
        return order

    def _receipt(self, args: A, done: Done, order: Order, scope: Scope, *, now_known: bool = True) -> Receipt:
        return Receipt(
            vendor=scope.systems.orders.vendor,
            kind=self.effect,
            object=order.id,
            reference=done.reference,
            title=self._title(order),
            lines=self._lines(args, order if now_known else None),
            at=done.at,
        )

    @abstractmethod
    def _facts(self, args: A, order: Order, scope: Scope) -> FactSet:
        """The tool's own facts."""

    @abstractmethod
    async def _do(self, args: A, before: Order, permit: Permit, scope: Scope) -> Done:
        """The call at the shop."""

    @abstractmethod
    def _title(self, order: Order) -> str:
        """The receipt's title."""

    def _lines(self, args: A, before: Order | None) -> tuple[Line, ...]:
        """The receipt's lines; `before` is not known when it was looked up afterwards."""
        return ()


class CancelOrder(OrderWrite[OfOrder]):
    """Stops an order that was not sent; what was paid is billing's to give back."""

    args = OfOrder
    what: ClassVar[What] = "cancel"
    effect = "order_cancel"

    def preview(self, args: OfOrder, facts: FactSet) -> Preview:
        return Preview(
            title=f"Cancel {_named(facts)}",
            lines=_total(facts),
            note=(
                "It will not be sent and cannot be put back. This alone pays nothing back: "
                "to get your money, ask me for the refund afterwards."
            ),
        )

    def _facts(self, args: OfOrder, order: Order, scope: Scope) -> FactSet:
        return shipping_facts(order, scope)

    async def _do(self, args: OfOrder, before: Order, permit: Permit, scope: Scope) -> Done:
        after = await scope.systems.orders.cancel(args.order_id, permit)
        return Done(reference=after.id, at=after.cancelled_at or after.updated_at)

    def _title(self, order: Order) -> str:
        return f"Order {order.number} cancelled"


class ChangeShippingAddress(OrderWrite[OrderAddress]):
    """Sends one order to another address."""

    args = OrderAddress
    what: ClassVar[What] = "change_address"
    effect = "address_change"

    def preview(self, args: OrderAddress, facts: FactSet) -> Preview:
        return Preview(
            title=f"Send {_named(facts)} to another address",
            lines=(Line(label="Ship to", after=one_line(args.address)),),
            note="The address of the account and of other orders stays as it is.",
        )

    def _facts(self, args: OrderAddress, order: Order, scope: Scope) -> FactSet:
        current = None if order.address is None else order.address.country
        return shipping_facts(order, scope) | read_facts(
            scope.systems.orders.vendor,
            scope.now,
            address__well_formed=is_address(args.address),
            address__same_country=None if current is None else current == args.country,
        )

    async def _do(self, args: OrderAddress, before: Order, permit: Permit, scope: Scope) -> Done:
        after = await scope.systems.orders.change_address(args.order_id, args.address, permit)
        return Done(reference=after.id, at=after.updated_at)

    def _title(self, order: Order) -> str:
        return f"Order {order.number} goes to another address"

    def _lines(self, args: OrderAddress, before: Order | None) -> tuple[Line, ...]:
        old = one_line(before.address) if before is not None else ""
        return (Line(label="Ship to", after=one_line(args.address), before=old or None),)


class OpenReturn(OrderWrite[ReturnOf]):
    """Opens a return of everything in the order that may still come back."""

    args = ReturnOf
    what: ClassVar[What] = "open_return"
    effect = "return_open"

    def preview(self, args: ReturnOf, facts: FactSet) -> Preview:
        count = facts.get("order.returnable")
        items = () if count is None else (Line(label="Items", after=str(count)),)
        return Preview(
            title=f"Open a return for {_named(facts)}",
            lines=(Line(label="Reason", after=REASONS[args.reason]), *items, *_total(facts)),
            note="It covers everything in the order that can still be sent back. No money moves yet.",
        )

    def _facts(self, args: ReturnOf, order: Order, scope: Scope) -> FactSet:
        return return_facts(order, args.reason, scope)

    async def _do(self, args: ReturnOf, before: Order, permit: Permit, scope: Scope) -> Done:
        made = await scope.systems.orders.open_return(args.order_id, args.reason, permit)
        return Done(reference=made.id, at=made.opened_at)

    def _title(self, order: Order) -> str:
        return f"Return opened for order {order.number}"

    def _lines(self, args: ReturnOf, before: Order | None) -> tuple[Line, ...]:
        return (Line(label="Reason", after=REASONS[args.reason]),)


def _named(facts: FactSet) -> str:
    number = facts.get("order.number")
    return f"order {number}" if number is not None else "the order"


def _total(facts: FactSet) -> tuple[Line, ...]:
    amount, currency = facts.get("order.total"), facts.get("order.currency")
    if not isinstance(amount, int) or not isinstance(currency, str):
        return ()
    return (Line(label="Order total", after=str(Money(amount, currency))),)


def _spec(
    name: str, args: type[Args], risk: Risk, description: str, facts: Mapping[str, FactType]
) -> ToolSpec:
    return ToolSpec(
        name=name,
        version=1,
        kind="write",
        family="orders",
        risk=risk,
        description=description,
        schema=args.model_json_schema(),
        facts=facts,
    )


CancelOrder.spec = _spec(
    "cancel_order",
    OfOrder,
    "medium",
    "Cancels one of the customer's own orders that was not sent yet. It refunds nothing by itself.",
    SHIPPING_FACTS,
)
ChangeShippingAddress.spec = _spec(
    "change_shipping_address",
    OrderAddress,
    "medium",
    "Sends one of the customer's own orders to another address, while it was not sent yet.",
    ADDRESS_FACTS,
)
OpenReturn.spec = _spec(
    "open_return",
    ReturnOf,
    "medium",
    "Opens a return of one of the customer's own delivered orders. It refunds nothing by itself.",
    RETURN_FACTS,
)

WRITES: tuple[WriteTool[Any], ...] = (CancelOrder(), ChangeShippingAddress(), OpenReturn())
