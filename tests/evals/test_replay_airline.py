"""The airline's pack: facts from its world, both sides of each rule, and the world kept current by recorded outputs."""

from pathlib import Path
from typing import Any

import pytest

from core.actions import Refuse
from evals.replay.judge import MALFORMED, NOT_GIVEN, NOT_OWNED, Judged
from policies.examples import run_examples
from tests.evals import replay_worlds as w

LEG = {"flight_number": "TST003", "date": "2024-05-18"}
VIA = [{"flight_number": "TST001", "date": "2024-05-18"}, {"flight_number": "TST002", "date": "2024-05-18"}]
BACK = {"flight_number": "TST004", "date": "2024-05-20"}


def booking(**changes: Any) -> dict[str, Any]:
    return {
        "user_id": w.ANN,
        "origin": "AAA",
        "destination": "CCC",
        "flight_type": "one_way",
        "cabin": "economy",
        "flights": [LEG],
        "passengers": [w.person()],
        "payment_methods": [{"payment_id": w.CARD, "amount": 100}],
        "total_baggages": 1,
        "nonfree_baggages": 0,
        "insurance": "no",
    } | changes


def paid(*parts: tuple[str, float]) -> dict[str, Any]:
    return {"payment_methods": [{"payment_id": id, "amount": amount} for id, amount in parts]}


def only(folder: Path, tool: str, args: dict[str, Any], *before: w.Message, **world: Any) -> Judged:
    booked = world.pop("booked", ())
    w.airline(folder, *booked, **world)
    return w.judged("airline", folder, w.proposal(tool, args, *before))[-1]


def test_every_example_of_the_catalog_holds_and_every_rule_has_one() -> None:
    for name in ("airline", "retail"):
        pack = w.pack_of(name)
        rows = run_examples(pack.catalog)
        assert [row for row in rows if not row.passed] == []
        tried = {(row.category, row.rule) for row in rows}
        rules = {(str(c), rule.id) for c, policy in pack.catalog.categories.items() for rule in policy.rules}
        assert rules - tried == set()


@pytest.mark.parametrize(
    ("args", "rules"),
    [
        pytest.param(booking(), (), id="plain"),
        pytest.param(booking(passengers=[w.person()] * 5, **paid((w.CARD, 500))), (), id="five-passengers"),
        pytest.param(
            booking(passengers=[w.person()] * 6, **paid((w.CARD, 600))), ("too_many_passengers",), id="six"
        ),
        pytest.param(booking(passengers=[w.person(dob="")]), ("passenger_incomplete",), id="no-birthday"),
        pytest.param(
            booking(passengers=[w.person(dob="2030-01-01")]),
            ("passenger_incomplete", "passenger_unknown"),
            id="unborn",
        ),
        pytest.param(booking(**paid((w.CERTIFICATE, 100))), (), id="one-certificate"),
        pytest.param(
            booking(**paid((w.CERTIFICATE, 50), ("certificate_6", 50))), ("too_many_certificates",), id="two"
        ),
        pytest.param(
            booking(**paid((w.CARD, 50), (w.SECOND, 50))), ("too_many_credit_cards",), id="two-cards"
        ),
        pytest.param(
            booking(**paid((w.GIFT, 20), ("gift_card_50", 40), ("gift_card_51", 40))),
            (),
            id="three-gift-cards",
        ),
        pytest.param(
            booking(**paid((w.GIFT, 10), *((f"gift_card_5{n}", 30) for n in range(3)))),
            ("too_many_gift_cards",),
            id="four-gift-cards",
        ),
        pytest.param(booking(**paid(("certificate_6", 60), (w.CARD, 40))), (), id="to-the-last-dollar"),
        pytest.param(
            booking(**paid(("certificate_6", 61), (w.CARD, 39))), ("balance_too_low",), id="a-dollar-too-much"
        ),
        pytest.param(
            booking(total_baggages=2, nonfree_baggages=1, **paid((w.CARD, 150))), (), id="second-bag-paid"
        ),
        pytest.param(booking(total_baggages=2), ("bags_charged_wrongly",), id="second-bag-given-away"),
        pytest.param(
            booking(nonfree_baggages=1, **paid((w.CARD, 150))),
            ("bags_charged_wrongly",),
            id="free-bag-charged",
        ),
        pytest.param(booking(insurance="yes", **paid((w.CARD, 130))), (), id="insured"),
        pytest.param(booking(insurance="yes"), ("price_not_met",), id="insurance-unpaid"),
        pytest.param(
            booking(
                flights=[{**LEG, "date": "2024-05-19"}], passengers=[w.person()] * 2, **paid((w.CARD, 200))
            ),
            ("flight_not_bookable",),
            id="one-seat-for-two",
        ),
        pytest.param(booking(flights=VIA, **paid((w.CARD, 200))), (), id="with-a-stop"),
        pytest.param(booking(destination="BBB"), ("route_broken",), id="arrives-elsewhere"),
        pytest.param(
            booking(flight_type="round_trip", flights=[LEG, BACK], **paid((w.CARD, 200))),
            (),
            id="there-and-back",
        ),
        pytest.param(booking(flight_type="round_trip"), ("route_broken",), id="never-back"),
        pytest.param(
            booking(
                flights=[VIA[0], {"flight_number": "TST005", "date": "2024-05-18"}], **paid((w.CARD, 200))
            ),
            ("connection_impossible",),
            id="leaves-before-arriving",
        ),
    ],
)
def test_bookings(tmp_path: Path, args: dict[str, Any], rules: tuple[str, ...]) -> None:
    found = only(tmp_path, "book_reservation", args, w.says("user", " ".join(w.METHODS)))
    assert found.rules == rules, found.verdict


@pytest.mark.parametrize(("membership", "free"), [("regular", 1), ("silver", 2), ("gold", 3)])
def test_free_bags_go_by_membership(tmp_path: Path, membership: str, free: int) -> None:
    right = only(tmp_path, "book_reservation", booking(total_baggages=free), membership=membership)
    assert right.rules == ()
    over = only(tmp_path, "book_reservation", booking(total_baggages=free + 1), membership=membership)
    assert over.rules == ("bags_charged_wrongly",)


def change(**changes: Any) -> dict[str, Any]:
    return {"reservation_id": "RES001", "cabin": "economy", "flights": [LEG], "payment_id": w.CARD} | changes


@pytest.mark.parametrize(
    ("args", "booked", "rules"),
    [
        pytest.param(change(), {}, (), id="direct-instead"),
        pytest.param(change(), {"cabin": "basic_economy"}, ("basic_economy_flights",), id="basic-economy"),
        pytest.param(change(flights=VIA), {"cabin": "basic_economy"}, (), id="basic-economy-upgraded"),
        pytest.param(
            change(flights=[{"flight_number": "TST006", "date": "2024-05-18"}]),
            {},
            ("other_ends",),
            id="elsewhere",
        ),
        pytest.param(change(flights=[LEG, BACK]), {}, ("other_ends",), id="one-way-becomes-a-round-trip"),
        pytest.param(
            change(flights=[VIA[0], {"flight_number": "TST005", "date": "2024-05-18"}]),
            {},
            ("connection_impossible",),
            id="leaves-before-arriving",
        ),
        pytest.param(change(flights=VIA), {}, ("nothing_changes",), id="only-another-card"),
        pytest.param(change(flights=[VIA[0]]), {}, ("other_ends",), id="a-leg-lost"),
        pytest.param(change(payment_id=w.CERTIFICATE), {}, ("certificate_for_change",), id="certificate"),
        pytest.param(
            change(payment_id=w.GIFT, flights=VIA, cabin="business"), {}, ("balance_too_low",), id="poor"
        ),
        pytest.param(change(payment_id=w.GIFT), {}, (), id="refund-to-gift-card"),
        pytest.param(change(), {"status": "cancelled"}, ("cancelled_already",), id="cancelled"),
        pytest.param(
            change(cabin="business", flights=VIA),
            {"flights": [{**leg, "price": 100, "date": "2024-05-15"} for leg in w.reservation()["flights"]]},
            ("cabin_after_take_off",),
            id="on-the-way",
        ),
    ],
)
def test_changes_of_flights(tmp_path: Path, args: Any, booked: Any, rules: tuple[str, ...]) -> None:
    found = only(tmp_path, "update_reservation_flights", args, booked=(w.reservation(**booked),))
    assert found.rules == rules, found.verdict


def bags(total: int, charged: int, **changes: Any) -> dict[str, Any]:
    args = {"total_baggages": total, "nonfree_baggages": charged, "payment_id": w.CARD}
    return {"reservation_id": "RES001"} | args | changes


@pytest.mark.parametrize(
    ("args", "rules"),
    [
        pytest.param(bags(2, 1), (), id="second-bag-paid"),
        pytest.param(bags(2, 0), ("bags_charged_wrongly",), id="given-away"),
        pytest.param(bags(3, 1), ("bags_charged_wrongly",), id="half-given-away"),
        pytest.param(bags(0, 0), ("fewer_bags",), id="bag-removed"),
        pytest.param(bags(1, 0), ("same_bags",), id="nothing-added"),
        pytest.param(bags(2, 1, payment_id=w.CERTIFICATE), ("certificate_for_change",), id="certificate"),
    ],
)
def test_changes_of_bags(tmp_path: Path, args: Any, rules: tuple[str, ...]) -> None:
    assert only(tmp_path, "update_reservation_baggages", args).rules == rules


@pytest.mark.parametrize(
    ("people", "rules"),
    [
        pytest.param([w.person("Bea")], (), id="somebody-else"),
        pytest.param([w.person()] * 2, ("other_number",), id="one-more"),
        pytest.param([w.person("Bea", dob="")], ("passenger_incomplete",), id="no-birthday"),
        pytest.param([w.person()], ("same_passengers",), id="the-same"),
    ],
)
def test_changes_of_passengers(tmp_path: Path, people: Any, rules: tuple[str, ...]) -> None:
    args = {"reservation_id": "RES001", "passengers": people}
    assert only(tmp_path, "update_reservation_passengers", args).rules == rules


ILL = w.says("user", "I have fallen ill and cannot fly.")


def on(date: str, *numbers: str) -> dict[str, Any]:
    legs = [leg for leg in w.reservation()["flights"] if leg["flight_number"] in numbers]
    return {"flights": [{**leg, "date": date} for leg in legs]}


@pytest.mark.parametrize(
    ("booked", "words", "rules"),
    [
        pytest.param({}, (), ("no_ground",), id="economy"),
        pytest.param({"created_at": "2024-05-14T15:00:00"}, (), (), id="24-hours"),
        pytest.param({"created_at": "2024-05-14T14:59:59"}, (), ("no_ground",), id="a-second-more"),
        pytest.param({"cabin": "business"}, (), (), id="business"),
        pytest.param({"insurance": "yes"}, (ILL,), (), id="insured-and-ill"),
        pytest.param({"insurance": "yes"}, (), ("no_ground",), id="insured-without-reason"),
        pytest.param({}, (ILL,), ("no_ground",), id="ill-without-insurance"),
        pytest.param(on("2024-05-14", "TST002"), (), (), id="we-cancelled"),
        pytest.param(
            {"cabin": "business", **on("2024-05-14", "TST001")}, (), ("used",), id="business-but-landed"
        ),
        pytest.param({"cabin": "business", **on("2024-05-15", "TST001")}, (), ("used",), id="in-the-air"),
        pytest.param({"cabin": "business", **on("2024-05-15", "TST002")}, (), (), id="delayed-on-the-ground"),
        pytest.param(
            {"cabin": "business", "status": "cancelled"}, (), ("cancelled_already",), id="cancelled-already"
        ),
    ],
)
def test_cancellations(tmp_path: Path, booked: Any, words: Any, rules: tuple[str, ...]) -> None:
    args = {"reservation_id": "RES001"}
    found = only(tmp_path, "cancel_reservation", args, *words, booked=(w.reservation(**booked),))
    assert found.rules == rules, found.verdict


UPSET = w.says("user", "My flight was cancelled. I want compensation.")
LATE = w.says("user", "The flight was delayed. I want compensation, and another flight.")


def looked_up(booked: dict[str, Any]) -> list[w.Message]:
    return w.calls("get_reservation_details", {"reservation_id": "RES001"}, booked)


@pytest.mark.parametrize(
    ("booked", "words", "amount", "rules"),
    [
        pytest.param({"insurance": "yes"}, UPSET, 100, (), id="one-passenger"),
        pytest.param({"insurance": "yes"}, UPSET, 101, ("not_owed",), id="a-dollar-more"),
        pytest.param({"cabin": "business"}, UPSET, 100, (), id="business"),
        pytest.param({}, UPSET, 100, ("not_owed",), id="regular-economy-uninsured"),
        pytest.param(
            {"insurance": "yes", "passengers": [w.person()] * 3}, UPSET, 300, (), id="three-passengers"
        ),
        pytest.param(
            {"insurance": "yes"},
            w.says("user", "My flight was cancelled."),
            100,
            ("not_asked",),
            id="unasked",
        ),
        pytest.param({"insurance": "yes"}, LATE, 100, ("not_owed",), id="complains-of-something-else"),
    ],
)
def test_certificates_for_cancelled_flights(
    tmp_path: Path, booked: Any, words: w.Message, amount: int, rules: tuple[str, ...]
) -> None:
    made = w.reservation(**on("2024-05-14", "TST002"), **booked)
    args = {"user_id": w.ANN, "amount": amount}
    found = only(tmp_path, "send_certificate", args, words, *looked_up(made), booked=(made,))
    assert found.rules == rules, found.verdict


def test_a_certificate_for_a_delay_follows_a_change_and_is_given_once(tmp_path: Path) -> None:
    made = w.reservation(insurance="yes", cabin="business", **on("2024-05-15", "TST002"))
    w.airline(tmp_path, made)
    give = w.calls(
        "send_certificate",
        {"user_id": w.ANN, "amount": 50},
        "Certificate certificate_9 added with amount 50.",
    )
    cancel = w.calls("cancel_reservation", {"reservation_id": "RES001"}, {**made, "status": "cancelled"})
    story = [w.HELLO, LATE, *looked_up(made), *give, *cancel, *give, *give]
    found = w.judged("airline", tmp_path, w.run(story))
    assert [one.rules for one in found if one.call.name == "send_certificate"] == [
        ("not_owed",),
        ("given_already",),
        ("not_owed", "given_already"),
    ]


def test_an_output_changes_what_the_next_write_is_judged_on(tmp_path: Path) -> None:
    w.airline(tmp_path, w.reservation(cabin="basic_economy"))
    # tau-bench's own tool answers with the old cabin; what was bought counts.
    upgrade = w.calls("update_reservation_flights", change(flights=VIA), w.reservation(cabin="basic_economy"))
    again = w.calls(
        "get_reservation_details", {"reservation_id": "RES001"}, w.reservation(cabin="basic_economy")
    )
    move = w.calls("update_reservation_flights", change(), w.reservation())
    found = w.judged("airline", tmp_path, w.run([w.HELLO, *w.PROFILE, *w.SHOWN, *upgrade, *again, *move]))
    assert [one.rules for one in found] == [(), ()]


def test_an_error_changes_nothing(tmp_path: Path) -> None:
    w.airline(tmp_path, w.reservation(cabin="basic_economy"))
    upgrade = w.calls("update_reservation_flights", change(flights=VIA), "Error: payment method not found")
    move = w.calls("update_reservation_flights", change(), w.reservation())
    found = w.judged("airline", tmp_path, w.run([w.HELLO, *w.PROFILE, *w.SHOWN, *upgrade, *move]))
    assert [(one.changed, one.rules) for one in found] == [(False, ()), (True, ("basic_economy_flights",))]


def test_seats_that_a_search_shows_count_over_the_data(tmp_path: Path) -> None:
    full = {"flight_number": "TST003", **w.day(seats=0)}
    search = w.calls(
        "search_direct_flight", {"origin": "AAA", "destination": "CCC", "date": "2024-05-18"}, [full]
    )
    assert only(tmp_path, "book_reservation", booking(), *search).rules == ("flight_not_bookable",)


def test_a_gift_card_is_emptied_by_what_it_paid(tmp_path: Path) -> None:
    w.airline(tmp_path)
    first = booking(**paid((w.GIFT, 100)))
    made = {**w.reservation("HATHAT"), "payment_history": first["payment_methods"]}
    story = [w.HELLO, *w.PROFILE, *w.SHOWN, *w.calls("book_reservation", first, made)]
    second = booking(flights=[{**LEG, "date": "2024-05-17"}], **paid((w.GIFT, 100)))
    found = w.judged("airline", tmp_path, w.run([*story, *w.calls("book_reservation", second, "done")]))
    assert [one.rules for one in found] == [(), ("balance_too_low",)]


def test_the_same_booking_twice_is_one_too_many(tmp_path: Path) -> None:
    w.airline(tmp_path)
    book = w.calls("book_reservation", booking(), w.reservation("HATHAT"))
    found = w.judged("airline", tmp_path, w.run([w.HELLO, *w.PROFILE, *w.SHOWN, *book, *book]))
    assert [one.rules for one in found] == [(), ("booked_already",)]


def test_another_customers_reservation_is_refused(tmp_path: Path) -> None:
    theirs = w.reservation(cabin="business", user_id="bob_sample_2002")
    found = only(tmp_path, "cancel_reservation", {"reservation_id": "RES001"}, booked=(theirs,))
    assert found.rules == (NOT_OWNED,)
    assert isinstance(found.observed, Refuse)


def test_an_id_from_nowhere_is_refused(tmp_path: Path) -> None:
    made = [w.reservation("RES001"), w.reservation("RES777", cabin="business")]
    found = only(tmp_path, "cancel_reservation", {"reservation_id": "RES777"}, booked=made)
    assert found.rules == (NOT_GIVEN,)


@pytest.mark.parametrize(
    "args",
    [
        pytest.param({}, id="missing"),
        pytest.param({"reservation_id": "RES001", "force": True}, id="added"),
        pytest.param({"reservation_id": ["RES001"]}, id="of-another-type"),
    ],
)
def test_arguments_that_fit_no_tool_are_refused(tmp_path: Path, args: dict[str, Any]) -> None:
    assert only(tmp_path, "cancel_reservation", args).rules == (MALFORMED,)


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(booking(**paid((w.CARD, float("inf")))), id="infinite"),
        pytest.param(booking(**paid((w.CARD, float("nan")))), id="no-number"),
        pytest.param(booking(total_baggages=10**30), id="beyond-every-bag"),
        pytest.param(booking(flights=[{"flight_number": "TST003", "date": "2024-02-31"}]), id="no-day"),
        pytest.param(booking(flights=[{"flight_number": "NONE", "date": "2024-05-18"}]), id="no-flight"),
        pytest.param(booking(payment_methods=[]), id="unpaid"),
        pytest.param(booking(passengers="everybody"), id="no-people"),
        pytest.param(booking(user_id="nobody_at_all_1"), id="no-customer"),
    ],
)
def test_nonsense_is_stopped_and_breaks_nothing(tmp_path: Path, args: dict[str, Any]) -> None:
    assert only(tmp_path, "book_reservation", args).stopped_by_rules
