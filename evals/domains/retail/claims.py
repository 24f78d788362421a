"""What the agent must state of each write of the shop before a yes counts for it: the arguments that matter."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evals.domains.paying import Paying, payment_claim
from evals.domains.retail import args
from evals.domains.retail.facts import Pair
from evals.domains.retail.records import Item, Order, User
from evals.domains.stating import Claim, claim

_REASONS = {
    "no longer needed": ("no longer need", "no longer needed", "don't need", "not needed", "no longer want"),
    "ordered by mistake": ("by mistake", "ordered by mistake", "mistake", "accident", "by accident"),
}


def methods_of(user: User) -> tuple[Paying, ...]:
    """The ways to pay in a profile, as people tell them apart."""
    return tuple(
        Paying(
            id,
            method.source,
            method.last_four,
            method.brand,
            method.balance if method.source == "gift_card" else None,
        )
        for id, method in user.payment_methods.items()
    )


def order_named(id: str) -> Claim:
    """States which order."""
    return claim(f"order {id}", (id, id.lstrip("#")))


def reason(value: str) -> Claim:
    """States why."""
    others = [p for name, phrases in _REASONS.items() if name != value for p in phrases]
    return claim("reason", _REASONS.get(value, (value,)), others)


def payment(user: User, order: Order, id: str) -> Claim:
    """States what pays or is refunded."""
    return payment_claim(id, methods_of(user), order.paid_with)


def address(a: args.ModifyAddress | args.ModifyUserAddress) -> Iterator[Claim]:
    """Street and zip or city."""
    yield claim("street", (a.address1,))
    yield claim("city or zip", (a.city, a.zip))


def replaced(order: Order, found: Sequence[Pair]) -> Iterator[Claim]:
    """Each item, and what is new about the one that replaces it: its id, or every option that differs."""
    for old, _, new in found:
        yield item(order, old)
        changed = [value for key, value in new.options.items() if old.options.get(key) != value]
        if changed:
            yield _each(f"new item {new.item_id}", new.item_id, changed)
        else:
            yield claim(f"new item {new.item_id}", (new.item_id, old.name))


def item(order: Order, one: Item) -> Claim:
    """States one item of an order: by id, by name, or by its options where several have that name."""
    plural = (f"{one.name}s", f"{one.name}es") if one.name else ()
    alike = [other for other in order.items if other.name == one.name and other.item_id != one.item_id]
    if not alike:
        return claim(f"item {one.item_id}", (one.item_id, one.name, *plural))
    own = [v for k, v in one.options.items() if any(other.options.get(k) != v for other in alike)]
    return _each(f"item {one.item_id}", one.item_id, own)


def _option(value: str) -> tuple[str, ...]:
    text = " ".join(value.lower().split())
    return (text, text.replace(" inch", "-inch"), text.replace("-inch", " inch"), text.replace('"', " inch"))


@dataclass(frozen=True, slots=True)
class EachOf(Claim):
    """Stated by its id, or when every one of several things is stated."""

    each: tuple[Claim, ...] = ()

    def stated(self, text: str) -> bool:
        """True when a plain text states the id or each part."""
        return Claim.stated(self, text) or (bool(self.each) and all(one.stated(text) for one in self.each))


def _each(what: str, id: str, values: Iterable[str]) -> EachOf:
    return EachOf(what, (id,), each=tuple(Claim(value, _option(value)) for value in values))
