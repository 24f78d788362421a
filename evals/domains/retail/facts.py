"""The facts of each write, computed from the shop's world; unknown ones are left out."""

from collections import Counter
from collections.abc import Sequence

from core.facts import FactValue
from evals.domains.retail import args
from evals.domains.retail.records import Address, Item, Order, User, Variant
from evals.domains.retail.world import World

Facts = dict[str, FactValue]
Pair = tuple[Item, str, Variant]
"""An item of the order, the product of the new one, and the new one."""


def of_order(order: Order) -> Facts:
    """Its status in one word, and whether its items were replaced already."""
    modified = order.status.startswith("pending (")
    return {"order.status": "pending" if modified else order.status, "order.items_modified": modified}


def address(before: Address, a: args.ModifyAddress | args.ModifyUserAddress) -> Facts:
    """Whether an address is whole and another one."""
    after = new_address(a)
    return {
        "address.changed": after != before,
        "address.complete": all(one.strip() for one in (a.address1, a.city, a.state, a.country, a.zip)),
    }


def new_address(a: args.ModifyAddress | args.ModifyUserAddress) -> Address:
    """The address that these arguments say."""
    return Address.model_validate(a.model_dump())


def payment(user: User, id: str, cost: int | None) -> Facts:
    """Whether a way to pay is the customer's own, of which kind, and whether it covers the cost in cents."""
    method = user.payment_methods.get(id)
    facts: Facts = {"payment.in_profile": method is not None}
    if method is not None:
        facts["payment.source"] = method.source
        if method.source != "gift_card":
            facts["payment.covered"] = True
        elif cost is not None:
            facts["payment.covered"] = method.balance >= cost
    return facts


def new_payment(user: User, order: Order, id: str) -> Facts:
    """The facts of another way to pay for the whole order."""
    before = order.paid_with
    total = sum(one.amount for one in order.payment_history if one.transaction_type == "payment")
    return {
        **payment(user, id, total),
        "payment.different": id not in before,
        "payment.single": len(before) == 1 and len(order.payment_history) == 1,
    }


def items(world: World, user: User, order: Order, a: args.ChangeItems) -> Facts:
    """The facts of replacing items; the order of both lists pairs them."""
    facts: Facts = {
        "items.in_order": has_items(order, a.item_ids),
        "items.paired": len(a.item_ids) == len(a.new_item_ids),
        "items.different": all(old != new for old, new in zip(a.item_ids, a.new_item_ids, strict=False)),
    }
    found = pairs(world, order, a)
    if found is not None:
        facts["items.same_product"] = all(old.product_id == product for old, product, _ in found)
        facts["items.available"] = all(new.available for _, _, new in found)
    return facts | payment(user, a.payment_method_id, difference(found))


def pairs(world: World, order: Order, a: args.ChangeItems) -> list[Pair] | None:
    """Each item with what replaces it, or None where one of them does not exist."""
    have = {one.item_id: one for one in order.items}
    found: list[Pair] = []
    for old, new in zip(a.item_ids, a.new_item_ids, strict=False):
        item, variant = have.get(old), world.variant(new)
        if item is None or variant is None:
            return None
        found.append((item, *variant))
    return found


def difference(found: Sequence[Pair] | None) -> int | None:
    """What the new items cost more, in cents; None where it is not known."""
    return None if found is None else sum(new.price - old.price for old, _, new in found)


def has_items(order: Order, ids: Sequence[str]) -> bool:
    """True when the order holds each of these items as often as it is named."""
    return Counter(ids) <= Counter(one.item_id for one in order.items)


def returning(user: User, order: Order, a: args.ReturnItems) -> Facts:
    """The facts of a return."""
    method = user.payment_methods.get(a.payment_method_id)
    facts: Facts = {
        "items.in_order": has_items(order, a.item_ids),
        "payment.in_profile": method is not None,
        "payment.original": a.payment_method_id in order.paid_with,
    }
    if method is not None:
        facts["payment.source"] = method.source
    return facts
