"""An invented airline and recorded runs on it, in the sizes of real ones, for measuring the replay without anybody's data."""

import json
from pathlib import Path
from typing import Any

PEOPLE = 50
_DAYS = [f"2024-05-{day:02}" for day in range(16, 31)]
_AIRPORTS = ("AAA", "BBB", "CCC", "DDD")


def write_airline(folder: Path) -> None:
    """Writes flights.json, reservations.json and users.json."""
    flights = {f"INV{n:03}": _flight(n) for n in range(24)}
    reservations = {f"RES{n:03}": _reservation(n) for n in range(PEOPLE)}
    users = {f"ann_example_{n:04}": _user(n) for n in range(PEOPLE)}
    for name, table in (("flights", flights), ("reservations", reservations), ("users", users)):
        (folder / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")


def recorded(runs: int) -> list[dict[str, Any]]:
    """So many runs, each with a few lookups, a confirmed upgrade, and a bag taken away, which the policy forbids."""
    return [_run(n) for n in range(runs)]


def _flight(n: int) -> dict[str, Any]:
    seats = {"basic_economy": 9, "economy": 9, "business": 9}
    prices = {"basic_economy": 60 + n, "economy": 120 + n, "business": 400 + n}
    day = {"status": "available", "available_seats": seats, "prices": prices}
    return {
        "flight_number": f"INV{n:03}",
        "origin": _AIRPORTS[n % 4],
        "destination": _AIRPORTS[(n + 1) % 4],
        "scheduled_departure_time_est": "09:00:00",
        "scheduled_arrival_time_est": "11:00:00",
        "dates": dict.fromkeys(_DAYS, day),
    }


def _reservation(n: int) -> dict[str, Any]:
    number = n % 24
    leg = {"origin": _AIRPORTS[number % 4], "destination": _AIRPORTS[(number + 1) % 4], "price": 120 + number}
    return {
        "reservation_id": f"RES{n:03}",
        "user_id": f"ann_example_{n:04}",
        "origin": leg["origin"],
        "destination": leg["destination"],
        "flight_type": "one_way",
        "cabin": "economy",
        "flights": [{**leg, "flight_number": f"INV{number:03}", "date": "2024-05-20"}],
        "passengers": [{"first_name": "Ann", "last_name": "Example", "dob": "1980-01-01"}],
        "payment_history": [{"payment_id": f"credit_card_{n:04}", "amount": 120 + number}],
        "created_at": "2024-05-01T10:00:00",
        "total_baggages": 1,
        "nonfree_baggages": 0,
        "insurance": "no",
    }


def _user(n: int) -> dict[str, Any]:
    card = {"source": "credit_card", "brand": "visa", "last_four": f"{n:04}", "id": f"credit_card_{n:04}"}
    return {
        "name": {"first_name": "Ann", "last_name": "Example"},
        "email": f"ann{n}@example.com",
        "dob": "1980-01-01",
        "payment_methods": {card["id"]: card},
        "membership": "regular",
        "reservations": [f"RES{n:03}"],
    }


def _run(n: int) -> dict[str, Any]:
    n %= PEOPLE
    user, reservation = f"ann_example_{n:04}", _reservation(n)
    id, leg = reservation["reservation_id"], reservation["flights"][0]
    change = {
        "reservation_id": id,
        "cabin": "business",
        "flights": [{"flight_number": leg["flight_number"], "date": leg["date"]}],
        "payment_id": f"credit_card_{n:04}",
    }
    listed = [{**_flight(k), "dates": None} for k in range(8)]
    messages = [
        _says("user", "Hello, I would like to fly in business instead of economy."),
        _says(
            "assistant", "I can help with that. Please tell me your user id and the reservation it is about."
        ),
        _says("user", f"I am {user}, and it is reservation {id}."),
        *_called("get_user_details", {"user_id": user}, _user(n)),
        *_called("get_reservation_details", {"reservation_id": id}, reservation),
        *_called(
            "search_direct_flight",
            {"origin": leg["origin"], "destination": leg["destination"], "date": leg["date"]},
            listed,
        ),
        _says(
            "assistant",
            f"Reservation **{id}** can be upgraded to **business** on flight {leg['flight_number']} on May 20. The "
            f"difference would be paid with your Visa ending in {n:04}. Shall I upgrade it? Please answer yes or no.",
        ),
        _says("user", "Yes, please go ahead with the upgrade."),
        *_called("update_reservation_flights", change, {**reservation, "cabin": "business"}),
        _says("assistant", "It is done. Is there anything else?"),
        _says("user", "One bag is enough, thank you. Please write that down."),
        *_called(
            "update_reservation_baggages",
            {
                "reservation_id": id,
                "total_baggages": 0,
                "nonfree_baggages": 0,
                "payment_id": f"credit_card_{n:04}",
            },
            {**reservation, "total_baggages": 0},
        ),
    ]
    return {
        "task_id": n,
        "trial": 0,
        "messages": messages,
        "expected_actions": [{"name": "update_reservation_flights", "kwargs": change}],
    }


def _says(role: str, words: str) -> dict[str, Any]:
    return {"role": role, "content": words}


def _called(name: str, args: dict[str, Any], answer: Any) -> list[dict[str, Any]]:
    call = {
        "id": f"call_{name}",
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(args)},
    }
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "name": name, "content": json.dumps(answer)},
    ]
