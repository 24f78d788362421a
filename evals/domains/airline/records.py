"""The airline's records as the rules need them, parsed from its data and from what tools answered."""

from datetime import datetime, timedelta, timezone
from typing import Literal

from pydantic import Field

from evals.domains.record import Cents, Record

# Standing in for "EST": the benchmark means one fixed clock.
EST = timezone(timedelta(hours=-5))
NOW = datetime(2024, 5, 15, 15, 0, tzinfo=EST)
Cabin = Literal["basic_economy", "economy", "business"]


class Segment(Record):
    """One flight of a reservation on one day, with its price per passenger."""

    flight_number: str
    date: str
    origin: str = ""
    destination: str = ""
    price: Cents = 0

    @property
    def key(self) -> tuple[str, str]:
        """Which flight, on which day."""
        return self.flight_number, self.date


class Passenger(Record):
    """Who flies."""

    first_name: str
    last_name: str
    dob: str

    @property
    def complete(self) -> bool:
        """True when both names and a real date of birth are there."""
        try:
            born = datetime.strptime(self.dob, "%Y-%m-%d").replace(tzinfo=EST)
        except ValueError:
            return False
        return bool(self.first_name.strip() and self.last_name.strip()) and born <= NOW


class Payment(Record):
    """An amount on one way to pay."""

    payment_id: str
    amount: Cents


class Reservation(Record):
    """A booked trip."""

    reservation_id: str
    user_id: str
    origin: str
    destination: str
    flight_type: Literal["one_way", "round_trip"]
    cabin: Cabin
    flights: tuple[Segment, ...]
    passengers: tuple[Passenger, ...]
    payment_history: tuple[Payment, ...] = ()
    created_at: datetime
    total_baggages: int
    nonfree_baggages: int
    insurance: Literal["yes", "no"]
    status: str | None = None

    @property
    def booked_at(self) -> datetime:
        """When it was made; the data leaves the zone out."""
        return self.created_at if self.created_at.tzinfo else self.created_at.replace(tzinfo=EST)


class Method(Record):
    """A way to pay in a profile; certificates and gift cards have a balance."""

    id: str
    source: str
    amount: Cents = 0
    last_four: str = ""
    brand: str = ""


class Name(Record):
    first_name: str
    last_name: str


class User(Record):
    """A customer's profile."""

    name: Name
    membership: Literal["regular", "silver", "gold"]
    payment_methods: dict[str, Method]
    reservations: tuple[str, ...] = ()
    dob: str = ""


class Day(Record):
    """A flight on one day; only an available one has seats and prices."""

    status: str
    available_seats: dict[str, int] = Field(default_factory=dict)
    prices: dict[str, Cents] = Field(default_factory=dict)


class Flight(Record):
    """A flight of the timetable."""

    flight_number: str
    origin: str
    destination: str
