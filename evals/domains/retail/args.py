"""The arguments of the shop's writes, strictly: what does not fit is refused before any rule."""

from pydantic import Field

from evals.domains.record import Args


class OnOrder(Args):
    order_id: str


class CancelOrder(OnOrder):
    reason: str


class ModifyAddress(OnOrder):
    address1: str
    address2: str
    city: str
    state: str
    country: str
    zip: str


class ModifyPayment(OnOrder):
    payment_method_id: str


class ChangeItems(OnOrder):
    item_ids: tuple[str, ...] = Field(min_length=1)
    new_item_ids: tuple[str, ...] = Field(min_length=1)
    payment_method_id: str


class ModifyItems(ChangeItems):
    """Items of a pending order for others."""


class ExchangeItems(ChangeItems):
    """Items of a delivered order for others."""


class ReturnItems(OnOrder):
    item_ids: tuple[str, ...] = Field(min_length=1)
    payment_method_id: str


class ModifyUserAddress(Args):
    user_id: str
    address1: str
    address2: str
    city: str
    state: str
    country: str
    zip: str
