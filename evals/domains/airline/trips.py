"""What can be said about the flights of a trip: whether they connect, keep their ends, can be booked, or were flown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from evals.domains.airline.records import EST, NOW, Cabin, Reservation
from evals.domains.airline.world import World

_USED = frozenset({"landed", "flying"})


class Leg(Protocol):
    """A flight on a day."""

    @property
    def flight_number(self) -> str:
        """Its number."""

    @property
    def date(self) -> str:
        """Its day, as 2024-05-24."""


def ends(world: World, legs: Sequence[Leg]) -> tuple[tuple[str, str], ...] | None:
    """Where each flight begins and ends, or None when one of them is in no timetable."""
    found = [world.flight(leg.flight_number) for leg in legs]
    return None if None in found else tuple((one.origin, one.destination) for one in found if one)


def connects(route: Sequence[tuple[str, str]]) -> bool:
    """True when each flight begins where the one before ended."""
    return all(one[1] == next_[0] for one, next_ in pairwise(route))


def fits(route: Sequence[tuple[str, str]], origin: str, destination: str, flight_type: str) -> bool:
    """True when a route leads from origin to destination, and back again on a round trip."""
    if flight_type == "one_way":
        return _between(route, origin, destination)
    # The way back may begin after any flight that arrives at the destination.
    return any(
        _between(route[:n], origin, destination) and _between(route[n:], destination, origin)
        for n in range(1, len(route))
    )


def _between(route: Sequence[tuple[str, str]], origin: str, destination: str) -> bool:
    return bool(route) and connects(route) and (route[0][0], route[-1][1]) == (origin, destination)


def bookable(world: World, legs: Sequence[Leg], cabin: Cabin, seats: int) -> bool:
    """True when each flight is available that day and has the seats."""
    days = [world.day(leg.flight_number, leg.date) for leg in legs]
    return all(
        day is not None and day.status == "available" and day.available_seats.get(cabin, 0) >= seats
        for day in days
    )


def used(world: World, reservation: Reservation) -> bool:
    """True when any flight of it has taken off."""
    return any(_flown(world, leg) for leg in reservation.flights)


def _flown(world: World, leg: Leg) -> bool:
    day = world.day(leg.flight_number, leg.date)
    if day is None:
        return leg.date < f"{NOW:%Y-%m-%d}"
    return day.status in _USED


def has_status(world: World, reservation: Reservation, status: str) -> bool:
    """True when any flight of it has this status."""
    days = [world.day(leg.flight_number, leg.date) for leg in reservation.flights]
    return any(day is not None and day.status == status for day in days)


def in_order(world: World, legs: Sequence[Leg]) -> bool:
    """True when each flight leaves after the one before has arrived."""
    times = [_times(world, leg) for leg in legs]
    return all(one is not None for one in times) and all(
        one[1] <= next_[0] for one, next_ in pairwise(time for time in times if time)
    )


def _times(world: World, leg: Leg) -> tuple[datetime, datetime] | None:
    row = world.data.flights.get(leg.flight_number, {})
    left, came = row.get("scheduled_departure_time_est"), row.get("scheduled_arrival_time_est")
    if not isinstance(left, str) or not isinstance(came, str):
        return None
    try:
        return _at(leg.date, left), _at(leg.date, came)
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def _at(day: str, clock: str) -> datetime:
    time, _, later = clock.partition("+")
    at = datetime.strptime(f"{day} {time}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=EST)
    return at + timedelta(days=int(later or 0))
