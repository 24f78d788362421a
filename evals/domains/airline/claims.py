"""What the agent must state of each airline write before a yes counts for it: the arguments that matter."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from evals.domains.airline import args
from evals.domains.airline.records import Passenger, Reservation, User
from evals.domains.paying import Paying, payment_claim
from evals.domains.stating import (
    Claim,
    act_claim,
    amount_phrases,
    bags_claim,
    claim,
    date_phrases,
)

_UNINSURED = re.compile(
    r"\b(?:no|without|declin\w+)\W+(?:\w+\W+){0,2}insurance\b|\binsurance\W+(?:no|none|not|declined)\b"
)
_CABINS = {
    "basic_economy": ("basic economy", "basic_economy"),
    "economy": ("economy",),
    "business": ("business",),
}


def methods_of(user: User) -> tuple[Paying, ...]:
    """The ways to pay in a profile, as people tell them apart."""
    return tuple(
        Paying(
            id,
            method.source,
            method.last_four,
            method.brand,
            None if method.source == "credit_card" else method.amount,
        )
        for id, method in user.payment_methods.items()
    )


def booking(user: User, a: args.BookReservation) -> Iterator[Claim]:
    """Flights with days, cabin, passengers, each payment, bags, and insurance when it is bought."""
    yield act_claim("book")
    yield from _legs(a.flights)
    yield _cabin(a.cabin)
    yield from _people(a.passengers, user)
    for payment in a.payment_methods:
        yield payment_claim(payment.payment_id, methods_of(user))
        yield claim(f"amount on {payment.payment_id}", amount_phrases(payment.amount))
    if a.total_baggages:
        yield bags_claim(a.total_baggages)
    if a.insurance == "yes":
        yield InsuranceClaim("insurance", ("insurance",))


def flights_change(user: User, r: Reservation, a: args.UpdateFlights, cost: int | None) -> Iterator[Claim]:
    """New flights with days, a new cabin, and what pays or is refunded where anything is."""
    yield act_claim("change")
    kept = {one.key for one in r.flights}
    # A flight on a day that is booked already changes no day.
    yield from _legs([leg for leg in a.flights if leg.key not in kept], {one.date for one in r.flights})
    if a.cabin != r.cabin:
        yield _cabin(a.cabin)
    if cost != 0:
        yield _payment(user, r, a.payment_id)


def baggages(user: User, r: Reservation, a: args.UpdateBaggages) -> Iterator[Claim]:
    """How many bags, and what pays where a new one costs."""
    yield act_claim("add")
    yield bags_claim(a.total_baggages, a.total_baggages - r.total_baggages)
    if a.nonfree_baggages > r.nonfree_baggages:
        yield _payment(user, r, a.payment_id)


def passengers(r: Reservation, after: Sequence[Passenger]) -> Iterator[Claim]:
    """The name of everybody new, and a date of birth that changes."""
    yield act_claim("change")
    for one in after:
        if one not in r.passengers:
            yield claim(f"passenger {one.first_name} {one.last_name}", (f"{one.first_name} {one.last_name}",))
            known = any((p.first_name, p.last_name) == (one.first_name, one.last_name) for p in r.passengers)
            if known:
                yield claim("date of birth", date_phrases(one.dob))


def cancelling() -> Iterator[Claim]:
    """That it is cancelled."""
    yield act_claim("cancel")


def certificate(cents: int) -> Iterator[Claim]:
    """Its amount."""
    yield act_claim("give")
    yield claim("amount", amount_phrases(cents))


def _payment(user: User, r: Reservation, id: str) -> Claim:
    paid = [one.payment_id for one in r.payment_history]
    return payment_claim(id, methods_of(user), paid)


def _cabin(cabin: str) -> Claim:
    others: Iterable[str] = (p for name, phrases in _CABINS.items() if name != cabin for p in phrases)
    return CabinClaim(f"cabin {cabin}", _CABINS[cabin], tuple(others))


class CabinClaim(Claim):
    """Economy is not stated by the words basic economy."""

    __slots__ = ()

    def stated(self, text: str) -> bool:
        """True when a plain text names this cabin."""
        if self.phrases == _CABINS["economy"]:
            text = text.replace("basic economy", "").replace("basic_economy", "")
        return Claim.stated(self, text)


class InsuranceClaim(Claim):
    """Buying insurance is not stated by words that there is none."""

    __slots__ = ()

    def stated(self, text: str) -> bool:
        """True when a plain text speaks of insurance and does not leave it out."""
        return Claim.stated(self, text) and not _UNINSURED.search(text)


def _legs(legs: Sequence[args.Leg], known_days: Collection[str] = ()) -> Iterator[Claim]:
    for leg in legs:
        yield claim(f"flight {leg.flight_number}", (leg.flight_number,))
    for date in dict.fromkeys(leg.date for leg in legs if leg.date not in known_days):
        yield claim(f"day {date}", date_phrases(date))


def _people(people: Sequence[Passenger], user: User) -> Iterator[Claim]:
    for one in people:
        # Somebody who books for themselves alone need not hear their own name.
        if len(people) > 1 or (one.first_name, one.last_name) != (user.name.first_name, user.name.last_name):
            yield claim(f"passenger {one.first_name} {one.last_name}", (f"{one.first_name} {one.last_name}",))
