"""One recorded run of the shop: who was authenticated, what it has shown, and what is known about each write it proposes."""

import re
from collections.abc import Iterator

from pydantic import ValidationError

from evals.domains.ground import Look, Shown
from evals.domains.retail import args, claims, facts
from evals.domains.retail.records import Order, User
from evals.domains.retail.tools import ARGS
from evals.domains.retail.world import Data, World
from evals.domains.stating import Claim, act_claim
from evals.replay.talk import Called, Said

_FINDING = frozenset({"find_user_id_by_email", "find_user_id_by_name_zip"})
_ORDER_ID = re.compile(r"#?W\d{7}\b")


class RetailGround:
    """What one run says about its writes."""

    def __init__(self, data: Data) -> None:
        self._world = World(data)
        self._shown = Shown()
        self._authenticated: str | None = None
        self._claimed: str | None = None
        self._spoken_of: set[str] = set()

    def heard(self, said: Said) -> None:
        """Takes in words; only the customer's give provenance."""
        self._spoken_of = {f"#{id.lstrip('#')}" for id in _ORDER_ID.findall(said.text)} or self._spoken_of
        if said.speaker == "customer":
            self._shown.add(said.text)

    def answered(self, call: Called) -> None:
        """Brings the world up to date; the first customer found by mail or by name and zip is who the run is about."""
        if call.failed or call.output is None:
            return
        self._shown.add(call.output)
        self._world.take_in(call)
        if call.name in _FINDING and self._authenticated is None:
            self._authenticated = call.output.strip().strip('"') or None
        if call.name == "get_user_details" and self._claimed is None:
            self._claimed = str(call.args.get("user_id", ""))

    def look(self, call: Called) -> Look:
        """Parses strictly, then ownership, provenance, facts and what must have been stated."""
        try:
            a = ARGS[call.name].model_validate(call.args)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "arguments"
            return Look(malformed=f"{where}: {first['msg']}")
        match a:
            case args.ModifyUserAddress():
                return self._on_profile(a)
            case args.OnOrder():
                return self._on_order(a)
            case _:
                raise AssertionError(f"no facts for {call.name!r}")

    @property
    def _principal(self) -> str | None:
        # Without authentication the rules say no; whose things they are can still be told apart.
        return self._authenticated or self._claimed

    def _who(self) -> facts.Facts:
        return {"customer.authenticated": self._authenticated is not None}

    def _on_profile(self, a: args.ModifyUserAddress) -> Look:
        user = self._world.user(a.user_id)
        if user is None:
            return Look(owned=False, target=a.user_id)
        found = self._who() | facts.address(user.address, a)
        return Look(
            None, a.user_id == self._principal, True, found, tuple(claims.address(a)), target=a.user_id
        )

    def _on_order(self, a: args.OnOrder) -> Look:
        order = self._world.order(a.order_id)
        user = self._world.user(order.user_id) if order else None
        if order is None or user is None:
            return Look(owned=False, target=a.order_id)
        own, stated = self._facts(user, order, a)
        found = self._who() | facts.of_order(order) | own
        # Where the last words that named any named this one alone, "your order" can mean no other.
        meant = self._spoken_of == {order.order_id}
        named = () if meant else (claims.order_named(order.order_id),)
        owned = self._principal is None or order.user_id == self._principal
        return Look(
            None, owned, self._shown.all([a.order_id, *_ids(a)]), found, (*named, *stated), a.order_id
        )

    def _facts(self, user: User, order: Order, a: args.OnOrder) -> tuple[facts.Facts, Iterator[Claim]]:
        match a:
            case args.CancelOrder():
                return {"cancel.reason": a.reason}, iter((act_claim("cancel"), claims.reason(a.reason)))
            case args.ModifyAddress():
                return facts.address(order.address, a), claims.address(a)
            case args.ModifyPayment():
                paying = iter(
                    (
                        act_claim("change"),
                        claims.payment(user, order, a.payment_method_id),
                    )
                )
                return facts.new_payment(user, order, a.payment_method_id), paying
            case args.ReturnItems():
                return facts.returning(user, order, a), self._returned(user, order, a)
            case args.ChangeItems():
                return facts.items(self._world, user, order, a), self._replaced(user, order, a)
            case _:
                raise AssertionError(f"no facts for {type(a).__name__}")

    def _returned(self, user: User, order: Order, a: args.ReturnItems) -> Iterator[Claim]:
        yield act_claim("return")
        for one in order.items:
            if one.item_id in a.item_ids:
                yield claims.item(order, one)
        yield claims.payment(user, order, a.payment_method_id)

    def _replaced(self, user: User, order: Order, a: args.ChangeItems) -> Iterator[Claim]:
        yield act_claim("exchange" if isinstance(a, args.ExchangeItems) else "change")
        found = facts.pairs(self._world, order, a) or []
        yield from claims.replaced(order, found)
        if facts.difference(found) != 0:
            yield claims.payment(user, order, a.payment_method_id)


def _ids(a: args.OnOrder) -> list[str]:
    match a:
        case args.ModifyPayment():
            return [a.payment_method_id]
        case args.ReturnItems():
            return [a.payment_method_id, *a.item_ids]
        case args.ChangeItems():
            return [a.payment_method_id, *a.item_ids, *a.new_item_ids]
        case _:
            return []
