"""The shop's records as the rules need them, parsed from its data and from what tools answered."""

from pydantic import Field

from evals.domains.record import Cents, Record

Options = dict[str, str]


class Item(Record):
    """One thing of an order."""

    name: str = ""
    product_id: str
    item_id: str
    price: Cents
    options: Options = Field(default_factory=dict)


class Paid(Record):
    """One entry of an order's payments: `payment` or `refund`."""

    transaction_type: str
    amount: Cents
    payment_method_id: str


class Address(Record):
    """Where something goes."""

    address1: str
    address2: str = ""
    city: str
    state: str = ""
    country: str = ""
    zip: str


class Order(Record):
    """An order; `status` is pending, processed, delivered, cancelled, or what was asked for since."""

    order_id: str
    user_id: str
    address: Address
    items: tuple[Item, ...]
    status: str
    payment_history: tuple[Paid, ...]

    @property
    def paid_with(self) -> tuple[str, ...]:
        """The ways to pay it was paid with, in order."""
        return tuple(
            one.payment_method_id for one in self.payment_history if one.transaction_type == "payment"
        )


class Method(Record):
    """A way to pay in a profile; only gift cards have a balance."""

    id: str
    source: str
    balance: Cents = 0
    last_four: str = ""
    brand: str = ""


class User(Record):
    """A customer's profile."""

    address: Address
    payment_methods: dict[str, Method]
    orders: tuple[str, ...] = ()


class Variant(Record):
    """One item that can be had of a product."""

    item_id: str
    options: Options = Field(default_factory=dict)
    available: bool
    price: Cents


class Product(Record):
    """A type of product with its items."""

    name: str
    product_id: str
    variants: dict[str, Variant]
