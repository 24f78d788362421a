"""Why no rule of a domain's policy could know that an allowed write was wrong: what the task wanted otherwise."""

from collections.abc import Mapping
from typing import Any

from evals.replay.judge import Judged
from evals.replay.labels import differing
from evals.replay.talk import Expected

_PAYMENT = "every way to pay in the customer's profile is allowed"
_ITEMS = "every available item of the same product is allowed"
_ADDRESS = "every address is allowed"
_ALLOWED: Mapping[str, str] = {
    "payment_id": _PAYMENT,
    "payment_methods": "every allowed mix of ways to pay in the customer's profile that adds up is allowed",
    "payment_method_id": _PAYMENT,
    "flights": "every available flight on the same way is allowed",
    "cabin": "every cabin is allowed",
    "passengers": "anybody may fly",
    "total_baggages": "every number of bags is allowed, if paid for",
    "nonfree_baggages": "the charge is right for this number of bags",
    "insurance": "insurance may be bought or left",
    "origin": "every origin is allowed",
    "destination": "every destination is allowed",
    "flight_type": "both types of trip are allowed",
    "user_id": "customers may book for themselves",
    "reservation_id": "the rules hold for this reservation too",
    "order_id": "the rules hold for this order too",
    "amount": "the amount fits a reservation of the customer",
    "item_ids": "every item of the order is allowed",
    "new_item_ids": _ITEMS,
    "reason": "both reasons are allowed",
    "address1": _ADDRESS,
    "address2": _ADDRESS,
    "city": _ADDRESS,
    "state": _ADDRESS,
    "country": _ADDRESS,
    "zip": _ADDRESS,
}
_ONLY = "only the customer knows which was wanted"


def nearest(one: Judged) -> Expected | None:
    """The expected action of the same tool with the fewest arguments otherwise; on the same object first."""
    alike = [expected for expected in one.run.expected if expected.name == one.call.name]
    return min(
        alike, key=lambda e: (_other_object(one.call.args, e), len(differing(one.call.args, e))), default=None
    )


def why_allowed(one: Judged) -> str:
    """One sentence: what differs from the task, and why the policy allows both."""
    expected = nearest(one)
    if expected is None or _other_object(one.call.args, expected):
        return (
            f"the task expects no {one.call.name} on {one.look.target or 'this'}; "
            "the policy allows it, and only the customer knows whether it was wanted"
        )
    parts = [
        f"{name}: {_ALLOWED.get(name, 'the policy says nothing about it')}"
        for name in differing(one.call.args, expected)
    ]
    return f"{'; '.join(parts)}; {_ONLY}"


def _other_object(args: Mapping[str, Any], expected: Expected) -> bool:
    return any(args.get(key) != expected.args.get(key) for key in ("reservation_id", "order_id"))
