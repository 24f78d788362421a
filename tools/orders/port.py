"""What the order system can tell and do; Shopify is one adapter of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.actions import Permit
from core.frozen import Frozen
from core.ids import ActionId
from tools.crm.port import Address

OrderStatus = Literal["unfulfilled", "partly_fulfilled", "fulfilled", "delivered", "cancelled"]


class Parcel(Frozen):
    carrier: str
    tracking_number: str
    status: str
    shipped_at: datetime
    estimated_at: datetime | None
    delivered_at: datetime | None


class OrderLine(Frozen):
    id: str
    title: str
    quantity: int
    returnable: int | None
    """How many may still be returned; None where it was not asked for (lists)."""


class Order(Frozen):
    id: str
    """Bare number of the GraphQL id."""
    number: str
    """What the customer sees, such as "1042" (no #)."""
    customer: str
    status: OrderStatus
    total: int
    currency: str
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None
    delivered_at: datetime | None
    opened: bool | None
    """Whether the goods were opened; None when the metafield is missing."""
    address: Address | None
    lines: tuple[OrderLine, ...]
    parcels: tuple[Parcel, ...]
    open_returns: int
    last_action_ids: tuple[str, ...] = ()
    """Action ids we left on it as tags or notes, newest last."""


class Return(Frozen):
    id: str
    order: str
    status: str
    opened_at: datetime


class Done(Frozen):
    """What the shop shows of something we did: the id of what it made or changed, and when."""

    reference: str
    at: datetime


What = Literal["cancel", "change_address", "open_return"]


class Orders(Protocol):
    vendor: str

    async def find_customer(self, external_id: str) -> str | None: ...
    async def orders(self, customer: str) -> Sequence[Order]: ...
    async def order(self, order: str) -> Order | None: ...
    async def order_by_number(self, customer: str, number: str) -> Order | None:
        """The customer's own order of that number ("1042", no #): a number alone need not name one order."""

    async def cancel(self, order: str, permit: Permit) -> Order: ...
    async def change_address(self, order: str, address: Address, permit: Permit) -> Order: ...
    async def open_return(self, order: str, reason: str, permit: Permit) -> Return: ...
    async def find_by_action(self, order: str, what: What, action_id: ActionId) -> Done | None:
        """What this action did to the order, None if surely nothing; raises VendorUnsure in between."""
