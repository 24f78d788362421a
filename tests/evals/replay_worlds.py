"""Small invented worlds of both domains, and recorded runs on them, for the tests of the replay."""

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from evals.domains.pack import Pack, load_pack
from evals.replay.judge import Judged, replay
from evals.replay.runs import load_runs

Message = dict[str, Any]
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def says(role: str, words: str) -> Message:
    """A line of the customer (`user`) or the agent (`assistant`)."""
    return {"role": role, "content": words}


def calls(name: str, args: Mapping[str, Any], answer: Any) -> list[Message]:
    """A call in the shape of tau-bench, and what the tool answered."""
    function = {"name": name, "arguments": json.dumps(args)}
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "name": name, "content": text},
    ]


def day(status: str = "available", seats: int = 9, price: int = 100) -> dict[str, Any]:
    """A flight on one day; business costs three times as much, basic economy half."""
    if status != "available":
        return {"status": status}
    return {
        "status": status,
        "available_seats": {"basic_economy": seats, "economy": seats, "business": seats},
        "prices": {"basic_economy": price // 2, "economy": price, "business": price * 3},
    }


def flight(
    number: str, origin: str, destination: str, leaves: str, comes: str, **days: Any
) -> dict[str, Any]:
    """A flight that is available from May 16 to 20, but for what is said of some days (`d15` is May 15)."""
    dates = {f"2024-05-{n:02}": day() for n in range(16, 21)}
    dates |= {f"2024-05-{key[1:]}": value for key, value in days.items()}
    return {
        "flight_number": number,
        "origin": origin,
        "destination": destination,
        "scheduled_departure_time_est": leaves,
        "scheduled_arrival_time_est": comes,
        "dates": dates,
    }


FLIGHTS = {
    one["flight_number"]: one
    for one in (
        flight("TST001", "AAA", "BBB", "08:00:00", "10:00:00", d14=day("landed"), d15=day("flying")),
        flight("TST002", "BBB", "CCC", "11:00:00", "13:00:00", d14=day("cancelled"), d15=day("delayed")),
        flight("TST003", "AAA", "CCC", "09:00:00", "12:00:00", d19=day(seats=1)),
        flight("TST004", "CCC", "AAA", "20:00:00", "01:00:00+1"),
        flight("TST005", "BBB", "CCC", "09:30:00", "11:30:00"),
        flight("TST006", "AAA", "DDD", "09:00:00", "10:00:00"),
    )
}
ANN = "ann_example_1001"
CARD, GIFT, CERTIFICATE, SECOND = "credit_card_1111", "gift_card_2222", "certificate_3333", "credit_card_4444"
METHODS = {
    CARD: {"source": "credit_card", "brand": "visa", "last_four": "9911", "id": CARD},
    SECOND: {"source": "credit_card", "brand": "mastercard", "last_four": "9944", "id": SECOND},
    GIFT: {"source": "gift_card", "amount": 150, "id": GIFT},
    CERTIFICATE: {"source": "certificate", "amount": 100, "id": CERTIFICATE},
    **{f"gift_card_5{n}": {"source": "gift_card", "amount": 50, "id": f"gift_card_5{n}"} for n in range(4)},
    "certificate_6": {"source": "certificate", "amount": 60, "id": "certificate_6"},
}


def person(first: str = "Ann", last: str = "Example", dob: str = "1980-01-01") -> dict[str, str]:
    """A passenger."""
    return {"first_name": first, "last_name": last, "dob": dob}


def reservation(id: str = "RES001", **changes: Any) -> dict[str, Any]:
    """Ann's one-way trip from AAA over BBB to CCC on May 18, economy, booked two weeks ago."""
    legs = [
        {
            "flight_number": "TST001",
            "date": "2024-05-18",
            "origin": "AAA",
            "destination": "BBB",
            "price": 100,
        },
        {
            "flight_number": "TST002",
            "date": "2024-05-18",
            "origin": "BBB",
            "destination": "CCC",
            "price": 100,
        },
    ]
    made = {
        "reservation_id": id,
        "user_id": ANN,
        "origin": "AAA",
        "destination": "CCC",
        "flight_type": "one_way",
        "cabin": "economy",
        "flights": legs,
        "passengers": [person()],
        "payment_history": [{"payment_id": CARD, "amount": 200}],
        "created_at": "2024-05-01T10:00:00",
        "total_baggages": 1,
        "nonfree_baggages": 0,
        "insurance": "no",
    }
    return copy.deepcopy(made | changes)


def airline(folder: Path, *reservations: Mapping[str, Any], membership: str = "regular") -> Path:
    """A folder with the airline's data; without reservations it holds Ann's one."""
    user = {
        "name": {"first_name": "Ann", "last_name": "Example"},
        "payment_methods": METHODS,
        "membership": membership,
        "reservations": ["RES001"],
    }
    other = {**user, "name": {"first_name": "Bob", "last_name": "Sample"}}
    booked = {one["reservation_id"]: one for one in (reservations or (reservation(),))}
    return written(folder, flights=FLIGHTS, reservations=booked, users={ANN: user, "bob_sample_2002": other})


def written(folder: Path, **tables: Any) -> Path:
    """The tables as files of a folder."""
    for name, table in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    return folder


def run(
    messages: Sequence[Message], *expected: tuple[str, Mapping[str, Any]], task: int = 1
) -> dict[str, Any]:
    """A recorded run in the shape of tau-bench."""
    wanted = [{"name": name, "kwargs": args} for name, args in expected]
    return {
        "task_id": task,
        "trial": 0,
        "reward": 0.0,
        "traj": list(messages),
        "info": {"task": {"actions": wanted}},
    }


def judged(domain: str, folder: Path, *runs: Mapping[str, Any]) -> list[Judged]:
    """Every write of these runs, judged on the data of the folder."""
    file = folder / "recorded_runs.json"
    file.write_text(json.dumps(runs), encoding="utf-8")
    pack = pack_of(domain)
    return list(replay(pack, pack.open(folder), load_runs(file)))


@cache
def pack_of(domain: str) -> Pack:
    """The pack, compiled once."""
    return load_pack(domain)


HELLO = says(
    "user",
    f"Hello, I am {ANN}, about RES001. I can pay with {CARD}, {SECOND}, {GIFT} or {CERTIFICATE}. I was born on January 1, 1980.",
)
SHOWN = calls(
    "search_direct_flight",
    {"origin": "AAA", "destination": "CCC", "date": "2024-05-18"},
    [{"flight_number": number, "note": "shown"} for number in FLIGHTS],
)
PROFILE = calls("get_user_details", {"user_id": ANN}, {"payment_methods": METHODS})


def proposal(tool: str, args: Mapping[str, Any], *before: Message, answer: Any = "done") -> dict[str, Any]:
    """A run in which the agent looks around and then proposes one write."""
    return run([HELLO, *PROFILE, *SHOWN, *before, *calls(tool, args, answer)])


ADDRESS = {
    "address1": "1 Elm Street",
    "address2": "",
    "city": "Springfield",
    "state": "OR",
    "country": "USA",
    "zip": "97001",
}
HOME = {**ADDRESS, "address1": "9 Oak Street", "zip": "97009"}
LAMP, LAMP_L, LAMP_GONE, SHOE = "1000000001", "1000000002", "1000000003", "2000000001"
PAYPAL, VISA, VOUCHER, POOR = "paypal_10", "credit_card_20", "gift_card_30", "gift_card_40"


def item(id: str = LAMP, price: float = 20.0, size: str = "small") -> dict[str, Any]:
    """A lamp of an order."""
    return {"name": "Lamp", "product_id": "p1", "item_id": id, "price": price, "options": {"size": size}}


def order(id: str = "#W0000001", status: str = "pending", **changes: Any) -> dict[str, Any]:
    """Ann's order of one small lamp, paid with PayPal."""
    made = {
        "order_id": id,
        "user_id": "ann_example_1001",
        "address": HOME,
        "items": [item()],
        "status": status,
        "payment_history": [{"transaction_type": "payment", "amount": 20.0, "payment_method_id": PAYPAL}],
    }
    return copy.deepcopy(made | changes)


def shop(folder: Path, *orders: Mapping[str, Any]) -> Path:
    """A folder with the shop's data; without orders it holds Ann's one."""

    def variant(id: str, size: str, price: float, *, available: bool = True) -> dict[str, Any]:
        return {"item_id": id, "options": {"size": size}, "available": available, "price": price}

    lamps = {
        LAMP: variant(LAMP, "small", 20.0),
        LAMP_L: variant(LAMP_L, "large", 32.5),
        LAMP_GONE: variant(LAMP_GONE, "huge", 50.0, available=False),
    }
    products = {
        "p1": {"name": "Lamp", "product_id": "p1", "variants": lamps},
        "p2": {"name": "Shoe", "product_id": "p2", "variants": {SHOE: variant(SHOE, "42", 60.0)}},
    }
    methods = {
        PAYPAL: {"source": "paypal", "id": PAYPAL},
        VISA: {"source": "credit_card", "brand": "visa", "last_four": "7788", "id": VISA},
        VOUCHER: {"source": "gift_card", "balance": 20, "id": VOUCHER},
        POOR: {"source": "gift_card", "balance": 5, "id": POOR},
    }
    user = {"name": {}, "address": HOME, "email": "ann@example.com", "payment_methods": methods, "orders": []}
    placed = {one["order_id"]: one for one in (orders or (order(),))}
    return written(folder, orders=placed, products=products, users={ANN: user, "bob_sample_2002": {**user}})


FOUND = calls("find_user_id_by_email", {"email": "ann@example.com"}, ANN)
SEEN = calls(
    "get_product_details",
    {"product_id": "p0"},
    f"all ids there are: {LAMP} {LAMP_L} {LAMP_GONE} {SHOE} {PAYPAL} {VISA} {VOUCHER} {POOR} #W0000001 #W0000002",
)


def sale(tool: str, args: Mapping[str, Any], *before: Message, answer: Any = "done") -> dict[str, Any]:
    """A run in which the customer is found, things are looked up, and one write is proposed."""
    return run(
        [says("user", "Hello, it is about my order."), *FOUND, *SEEN, *before, *calls(tool, args, answer)]
    )
