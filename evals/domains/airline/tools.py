"""What the airline's tools declare: names, arguments, and the typed facts that rules may name."""

from collections.abc import Mapping

from core.facts import FactType
from core.tool_spec import ToolSpec
from evals.domains.airline import args
from evals.domains.record import Args

READS = (
    "get_user_details",
    "get_reservation_details",
    "search_direct_flight",
    "search_onestop_flight",
    "get_flight_status",
    "list_all_airports",
    "calculate",
    "think",
    "transfer_to_human_agents",
)
ARGS: Mapping[str, type[Args]] = {
    "book_reservation": args.BookReservation,
    "update_reservation_flights": args.UpdateFlights,
    "update_reservation_baggages": args.UpdateBaggages,
    "update_reservation_passengers": args.UpdatePassengers,
    "cancel_reservation": args.CancelReservation,
    "send_certificate": args.SendCertificate,
}
_PAYING: Mapping[str, FactType] = {
    "payment.source": "string",
    "payment.in_profile": "bool",
    "payment.covered": "bool",
}
_BAGS: Mapping[str, FactType] = {"bags.total": "int", "bags.charged": "int", "bags.to_charge": "int"}
_TRIP: Mapping[str, FactType] = {"reservation.cabin": "string", "reservation.cancelled": "bool"}
_DONE: Mapping[str, FactType] = {"conversation.done_already": "bool"}
FACTS: Mapping[str, Mapping[str, FactType]] = {
    "book_reservation": {
        **_DONE,
        **_BAGS,
        "booking.passengers": "int",
        "booking.passengers_complete": "bool",
        "booking.passengers_known": "bool",
        "booking.certificates": "int",
        "booking.credit_cards": "int",
        "booking.gift_cards": "int",
        "booking.methods_in_profile": "bool",
        "booking.balances_suffice": "bool",
        "booking.price": "int",
        "booking.paid": "int",
        "booking.flights_bookable": "bool",
        "booking.route_fits": "bool",
        "booking.connections_fit": "bool",
    },
    "update_reservation_flights": {
        **_TRIP,
        **_PAYING,
        "change.flights": "bool",
        "change.cabin": "bool",
        "change.ends_kept": "bool",
        "change.trip_type_kept": "bool",
        "change.connected": "bool",
        "change.connections_fit": "bool",
        "change.bookable": "bool",
        "change.used": "bool",
    },
    "update_reservation_baggages": {
        **_TRIP,
        **_PAYING,
        **_BAGS,
        "bags.before": "int",
        "bags.charged_before": "int",
    },
    "update_reservation_passengers": {
        **_TRIP,
        "passengers.before": "int",
        "passengers.after": "int",
        "passengers.complete": "bool",
        "passengers.known": "bool",
        "passengers.changed": "bool",
    },
    "cancel_reservation": {
        **_TRIP,
        "reservation.used": "bool",
        "reservation.hours_since_booking": "int",
        "reservation.airline_cancelled": "bool",
        "reservation.insured": "bool",
        "customer.covered_reason": "bool",
    },
    "send_certificate": {
        **_DONE,
        "certificate.amount": "int",
        "certificate.owed_for_cancelled": "bool",
        "certificate.owed_for_delayed": "bool",
        "certificate.asked": "bool",
    },
}
_ABOUT: Mapping[str, str] = {
    "book_reservation": "Books a trip and takes the payments.",
    "update_reservation_flights": "Replaces flights and cabin of a reservation and settles the difference.",
    "update_reservation_baggages": "Sets how many bags are checked and how many of them are paid.",
    "update_reservation_passengers": "Replaces the passengers of a reservation.",
    "cancel_reservation": "Cancels the whole reservation and refunds it.",
    "send_certificate": "Gives the customer a travel certificate.",
}


def airline_specs() -> dict[str, ToolSpec]:
    """Every tool of the airline by its name."""
    reads = [ToolSpec(name, 1, "read", "orders", "none", "A lookup.", {"type": "object"}) for name in READS]
    writes = [
        ToolSpec(name, 1, "write", "orders", "high", _ABOUT[name], kind.model_json_schema(), FACTS[name])
        for name, kind in ARGS.items()
    ]
    return {spec.name: spec for spec in (*reads, *writes)}
