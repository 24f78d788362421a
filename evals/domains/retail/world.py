"""The shop's world during one run: its data, overlaid by what the tools of this run answered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from evals.domains.data import Records, as_json, parsed, read_tables, valid
from evals.domains.retail.records import Method, Order, Paid, Product, User, Variant
from evals.replay.talk import Called

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Data:
    """The shop's data as it was before every run."""

    orders: Records
    products: Records
    users: Records
    product_of: Mapping[str, str]
    """Which product an item is of."""
    parsed: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)
    """Records parsed so far; they are frozen, so every run may share them."""

    @classmethod
    def load(cls, folder: Path) -> "Data":
        """Read from a folder; raises Invalid naming the file and the record that is wrong."""
        tables = read_tables(folder, ("orders", "products", "users"))
        of = {item: id for id, row in tables["products"].items() for item in row.get("variants") or ()}
        return cls(orders=tables["orders"], products=tables["products"], users=tables["users"], product_of=of)

    def get(self, kind: type[R], table: str, id: str) -> R | None:
        """A record of the data, parsed once, or None; raises Invalid for one that is no such record."""
        found: R | None = self.parsed.get((table, id))
        rows: Records = getattr(self, table)
        if found is None and id in rows:
            found = self.parsed[table, id] = parsed(kind, table, id, rows[id])
        return found


@dataclass(slots=True)
class World:
    """What is so now, as far as this run has shown it; outputs of tools win over the data."""

    data: Data
    orders: dict[str, Order] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)

    def order(self, id: str) -> Order | None:
        """An order, or None."""
        return self.orders.get(id) or self.data.get(Order, "orders", id)

    def user(self, id: str) -> User | None:
        """A profile, or None."""
        return self.users.get(id) or self.data.get(User, "users", id)

    def product(self, id: str) -> Product | None:
        """A type of product, or None."""
        return self.products.get(id) or self.data.get(Product, "products", id)

    def variant(self, item_id: str) -> tuple[str, Variant] | None:
        """The product an item is of, and the item; None where no product has it."""
        product = self.product(self.data.product_of.get(item_id, ""))
        found = product.variants.get(item_id) if product else None
        return (product.product_id, found) if product and found else None

    def take_in(self, call: Called) -> None:
        """Brings the world up to date with what a tool answered; an error changes nothing."""
        if call.failed or call.output is None:
            return
        value = as_json(call.output)
        if not isinstance(value, dict):
            return
        match call.name:
            case "get_user_details" | "modify_user_address":
                id = str(value.get("user_id") or call.args.get("user_id", ""))
                if shown := valid(User, value):
                    self.users[id] = shown
            case "get_product_details":
                if product := valid(Product, value):
                    self.products[product.product_id] = product
            case "get_order_details":
                if order := valid(Order, value):
                    self.orders[order.order_id] = order
            case _:
                if order := valid(Order, value):
                    self._changed(order)

    def _changed(self, after: Order) -> None:
        before = self.order(after.order_id)
        self.orders[after.order_id] = after
        user = self.user(after.user_id)
        if before is None or user is None:
            return
        methods = dict(user.payment_methods)
        for paid in (Counter(after.payment_history) - Counter(before.payment_history)).elements():
            _move(methods, paid)
        self.users[after.user_id] = user.model_copy(update={"payment_methods": methods})


def _move(methods: dict[str, Method], paid: Paid) -> None:
    """What is paid or refunded with a gift card moves at once."""
    card = methods.get(paid.payment_method_id)
    if card is not None and card.source == "gift_card":
        amount = -paid.amount if paid.transaction_type == "payment" else paid.amount
        methods[card.id] = card.model_copy(update={"balance": card.balance + amount})
