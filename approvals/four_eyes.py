"""Large sums: who changed one last does not approve it, and whoever approves it has logged in just now."""

from collections.abc import Mapping
from datetime import timedelta

from core.money import Money

# Minor units from which on two colleagues are needed; a currency that is not named always needs them.
FROM: Mapping[str, int] = {"usd": 50_000, "eur": 50_000, "gbp": 50_000, "jpy": 5_000_000}
LOGIN_LIVES = timedelta(minutes=15)


def needs_four_eyes(money: Money | None) -> bool:
    """True for a sum that one colleague alone may not change and approve."""
    return money is not None and money.amount >= FROM.get(money.currency, 0)
