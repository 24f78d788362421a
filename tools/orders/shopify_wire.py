"""How Shopify's answers read: wire types, and their turn into our own."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from core.money import ZERO_DECIMAL
from tools.crm.port import Address
from tools.orders.port import Order, OrderLine, OrderStatus, Parcel, Return

MARK = "remit:"


class Wire(BaseModel):
    """Part of an answer: frozen, with fields we did not ask for ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Told(Wire):
    """One error; `code` stands in the extensions of top-level errors and in user errors themselves."""

    message: str
    code: str | None = None
    extensions: dict[str, Any] = Field(default_factory=dict)


class ThrottleStatus(Wire):
    currentlyAvailable: float
    restoreRate: float


class Cost(Wire):
    requestedQueryCost: float
    throttleStatus: ThrottleStatus


class Extensions(Wire):
    cost: Cost | None = None


class Reply(Wire):
    """Every GraphQL answer."""

    data: dict[str, Any] | None = None
    errors: tuple[Told, ...] = ()
    extensions: Extensions = Extensions()


class Ref(Wire):
    id: str


class Value(Wire):
    value: str


class Shop(Wire):
    amount: Decimal
    currencyCode: str


class Bag(Wire):
    shopMoney: Shop


class WireAddress(Wire):
    address1: str | None
    city: str | None
    zip: str | None
    countryCodeV2: str | None


class Tracking(Wire):
    company: str | None
    number: str | None


class Fulfilment(Wire):
    status: Literal["CANCELLED", "ERROR", "FAILURE", "SUCCESS", "OPEN", "PENDING"]
    createdAt: AwareDatetime
    deliveredAt: AwareDatetime | None
    estimatedDeliveryAt: AwareDatetime | None
    trackingInfo: tuple[Tracking, ...]


class Line(Wire):
    id: str
    title: str
    quantity: int


class Lines(Wire):
    nodes: tuple[Line, ...]


class ReturnNote(Wire):
    returnReasonNote: str | None


class ReturnNotes(Wire):
    nodes: tuple[ReturnNote, ...]


class WireReturn(Wire):
    id: str
    status: str
    createdAt: AwareDatetime
    # Asked for with one order only.
    returnLineItems: ReturnNotes | None = None

    def is_marked(self, mark: str) -> bool:
        """True when our own note says that the action behind `mark` opened it."""
        notes = () if self.returnLineItems is None else self.returnLineItems.nodes
        return any(note.returnReasonNote == mark for note in notes)


class Returns(Wire):
    nodes: tuple[WireReturn, ...]


class Cancellation(Wire):
    staffNote: str | None


class WireOrder(Wire):
    id: str
    name: str
    createdAt: AwareDatetime
    updatedAt: AwareDatetime
    cancelledAt: AwareDatetime | None
    cancellation: Cancellation | None
    displayFulfillmentStatus: Literal[
        "FULFILLED",
        "IN_PROGRESS",
        "ON_HOLD",
        "OPEN",
        "PARTIALLY_FULFILLED",
        "PENDING_FULFILLMENT",
        "REQUEST_DECLINED",
        "RESTOCKED",
        "SCHEDULED",
        "UNFULFILLED",
    ]
    tags: tuple[str, ...]
    totalPriceSet: Bag
    customer: Ref | None
    shippingAddress: WireAddress | None
    metafield: Value | None
    lineItems: Lines
    fulfillments: tuple[Fulfilment, ...]
    returns: Returns


class Nodes(Wire):
    nodes: tuple[WireOrder, ...]


class WireCustomer(Wire):
    id: str
    metafield: Value | None


class FoundCustomer(Wire):
    customerByIdentifier: WireCustomer | None


class Owner(Wire):
    orders: Nodes


class CustomerOrders(Wire):
    customer: Owner | None


class Brief(Wire):
    id: str
    name: str
    customer: Ref | None


class BriefNodes(Wire):
    nodes: tuple[Brief, ...]


class FoundOrders(Wire):
    orders: BriefNodes


class Shipped(Wire):
    id: str
    lineItem: Ref


class Returnable(Wire):
    quantity: int
    fulfillmentLineItem: Shipped


class PageInfo(Wire):
    hasNextPage: bool


class ReturnableRows(Wire):
    nodes: tuple[Returnable, ...]
    pageInfo: PageInfo


class ReturnableParcel(Wire):
    returnableFulfillmentLineItems: ReturnableRows


class ReturnableParcels(Wire):
    nodes: tuple[ReturnableParcel, ...]
    pageInfo: PageInfo


class OneOrder(Wire):
    order: WireOrder | None
    returnableFulfillments: ReturnableParcels

    @property
    def returnable(self) -> tuple[Returnable, ...] | None:
        """Every piece that may be returned now; None when there are more than we asked for."""
        parcels = [parcel.returnableFulfillmentLineItems for parcel in self.returnableFulfillments.nodes]
        if self.returnableFulfillments.pageInfo.hasNextPage or any(p.pageInfo.hasNextPage for p in parcels):
            return None
        return tuple(row for parcel in parcels for row in parcel.nodes if row.quantity > 0)


NO_ORDER = OneOrder(
    order=None,
    returnableFulfillments=ReturnableParcels(nodes=(), pageInfo=PageInfo(hasNextPage=False)),
)


class WireJob(Wire):
    id: str
    done: bool


class FoundJob(Wire):
    job: WireJob | None


class CancelPayload(Wire):
    job: WireJob | None
    orderCancelUserErrors: tuple[Told, ...]


class Cancelled(Wire):
    orderCancel: CancelPayload


class UpdatePayload(Wire):
    order: WireOrder | None
    userErrors: tuple[Told, ...]


class Updated(Wire):
    orderUpdate: UpdatePayload


class NewReturn(Wire):
    id: str
    status: str
    createdAt: AwareDatetime
    order: Ref


class ReturnPayload(Wire):
    # `return` is a word of Python's own.
    made: NewReturn | None = Field(alias="return")
    userErrors: tuple[Told, ...]


class Returned(Wire):
    returnCreate: ReturnPayload


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
