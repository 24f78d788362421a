"""How people tell one way to pay from another, and when one of them has been stated."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.domains.stating import Claim, amount_phrases, claim

_WORTH = (" (", ": ", " with ", " of ", " for ", " worth ", " with a balance of ", " - ", " balance: ")


@dataclass(frozen=True, slots=True)
class Paying:
    """One way to pay, as people tell it from another."""

    id: str
    source: str
    last_four: str = ""
    brand: str = ""
    balance: int | None = None
    """In cents, where it has one."""


# An agent who asks which way to pay has stated none, however many it lists.
_WHICH = re.compile(
    r"\b(which|what) (?:payment|method|card)|(?:let me know|specify|provide|choose|tell me|confirm|indicate)\b[^.?!]{0,40}"
    r"\b(?:which|what|your preferred|preferred|the|a) (?:preferred )?payment|how (?:would|do) you (?:like|want) to pay|"
    r"preference for (?:the )?payment|preferred (?:payment|refund) method"
)
_SOURCES = ("credit card", "gift card", "paypal", "certificate")


@dataclass(frozen=True, slots=True)
class PaymentClaim(Claim):
    """A way to pay: chosen by the agent's statement, or by the customer where the agent asks which."""

    def agreed(self, statement: str, reply: str) -> bool:
        """True when the statement states it and does not ask which, or when the reply names it."""
        return self.stated(reply) or (self.stated(statement) and not _WHICH.search(statement))


def payment_claim(chosen: str, methods: Sequence[Paying], original: Sequence[str] = ()) -> Claim:
    """States which of the customer's ways to pay is used: by id, last four digits, or by its kind when it is the only one."""
    own: list[str] = [chosen, chosen.rsplit("_", 1)[-1]]
    others: list[str] = []
    for method in methods:
        named = [*_ids(method), *_kinds(method, methods)]
        if method.id == chosen:
            own += named
        else:
            others += named
    others += [source for source in _SOURCES if not chosen.startswith(source.replace(" ", "_"))]
    if set(original) == {chosen}:
        own += ["original payment", "original form of payment", "original method", "original credit card"]
        own += ["same payment method", "original gift card", "original paypal", "original card"]
    made = claim("payment", own, others)
    return PaymentClaim(made.what, made.phrases, made.others)


def _ids(method: Paying) -> Iterable[str]:
    yield method.id
    yield method.id.rsplit("_", 1)[-1]
    yield f"ending in {method.id[-4:]}"
    if method.last_four:
        yield method.last_four


def _kinds(method: Paying, methods: Sequence[Paying]) -> Iterable[str]:
    alike = [one for one in methods if one.source == method.source]
    kind = method.source.replace("_", " ")
    if method.balance is not None and sum(one.balance == method.balance for one in alike) == 1:
        for amount in amount_phrases(method.balance):
            yield f"${amount} {kind}"
            yield from (f"{kind}{word}${amount}" for word in _WORTH)
    if len(alike) == 1:
        yield kind
        if method.source == "credit_card":
            yield "card on file"
    if method.brand and sum(one.brand == method.brand for one in methods) == 1:
        yield method.brand
