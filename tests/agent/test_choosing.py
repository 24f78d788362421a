"""How rows are read out to choose from: plain words, one style of dates, no vendor's codes."""

from agent.choosing import listed, picked

INVOICES = [
    {
        "id": "in_2",
        "number": "NW-0002",
        "status": "void",
        "money": "$19.00",
        "created_at": "2026-10-07 09:00Z",
    },
    {
        "id": "in_1",
        "number": "NW-0001",
        "status": "paid",
        "money": "$19.00",
        "created_at": "2026-09-07 09:00Z",
    },
]
FACTORS = [
    {"id": "f1", "kind": "sms", "name": "text message"},
    {"id": "f2", "kind": "totp", "name": "authenticator app"},
]


def test_invoices_are_listed_with_date_money_and_a_plain_status() -> None:
    assert listed(INVOICES) == (
        "1. NW-0002, October 7, 2026, $19.00, cancelled\n2. NW-0001, September 7, 2026, $19.00, paid"
    )


def test_factors_are_listed_as_people_call_them() -> None:
    assert listed(FACTORS) == "1. text message\n2. authenticator app"


def test_a_factor_is_chosen_by_number_or_name() -> None:
    assert picked(FACTORS, ["2"]) == FACTORS[1]
    assert picked(FACTORS, ["the text message one"]) == FACTORS[0]
    assert picked(FACTORS, ["hm"]) is None
