"""The arguments of the airline's writes, strictly: what does not fit is refused before any rule."""

from typing import Annotated, Literal

from pydantic import Field

from evals.domains.airline.records import Cabin, Passenger, Payment
from evals.domains.record import Args, Record

Count = Annotated[int, Field(ge=0, le=1000)]


class Leg(Record):
    """A flight on a day."""

    flight_number: str
    date: str

    @property
    def key(self) -> tuple[str, str]:
        """Which flight, on which day."""
        return self.flight_number, self.date


class BookReservation(Args):
    user_id: str
    origin: str
    destination: str
    flight_type: Literal["one_way", "round_trip"]
    cabin: Cabin
    flights: tuple[Leg, ...] = Field(min_length=1)
    passengers: tuple[Passenger, ...] = Field(min_length=1)
    payment_methods: tuple[Payment, ...]
    total_baggages: Count
    nonfree_baggages: Count
    insurance: Literal["yes", "no"]


class UpdateFlights(Args):
    reservation_id: str
    cabin: Cabin
    flights: tuple[Leg, ...] = Field(min_length=1)
    payment_id: str


class UpdateBaggages(Args):
    reservation_id: str
    total_baggages: Count
    nonfree_baggages: Count
    payment_id: str


class UpdatePassengers(Args):
    reservation_id: str
    passengers: tuple[Passenger, ...] = Field(min_length=1)


class CancelReservation(Args):
    reservation_id: str


class SendCertificate(Args):
    user_id: str
    amount: Annotated[float, Field(gt=0, le=1_000_000)]
