"""The facts of each write, computed from the airline's world and the customer's own words; unknown ones are left out."""

from collections.abc import Sequence
from datetime import timedelta

from core.facts import FactValue
from evals.domains.airline import args, trips
from evals.domains.airline.records import NOW, Method, Passenger, Reservation, User
from evals.domains.airline.world import World

Facts = dict[str, FactValue]
BAG = 5000
INSURANCE = 3000
# Free bags per passenger, by membership: basic economy, economy, business (policy.md, Book flight).
_FREE = {"regular": (0, 1, 2), "silver": (1, 2, 3), "gold": (2, 3, 3)}
_CABINS = ("basic_economy", "economy", "business")


def free_bags(user: User, cabin: str, passengers: int) -> int:
    """How many checked bags cost nothing, for all passengers together."""
    return _FREE[user.membership][_CABINS.index(cabin)] * passengers


def booking(world: World, user: User, a: args.BookReservation, *, people_known: bool) -> Facts:
    """The facts of a booking; amounts in cents."""
    seats = len(a.passengers)
    methods = [user.payment_methods.get(one.payment_id) for one in a.payment_methods]
    sources = [one.source for one in methods if one]
    facts: Facts = {
        "booking.passengers": seats,
        "booking.passengers_complete": all(one.complete for one in a.passengers),
        "booking.passengers_known": people_known,
        "booking.certificates": sources.count("certificate"),
        "booking.credit_cards": sources.count("credit_card"),
        "booking.gift_cards": sources.count("gift_card"),
        "booking.methods_in_profile": None not in methods,
        "booking.balances_suffice": _suffice(a, methods),
        "booking.paid": sum(one.amount for one in a.payment_methods),
        "booking.flights_bookable": trips.bookable(world, a.flights, a.cabin, seats),
        "bags.total": a.total_baggages,
        "bags.charged": a.nonfree_baggages,
        "bags.to_charge": max(0, a.total_baggages - free_bags(user, a.cabin, seats)),
    }
    route = trips.ends(world, a.flights)
    if route is not None:
        facts["booking.route_fits"] = trips.fits(route, a.origin, a.destination, a.flight_type)
        facts["booking.connections_fit"] = trips.in_order(world, a.flights)
    if (price := _price(world, a)) is not None:
        facts["booking.price"] = price
    return facts


def _suffice(a: args.BookReservation, methods: Sequence[Method | None]) -> bool:
    return all(
        method is None or method.source == "credit_card" or method.amount >= payment.amount
        for payment, method in zip(a.payment_methods, methods, strict=True)
    )


def _price(world: World, a: args.BookReservation) -> int | None:
    days = [world.day(leg.flight_number, leg.date) for leg in a.flights]
    prices = [day.prices.get(a.cabin) if day else None for day in days]
    if any(price is None for price in prices):
        return None
    each = sum(price for price in prices if price) + (INSURANCE if a.insurance == "yes" else 0)
    return each * len(a.passengers) + BAG * a.nonfree_baggages


def flights_change(world: World, user: User, r: Reservation, a: args.UpdateFlights) -> Facts:
    """The facts of a change of flights or cabin."""
    kept = {one.key for one in r.flights} if a.cabin == r.cabin else set()
    new = [leg for leg in a.flights if leg.key not in kept]
    changed = [leg.key for leg in a.flights] != [one.key for one in r.flights]
    facts: Facts = {
        **_trip(r),
        "change.flights": changed,
        "change.cabin": a.cabin != r.cabin,
        "change.bookable": trips.bookable(world, new, a.cabin, len(r.passengers)),
        "change.used": trips.used(world, r),
    }
    if (route := trips.ends(world, a.flights)) is not None:
        old = trips.ends(world, r.flights) or ((r.origin, r.destination),)
        facts["change.ends_kept"] = (route[0][0], route[-1][1]) == (old[0][0], old[-1][1])
        facts["change.connected"] = trips.connects(route) or not trips.connects(old)
        facts["change.connections_fit"] = trips.in_order(world, a.flights) or not trips.in_order(
            world, r.flights
        )
        fitted = trips.fits(old, r.origin, r.destination, r.flight_type)
        facts["change.trip_type_kept"] = not fitted or trips.fits(
            route, r.origin, r.destination, r.flight_type
        )
    cost = change_cost(world, r, a)
    return facts | _paying(user, a.payment_id, cost)


def change_cost(world: World, r: Reservation, a: args.UpdateFlights) -> int | None:
    """What the change costs in cents, negative when money comes back; None where a price is unknown."""
    old = {one.key: one.price for one in r.flights} if a.cabin == r.cabin else {}
    each = 0
    for leg in a.flights:
        day = world.day(leg.flight_number, leg.date)
        price = old.get(leg.key, day.prices.get(a.cabin) if day else None)
        if price is None:
            return None
        each += price
    return (each - sum(one.price for one in r.flights)) * len(r.passengers)


def baggages(user: User, r: Reservation, a: args.UpdateBaggages) -> Facts:
    """The facts of a change of checked bags; what was paid for stays paid for."""
    over = max(0, a.total_baggages - free_bags(user, r.cabin, len(r.passengers)))
    return {
        **_trip(r),
        **_paying(user, a.payment_id, BAG * max(0, a.nonfree_baggages - r.nonfree_baggages)),
        "bags.before": r.total_baggages,
        "bags.charged_before": r.nonfree_baggages,
        "bags.total": a.total_baggages,
        "bags.charged": a.nonfree_baggages,
        "bags.to_charge": max(over, min(r.nonfree_baggages, a.total_baggages)),
    }


def passengers(r: Reservation, after: Sequence[Passenger], *, people_known: bool) -> Facts:
    """The facts of a change of passengers."""
    return {
        **_trip(r),
        "passengers.before": len(r.passengers),
        "passengers.after": len(after),
        "passengers.complete": all(one.complete for one in after),
        "passengers.known": people_known,
        "passengers.changed": tuple(after) != r.passengers,
    }


def cancelling(world: World, r: Reservation, *, covered_reason: bool) -> Facts:
    """The facts of a cancellation; hours count from the booking, rounded down."""
    return {
        **_trip(r),
        "reservation.used": trips.used(world, r),
        "reservation.hours_since_booking": (NOW - r.booked_at - timedelta(seconds=1)) // timedelta(hours=1),
        "reservation.airline_cancelled": trips.has_status(world, r, "cancelled"),
        "reservation.insured": r.insurance == "yes",
        "customer.covered_reason": covered_reason,
    }


def owed(world: World, user: User, r: Reservation, *, changed: bool) -> tuple[int, int]:
    """Cents that may be given for cancelled and for delayed flights of one reservation (policy.md, Refund)."""
    if user.membership == "regular" and r.insurance == "no" and r.cabin != "business":
        return 0, 0
    cancelled = 10_000 if trips.has_status(world, r, "cancelled") else 0
    delayed = 5_000 if changed and trips.has_status(world, r, "delayed") else 0
    return cancelled * len(r.passengers), delayed * len(r.passengers)


def _trip(r: Reservation) -> Facts:
    return {"reservation.cabin": r.cabin, "reservation.cancelled": r.status == "cancelled"}


def _paying(user: User, id: str, cost: int | None) -> Facts:
    method = user.payment_methods.get(id)
    facts: Facts = {"payment.in_profile": method is not None}
    if method is not None:
        facts["payment.source"] = method.source
        if method.source == "credit_card":
            facts["payment.covered"] = True
        elif cost is not None:
            facts["payment.covered"] = method.amount >= cost
    return facts
