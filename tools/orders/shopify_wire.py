"""The shapes of Shopify's answers, as far as we ask for them."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


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


class Changed(Wire):
    id: str
    updatedAt: AwareDatetime


class ChangedNodes(Wire):
    nodes: tuple[Changed, ...]


class ChangedOrders(Wire):
    orders: ChangedNodes


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
