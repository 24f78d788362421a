"""A customer of the sandbox in one place; each vendor's seed turns it into its own records."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.frozen import Frozen
from tools.crm.port import Address, Health, Tier
from tools.orders.port import OrderStatus


class PersonaCharge(Frozen):
    """`key` becomes part of the charge id (`ch_<persona>_<key>`); times are days before seeding."""

    key: str
    amount: int
    currency: str = "usd"
    days_ago: float
    order: str | None = None
    """The order number it paid for; also its metadata `order_number`."""
    refunded: int = 0
    disputed: bool = False
    failed: bool = False
    description: str = ""
    method: Literal["card", "bank_transfer"] = "card"
    invoice: Literal["draft", "open", "paid", "uncollectible", "void"] | None = None
    """The state of the invoice of a charge without an order, where it is not the ordinary one."""


class PersonaCredit(Frozen):
    """A credit the customer was given before."""

    amount: int
    currency: str = "usd"
    days_ago: float


class PersonaOrder(Frozen):
    number: str
    total: int
    currency: str = "usd"
    status: OrderStatus
    days_ago: float
    shipped_days_ago: float | None = None
    delivered_days_ago: float | None = None
    opened: bool | None = None
    items: tuple[str, ...] = ("Desk lamp",)
    estimated_in_days: float | None = None
    open_return: bool = False


class PersonaSubscription(Frozen):
    plan: Literal[
        "starter_month", "team_month", "business_month", "starter_year", "team_year", "team_month_eur"
    ]
    status: str = "active"
    started_days_ago: float = 90
    cancel_at_period_end: bool = False


class PersonaAccount(Frozen):
    """The identity account; `contact_changed_days_ago` None means never since creation."""

    vendor: Literal["okta", "auth0"] = "okta"
    status: Literal["active", "locked", "suspended", "password_expired", "deactivated"] = "active"
    factors: tuple[str, ...] = ("totp",)
    created_days_ago: float = 400
    contact_changed_days_ago: float | None = None
    admin: bool = False


class Persona(Frozen):
    """One customer across all systems; `key` is a short slug unique in the world, `external_id` is `u_<key>`."""

    key: str
    name: str
    email: str
    phone: str = "+1 555 0100"
    tier: Tier | None = "standard"
    health: Health = "good"
    owner: str = "Dana Reyes"
    company: str = "Northwind Example"
    language: str = "en"
    address: Address = Address(line1="1 Sample Street", city="Springfield", zip="12345", country="US")
    charges: tuple[PersonaCharge, ...] = ()
    credits: tuple[PersonaCredit, ...] = ()
    has_billing_email: bool = True
    orders: tuple[PersonaOrder, ...] = ()
    subscription: PersonaSubscription | None = None
    account: PersonaAccount | None = PersonaAccount()
    past_tickets: tuple[str, ...] = ()
    story: str = ""
    """One line: what this customer is there to show."""
    seeded_at: datetime | None = Field(default=None)

    @property
    def external_id(self) -> str:
        return f"u_{self.key}"
