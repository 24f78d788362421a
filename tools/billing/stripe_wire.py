"""Stripe's answers, read strictly enough to be trusted: what does not fit is no answer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from core.errors import VendorUnsure
from tools.billing.port import BalanceChange, Charge, Invoice, Plan, Refund, Subscription

ACTION = "action_id"
_COMMENT = "action_id:"
# A dispute that ended for us holds no money any more.
_OVER = frozenset({"won", "warning_closed", "prevented"})


def _time(value: object) -> object:
    return datetime.fromtimestamp(value, UTC) if type(value) is int else value


Time = Annotated[datetime, BeforeValidator(_time)]
Metadata = Mapping[str, str]
W = TypeVar("W", bound="Wire")


class Wire(BaseModel):
    """A part of a Stripe object; fields that we do not use are ignored."""


def read(model: type[W], data: Mapping[str, Any]) -> W:
    """The object as our own type; VendorUnsure when it is not what Stripe promises."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise VendorUnsure("stripe", f"unreadable {model.__name__}: {error.error_count()} misfits") from None


class CardWire(Wire):
    brand: str | None = None
    last4: str | None = None


class MethodWire(Wire):
    type: str
    card: CardWire | None = None


class DisputeWire(Wire):
    amount: int
    status: str

    @property
    def holds(self) -> bool:
        return self.status not in _OVER


class ChargeWire(Wire):
    object: Literal["charge"]
    id: str
    customer: str | None
    amount: int
    amount_refunded: int
    currency: str
    paid: bool
    disputed: bool
    created: Time
    description: str | None
    payment_method_details: MethodWire | None
    metadata: Metadata = Field(default_factory=dict)

    def charge(self, disputes: list[DisputeWire]) -> Charge:
        """In our words; a charge marked as disputed whose disputes cannot be seen counts as disputed whole."""
        held = sum(d.amount for d in disputes if d.holds)
        unseen = self.disputed and not disputes
        return Charge(
            id=self.id,
            customer=self.customer or "",
            amount=self.amount,
            amount_refunded=self.amount_refunded,
            amount_disputed=self.amount - self.amount_refunded if unseen else held,
            currency=self.currency,
            paid=self.paid,
            disputed=unseen or any(d.holds for d in disputes),
            created_at=self.created,
            description=self.description or "",
            card=_card(self.payment_method_details),
            order_number=self.metadata.get("order_number"),
            invoice=None,
        )


def _card(method: MethodWire | None) -> str:
    if method is None or method.card is None or not method.card.last4:
        return ""
    brand = (method.card.brand or "card").replace("_", " ").title()
    return f"{brand} •••• {method.card.last4}"


class RefundWire(Wire):
    object: Literal["refund"]
    id: str
    charge: str
    amount: int
    currency: str
    status: str | None
    created: Time
    metadata: Metadata | None = None

    def refund(self) -> Refund:
        return Refund(
            id=self.id,
            charge=self.charge,
            amount=self.amount,
            currency=self.currency,
            status=self.status or "unknown",
            action_id=(self.metadata or {}).get(ACTION),
            created_at=self.created,
        )


class EventWire(Wire):
    object: Literal["event"]
    id: str
    type: str
    created: int
    data: dict[str, Any]


class _SubscriptionParent(Wire):
    subscription: str | None = None


class _Parent(Wire):
    subscription_details: _SubscriptionParent | None = None


class InvoiceWire(Wire):
    object: Literal["invoice"]
    id: str
    customer: str | None
    number: str | None
    status: str | None
    total: int
    currency: str
    created: Time
    parent: _Parent | None = None

    def invoice(self) -> Invoice:
        details = self.parent.subscription_details if self.parent else None
        return Invoice(
            id=self.id,
            customer=self.customer or "",
            number=self.number or "",
            status=self.status or "unknown",
            total=self.total,
            currency=self.currency,
            created_at=self.created,
            subscription=details.subscription if details else None,
        )


class _Product(Wire):
    name: str


class _Recurring(Wire):
    interval: str
    interval_count: int
    usage_type: str


class PriceWire(Wire):
    id: str
    unit_amount: int | None
    currency: str
    recurring: _Recurring | None
    product: str | _Product

    def plan(self, *, quantity: int = 1) -> Plan | None:
        """None for a price that we cannot say in one sum per month or year: tiers, metering, other rhythms."""
        rhythm = self.recurring
        if self.unit_amount is None or rhythm is None:
            return None
        if rhythm.interval_count != 1 or rhythm.usage_type != "licensed":
            return None
        if rhythm.interval != "month" and rhythm.interval != "year":
            return None
        return Plan(
            price=self.id,
            name=self.product.name if isinstance(self.product, _Product) else self.id,
            amount=self.unit_amount * quantity,
            currency=self.currency,
            interval="month" if rhythm.interval == "month" else "year",
        )


class _Item(Wire):
    id: str
    current_period_start: Time
    current_period_end: Time
    quantity: int = 1
    price: PriceWire


class _Items(Wire):
    data: list[_Item] = Field(min_length=1, max_length=1)


class _Cancellation(Wire):
    comment: str | None = None


class SubscriptionWire(Wire):
    object: Literal["subscription"]
    id: str
    customer: str
    status: str
    cancel_at_period_end: bool
    start_date: Time
    items: _Items
    metadata: Metadata = Field(default_factory=dict)
    cancellation_details: _Cancellation | None = None

    def subscription(self) -> Subscription:
        item = self.items.data[0]
        plan = item.price.plan(quantity=item.quantity)
        if plan is None:
            raise VendorUnsure("stripe", "a subscription whose price is no single sum")
        return Subscription(
            id=self.id,
            customer=self.customer,
            item=item.id,
            plan=plan,
            quantity=item.quantity,
            status=self.status,
            cancel_at_period_end=self.cancel_at_period_end,
            period_start=item.current_period_start,
            period_end=item.current_period_end,
            started_at=self.start_date,
            last_action_id=self._action(),
        )

    def _action(self) -> str | None:
        """Ending at once takes no metadata, so its action id stands in the comment."""
        comment = self.cancellation_details.comment if self.cancellation_details else None
        if self.status == "canceled" and comment and comment.startswith(_COMMENT):
            return comment.removeprefix(_COMMENT)
        return self.metadata.get(ACTION)


def comment(action_id: str) -> str:
    """What stands for metadata where Stripe takes none."""
    return _COMMENT + action_id


class CreditWire(Wire):
    object: Literal["customer_balance_transaction"]
    id: str
    customer: str
    amount: int
    currency: str
    created: Time
    metadata: Metadata | None = None

    def change(self) -> BalanceChange:
        """A credit to the customer is negative at Stripe and positive here."""
        return BalanceChange(
            id=self.id,
            amount=-self.amount,
            currency=self.currency,
            action_id=(self.metadata or {}).get(ACTION),
            created_at=self.created,
        )


class CustomerWire(Wire):
    object: Literal["customer"]
    id: str
    email: str | None
    metadata: Metadata = Field(default_factory=dict)


class PortalWire(Wire):
    id: str
    customer: str
    url: str
