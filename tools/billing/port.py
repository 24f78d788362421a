"""What billing can tell and do, in our words; Stripe is one adapter of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.actions import Permit
from core.frozen import Frozen
from core.ids import ActionId
from core.money import Money


class Charge(Frozen):
    id: str
    customer: str
    amount: int
    amount_refunded: int
    amount_disputed: int
    currency: str
    paid: bool
    disputed: bool
    created_at: datetime
    description: str
    card: str
    """Brand and last four digits, such as "Visa •••• 4242"."""
    order_number: str | None
    invoice: str | None

    @property
    def remaining(self) -> int:
        return self.amount - self.amount_refunded - self.amount_disputed


class Refund(Frozen):
    id: str
    charge: str
    amount: int
    currency: str
    status: str
    action_id: str | None
    created_at: datetime


class Invoice(Frozen):
    id: str
    customer: str
    number: str
    status: str
    total: int
    currency: str
    created_at: datetime
    subscription: str | None


class Plan(Frozen):
    price: str
    name: str
    amount: int
    currency: str
    interval: Literal["month", "year"]


class Subscription(Frozen):
    id: str
    customer: str
    item: str
    plan: Plan
    """Its amount is that of the whole subscription, all seats together."""
    quantity: int = 1
    status: str
    cancel_at_period_end: bool
    period_start: datetime
    period_end: datetime
    started_at: datetime
    last_action_id: str | None = None


class ChangePreview(Frozen):
    """What a plan change costs now (minor units; negative is a credit) and from the next period on."""

    due_now: int
    next_amount: int
    currency: str
    at: datetime


class BalanceChange(Frozen):
    id: str
    amount: int
    currency: str
    action_id: str | None
    created_at: datetime


class Sent(Frozen):
    """Something that was mailed by the vendor: its id and when."""

    id: str
    at: datetime


class Billing(Protocol):
    """Reads return None or an empty sequence for what does not exist; writes need a permit."""

    vendor: str

    async def find_customer(self, external_id: str) -> str | None: ...
    async def customer_email(self, customer: str) -> str | None: ...
    async def charges(self, customer: str) -> Sequence[Charge]: ...
    async def charge(self, charge: str) -> Charge | None: ...
    async def refunds(self, charge: str) -> Sequence[Refund]: ...
    async def refunds_since(self, at: datetime) -> Sequence[Refund]:
        """Everybody's, made at or after this time; VendorUnsure when there are more than can be looked through."""

    async def invoices(self, customer: str) -> Sequence[Invoice]: ...
    async def invoice(self, invoice: str) -> Invoice | None: ...
    async def subscriptions(self, customer: str) -> Sequence[Subscription]: ...
    async def subscription(self, subscription: str) -> Subscription | None: ...
    async def plans(self) -> Sequence[Plan]: ...
    async def preview_change(self, subscription: Subscription, price: str) -> ChangePreview: ...
    async def balance_changes(self, customer: str) -> Sequence[BalanceChange]: ...

    async def refund(self, charge: str, money: Money, reason: str, permit: Permit) -> Refund: ...
    async def find_refund(self, charge: str, action_id: ActionId) -> Refund | None: ...
    async def cancel(
        self, subscription: str, *, when: Literal["period_end", "now"], permit: Permit
    ) -> Subscription: ...
    async def resume(self, subscription: str, permit: Permit) -> Subscription: ...
    async def change_plan(self, subscription: Subscription, price: str, permit: Permit) -> Subscription: ...
    async def credit(self, customer: str, money: Money, permit: Permit) -> BalanceChange: ...
    async def payment_link(self, customer: str, permit: Permit) -> str:
        """The address of a short-lived page to change the payment method; goes by mail, never into a prompt."""

    async def send_invoice(self, invoice: str, permit: Permit) -> Sent: ...
