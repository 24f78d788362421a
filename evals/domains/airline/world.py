"""The airline's world during one run: its data, overlaid by what the tools of this run answered."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from evals.domains.airline.records import Cabin, Day, Flight, Method, Reservation, User
from evals.domains.data import Records, as_json, parsed, read_tables, valid
from evals.replay.talk import Called

R = TypeVar("R", bound=BaseModel)
_CERTIFICATE = re.compile(r"(certificate_\w+)\b.*?\bamount\b\D*(\d+(?:\.\d+)?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Data:
    """The airline's data as it was before every run."""

    flights: Records
    reservations: Records
    users: Records
    of_user: Mapping[str, tuple[str, ...]]
    parsed: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)
    """Records parsed so far; they are frozen, so every run may share them."""

    @classmethod
    def load(cls, folder: Path) -> "Data":
        """Read from a folder; raises Invalid naming the file and the record that is wrong."""
        tables = read_tables(folder, ("flights", "reservations", "users"))
        owners: dict[str, list[str]] = {}
        for id, row in tables["reservations"].items():
            owners.setdefault(str(row.get("user_id")), []).append(id)
        return cls(
            flights=tables["flights"],
            reservations=tables["reservations"],
            users=tables["users"],
            of_user={user: tuple(ids) for user, ids in owners.items()},
        )

    def get(self, kind: type[R], table: str, id: str, rows: Mapping[str, Any]) -> R | None:
        """A record of the data, parsed once, or None; raises Invalid for one that is no such record."""
        found: R | None = self.parsed.get((table, id))
        if found is None and id in rows:
            found = self.parsed[table, id] = parsed(kind, table, id, rows[id])
        return found


@dataclass(slots=True)
class World:
    """What is so now, as far as this run has shown it; outputs of tools win over the data."""

    data: Data
    flights: dict[tuple[str, str], Day] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    cabins: dict[str, Cabin] = field(default_factory=dict)

    def user(self, id: str) -> User | None:
        """A profile, or None."""
        return self.users.get(id) or self.data.get(User, "users", id, self.data.users)

    def reservation(self, id: str) -> Reservation | None:
        """A reservation, or None."""
        found = self.reservations.get(id) or self.data.get(
            Reservation, "reservations", id, self.data.reservations
        )
        # tau-bench's own tool forgets to store the new cabin, so what was bought here counts over what it shows.
        cabin = self.cabins.get(id)
        return found if found is None or cabin is None else found.model_copy(update={"cabin": cabin})

    def reservations_of(self, user: str) -> Iterator[Reservation]:
        """Everything this customer has booked."""
        made = (id for id, one in self.reservations.items() if one.user_id == user)
        for id in dict.fromkeys((*self.data.of_user.get(user, ()), *made)):
            if found := self.reservation(id):
                yield found

    def flight(self, number: str) -> Flight | None:
        """A flight of the timetable, or None."""
        return self.data.get(Flight, "flights", number, self.data.flights)

    def day(self, number: str, date: str) -> Day | None:
        """A flight on a day, or None where it does not fly."""
        if shown := self.flights.get((number, date)):
            return shown
        dates = self.data.flights.get(number, {}).get("dates")
        return self.data.get(Day, f"flights, {number}", date, dates) if isinstance(dates, dict) else None

    def take_in(self, call: Called) -> None:
        """Brings the world up to date with what a tool answered; an error changes nothing."""
        if call.failed or call.output is None:
            return
        match call.name:
            case "get_user_details":
                self._take_user(str(call.args.get("user_id", "")), as_json(call.output))
            case "search_direct_flight" | "search_onestop_flight":
                self._take_flights(as_json(call.output), str(call.args.get("date", "")))
            case "get_flight_status":
                self._take_status(call)
            case "send_certificate":
                self._take_certificate(str(call.args.get("user_id", "")), call)
            case _:
                self._take_reservation(call, as_json(call.output))

    def _take_user(self, id: str, value: Any) -> None:
        if isinstance(value, dict) and (shown := valid(User, value)):
            self.users[str(value.get("user_id") or id)] = shown

    def _take_flights(self, value: Any, date: str) -> None:
        for row in value if isinstance(value, list) else ():
            if isinstance(row, list):
                self._take_flights(row, date)
            elif isinstance(row, dict) and (shown := valid(Day, row)):
                self.flights[str(row.get("flight_number")), str(row.get("date") or date)] = shown

    def _take_status(self, call: Called) -> None:
        key = str(call.args.get("flight_number")), str(call.args.get("date"))
        status = (call.output or "").strip().strip('"')
        known = self.day(*key)
        if known is not None and known.status != status:
            self.flights[key] = known.model_copy(update={"status": status})

    def _take_certificate(self, id: str, call: Called) -> None:
        found, user = _CERTIFICATE.search(call.output or ""), self.user(id)
        if found and user:
            made = Method(id=found[1], source="certificate", amount=float(found[2]))
            self.users[id] = _paying(user, {**user.payment_methods, made.id: made})

    def _take_reservation(self, call: Called, value: Any) -> None:
        shown = valid(Reservation, value) if isinstance(value, dict) else None
        if shown is None:
            return
        before = self.reservation(shown.reservation_id)
        self.reservations[shown.reservation_id] = shown
        if call.name == "update_reservation_flights" and call.args.get("cabin") in get_args(Cabin):
            self.cabins[shown.reservation_id] = call.args["cabin"]
        if call.name != "get_reservation_details":
            self._pay(shown, before)

    def _pay(self, after: Reservation, before: Reservation | None) -> None:
        """Takes what was paid from gift cards and certificates; refunds of a cancellation come days later."""
        user = self.user(after.user_id)
        if user is None or after.status == "cancelled":
            return
        methods = dict(user.payment_methods)
        for payment in after.payment_history[len(before.payment_history) if before else 0 :]:
            method = methods.get(payment.payment_id)
            if method is not None and method.source == "certificate":
                del methods[method.id]
            elif method is not None and method.source == "gift_card":
                left = method.amount - payment.amount
                methods[method.id] = method.model_copy(update={"amount": left})
        self.users[after.user_id] = _paying(user, methods)


def _paying(user: User, methods: Mapping[str, Method]) -> User:
    return user.model_copy(update={"payment_methods": dict(methods)})
