"""One recorded run of the airline: whose it is, what it has shown, and what is known about each write it proposes."""

import re
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from core.facts import FactValue
from evals.domains.airline import args, claims, facts
from evals.domains.airline.records import Passenger, Reservation, User
from evals.domains.airline.tools import ARGS
from evals.domains.airline.world import Data, World
from evals.domains.ground import Look, Shown
from evals.domains.record import Args
from evals.domains.stating import Claim, claim
from evals.domains.words import covered_reason, speaks_of_cancelled, speaks_of_delay, wants_compensation
from evals.replay.labels import normal
from evals.replay.talk import Called, Said

_USER_ID = re.compile(r"\b[a-z]+(?:_[a-z]+)+_\d+\b")

_RESERVATION_ID = re.compile(r"\b[A-Z0-9]{6}\b")


class AirlineGround:
    """What one run says about its writes."""

    def __init__(self, data: Data) -> None:
        self._world = World(data)
        self._shown = Shown()
        self._words: list[str] = []
        self._principal: str | None = None
        self._written: list[object] = []
        self._changed: set[str] = set()
        self._looked_at: list[str] = []
        self._compensated: set[str] = set()
        self._spoken_of: set[str] = set()

    def heard(self, said: Said) -> None:
        """Customers say who they are; the first user id they give is who the run is about."""
        named = {id for id in _RESERVATION_ID.findall(said.text) if self._world.reservation(id)}
        self._spoken_of = named or self._spoken_of
        if said.speaker != "customer":
            return
        self._words.append(said.text)
        self._shown.add(said.text)
        if self._principal is None:
            ids = _USER_ID.findall(said.text.lower())
            self._principal = next((id for id in ids if self._world.user(id)), None)

    def answered(self, call: Called) -> None:
        """Brings the world up to date; without a user id of their own, the first profile or reservation looked up tells."""
        if call.failed or call.output is None:
            return
        self._shown.add(call.output)
        before = self._target(call)
        self._world.take_in(call)
        if call.name == "get_user_details" and self._principal is None:
            self._principal = str(call.args.get("user_id", "")) or None
        if call.name == "get_reservation_details":
            self._looked_at.append(str(call.args.get("reservation_id", "")))
            self._adopt()
        if call.name in ARGS:
            self._written.append(_key(call))
            self._changed.add(before)
            if call.name == "send_certificate" and self.look(call).malformed is None:
                self._compensated |= self._meant(call)

    def _adopt(self) -> None:
        found = self._world.reservation(self._looked_at[-1])
        if self._principal is None and found is not None:
            self._principal = found.user_id

    def look(self, call: Called) -> Look:
        """Parses strictly, then ownership, provenance, facts and what must have been stated."""
        try:
            a = ARGS[call.name].model_validate(call.args)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "arguments"
            return Look(malformed=f"{where}: {first['msg']}")
        match a:
            case args.BookReservation():
                return self._booking(call, a)
            case args.SendCertificate():
                return self._certificate(call, a)
            case (
                args.UpdateFlights()
                | args.UpdateBaggages()
                | args.UpdatePassengers()
                | args.CancelReservation()
            ):
                return self._on_reservation(call, a)
            case _:
                raise AssertionError(f"no facts for {call.name!r}")

    def _booking(self, call: Called, a: args.BookReservation) -> Look:
        user = self._world.user(a.user_id)
        ids = [one.payment_id for one in a.payment_methods] + [leg.flight_number for leg in a.flights]
        found: dict[str, FactValue] = self._done(call)
        if user is not None:
            found |= facts.booking(self._world, user, a, people_known=self._named(a.passengers))
        stated = tuple(claims.booking(user, a)) if user else ()
        return Look(None, a.user_id == self._principal, self._shown.all(ids), found, stated, a.user_id)

    def _certificate(self, call: Called, a: args.SendCertificate) -> Look:
        cents = round(a.amount * 100)
        found: dict[str, FactValue] = {
            **self._done(call),
            "certificate.amount": cents,
            "certificate.asked": wants_compensation(self._words),
            "certificate.owed_for_cancelled": False,
            "certificate.owed_for_delayed": False,
        }
        for _, cancelled, delayed in self._owed(a.user_id):
            if cancelled == cents and speaks_of_cancelled(self._words):
                found["certificate.owed_for_cancelled"] = True
            if delayed == cents and speaks_of_delay(self._words):
                found["certificate.owed_for_delayed"] = True
        return Look(
            None, a.user_id == self._principal, True, found, tuple(claims.certificate(cents)), a.user_id
        )

    def _owed(self, user_id: str) -> Iterator[tuple[str, int, int]]:
        """Reservations that were looked up in this run and not compensated in it, with what may be given for each."""
        user = self._world.user(user_id)
        for r in self._world.reservations_of(user_id) if user else ():
            if user and r.reservation_id in self._looked_at and r.reservation_id not in self._compensated:
                changed = r.reservation_id in self._changed
                yield r.reservation_id, *facts.owed(self._world, user, r, changed=changed)

    def _meant(self, call: Called) -> set[str]:
        cents = round(args.SendCertificate.model_validate(call.args).amount * 100)
        owed = self._owed(str(call.args.get("user_id", "")))
        return {id for id, *amounts in owed if cents in amounts}

    def _on_reservation(self, call: Called, a: Args) -> Look:
        r = self._world.reservation(self._target(call))
        user = self._world.user(r.user_id) if r else None
        if r is None or user is None:
            return Look(owned=False, target=self._target(call))
        ids = [r.reservation_id, *_ids(r, a)]
        found, stated = self._facts(user, r, a)
        # Where the last words that named any named this one alone, "your reservation" can mean no other.
        meant = self._spoken_of == {r.reservation_id}
        named = () if meant else (claim(f"reservation {r.reservation_id}", (r.reservation_id,)),)
        owned = r.user_id == self._principal
        return Look(None, owned, self._shown.all(ids), found, (*named, *stated), r.reservation_id)

    def _facts(self, user: User, r: Reservation, a: Args) -> tuple[facts.Facts, Iterator[Claim]]:
        match a:
            case args.UpdateFlights():
                cost = facts.change_cost(self._world, r, a)
                return facts.flights_change(self._world, user, r, a), claims.flights_change(user, r, a, cost)
            case args.UpdateBaggages():
                return facts.baggages(user, r, a), claims.baggages(user, r, a)
            case args.UpdatePassengers():
                known = self._named(a.passengers)
                return facts.passengers(r, a.passengers, people_known=known), claims.passengers(
                    r, a.passengers
                )
            case _:
                return facts.cancelling(
                    self._world, r, covered_reason=covered_reason(self._words)
                ), claims.cancelling()

    def _named(self, people: Sequence[Passenger]) -> bool:
        """True when everybody's last name and year of birth were given; people write the rest in many ways."""
        return all(self._shown.has(one.last_name) and self._shown.has(one.dob[:4]) for one in people)

    def _done(self, call: Called) -> dict[str, FactValue]:
        return {"conversation.done_already": _key(call) in self._written}

    def _target(self, call: Called) -> str:
        return str(call.args.get("reservation_id", ""))


def _key(call: Called) -> object:
    return call.name, normal(call.args)


def _ids(r: Reservation, a: Args) -> list[str]:
    match a:
        case args.UpdateFlights():
            return [a.payment_id, *(leg.flight_number for leg in a.flights)]
        case args.UpdateBaggages():
            return [a.payment_id]
        case _:
            return []
