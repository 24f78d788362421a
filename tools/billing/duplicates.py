"""When a charge is a duplicate: the same customer, amount, currency and purpose within a day of an earlier one."""

from collections.abc import Sequence
from datetime import timedelta

from tools.billing.port import Charge

WITHIN = timedelta(hours=24)


def duplicate_of(charge: Charge, charges: Sequence[Charge]) -> Charge | None:
    """The earlier charge that this one repeats, None if it repeats none."""
    if not _stands(charge):
        return None
    twins = [other for other in charges if _stands(other) and _repeats(charge, other)]
    return min(twins, key=lambda other: (other.created_at, other.id), default=None)


def _stands(charge: Charge) -> bool:
    """Paid, nothing given back, and not before the bank, where giving back would be a second time."""
    return charge.paid and charge.amount_refunded == 0 and not charge.disputed


def _repeats(charge: Charge, other: Charge) -> bool:
    if (other.created_at, other.id) >= (charge.created_at, charge.id):
        return False
    same = (other.customer, other.amount, other.currency) == (charge.customer, charge.amount, charge.currency)
    return same and _purpose(other) == _purpose(charge) and charge.created_at - other.created_at <= WITHIN


def _purpose(charge: Charge) -> tuple[str | None, str]:
    """The order it paid for; without one, what it says it was for."""
    return (charge.order_number, "") if charge.order_number is not None else (None, charge.description)
