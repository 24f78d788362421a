"""Money: integer minor units and a currency, never a float."""

from dataclasses import dataclass

# ISO 4217 currencies without a minor unit, as Stripe lists them.
ZERO_DECIMAL = frozenset(
    {
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"),
    }
)
_SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (cents for USD, yen for JPY) and a lower-case ISO currency."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"amount must be an int of minor units, not {self.amount!r}")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.islower()):
            raise ValueError(f"currency must be three lower-case letters, not {self.currency!r}")

    def __str__(self) -> str:
        sign = _SIGNS.get(self.currency, f"{self.currency.upper()} ")
        minus = "-" if self.amount < 0 else ""
        if self.currency in ZERO_DECIMAL:
            return f"{minus}{sign}{abs(self.amount):,}"
        major, minor = divmod(abs(self.amount), 100)
        return f"{minus}{sign}{major:,}.{minor:02d}"
