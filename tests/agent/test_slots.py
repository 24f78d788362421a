"""What the customer's words fill in, and what they do not: a table of both sides."""

from typing import Any

import pytest

from agent.addresses import read_address, read_part
from agent.slots import asked_slot, said_slots


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        pytest.param("order_number", "I was charged twice for order 1042", "1042", id="order"),
        pytest.param("order_number", "order number is #1042 please", "1042", id="order-with-hash"),
        pytest.param("order_number", "where is #1042?", "1042", id="hash-alone"),
        pytest.param("order_number", "meine Bestellung Nr. 1116", "1116", id="german"),
        pytest.param("order_number", "I paid $1042 last week", None, id="an-amount-is-no-order"),
        pytest.param("order_number", "I waited 1042 hours", None, id="a-number-is-no-order"),
        pytest.param("order_number", "my order, please", None, id="no-number"),
        pytest.param("amount", "refund $49.00", 4900, id="dollars"),
        pytest.param("amount", "I want 20 dollars back", 2000, id="words"),
        pytest.param("amount", "12,50 € bitte", 1250, id="comma"),
        pytest.param("amount", "order 1042", None, id="order-is-no-amount"),
        pytest.param("email", "from a@example.com to b@example.com.", "b@example.com", id="the-last-mail"),
        pytest.param("email", "at example dot com", None, id="no-mail"),
        pytest.param("phone", "my new number is +1 555 0123", "+15550123", id="phone"),
        pytest.param("phone", "call (555) 010-0199", "5550100199", id="phone-without-plus"),
        pytest.param("phone", "order 1042 of 2026", None, id="no-phone"),
        pytest.param("plan", "move me from the Team plan to Business", "business", id="the-plan-to-go-to"),
        pytest.param("plan", "I want the starter plan", "starter", id="named-plan"),
        pytest.param("plan", "my team cannot sign in", None, id="team-is-no-plan"),
        pytest.param("interval", "pay yearly", "year", id="year"),
        pytest.param("interval", "every month", "month", id="month"),
        pytest.param("when", "cancel right now", "now", id="now"),
        pytest.param("when", "cancel at the end of the period", "period_end", id="period-end"),
        pytest.param("when", "cancel it", None, id="not-said-when"),
        pytest.param("reason", "it arrived broken", "damaged", id="damaged"),
        pytest.param("reason", "you sent the wrong size", "wrong_item", id="wrong-item"),
        pytest.param("reason", "it doesn't look like the photo", "not_as_described", id="not-as-described"),
        pytest.param("reason", "I changed my mind", "no_longer_wanted", id="no-longer-wanted"),
        pytest.param("reason", "I want to send it back", None, id="no-reason"),
        pytest.param("invoice_number", "resend invoice INV-0042", "INV-0042", id="invoice"),
        pytest.param("invoice_number", "send my invoice", None, id="no-invoice"),
        pytest.param("factor_kind", "I lost my authenticator app", "totp", id="totp"),
        pytest.param("factor_kind", "codes by text message", "sms", id="sms"),
        pytest.param("factor_kind", "I lost my phone", None, id="a-lost-phone-may-be-either"),
    ],
)
def test_said(slot: str, text: str, value: Any) -> None:
    assert said_slots(text).get(slot) == value


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        pytest.param("order_number", "1042", "1042", id="bare-number"),
        pytest.param("order_number", "it's 1042 I think", "1042", id="number-in-words"),
        pytest.param("order_number", "1042 or 1043", None, id="two-numbers-are-none"),
        pytest.param("order_number", "I don't know", None, id="no-number"),
        pytest.param("amount", "20", 2000, id="bare-amount"),
        pytest.param("plan", "business please", "business", id="bare-plan"),
        pytest.param("reason", "it smells odd", "other", id="any-other-reason"),
        pytest.param("reason", "hm", None, id="too-short-a-reason"),
        pytest.param("phone", "555 0123", "5550123", id="bare-phone"),
        pytest.param("invoice_number", "NW-0003", "NW-0003", id="bare-invoice"),
        pytest.param("address.city", "Berlin", "Berlin", id="city"),
        pytest.param("address.city", "12345", None, id="number-is-no-city"),
        pytest.param("address.country", "Germany", "DE", id="country"),
        pytest.param("address.country", "Atlantis", None, id="unknown-country"),
        pytest.param("address.zip", "it is 97201", "97201", id="zip"),
        pytest.param("words", "  the page is blank  ", "the page is blank", id="words"),
    ],
)
def test_asked(slot: str, text: str, value: Any) -> None:
    assert asked_slot(slot, text) == value


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param(
            "Please send it to 12 Elm Street, Springfield, IL 62704, US instead",
            ("12 Elm Street", "Springfield, IL", "62704", "US"),
            id="us-with-state",
        ),
        pytest.param(
            "Oak Street 5, Portland, OR 97201, USA",
            ("Oak Street 5", "Portland, OR", "97201", "US"),
            id="number-after-the-street",
        ),
        pytest.param(
            "3 Hill Road, Los Angeles CA, 90001, US",
            ("3 Hill Road", "Los Angeles, CA", "90001", "US"),
            id="state-beside-the-city",
        ),
        pytest.param(
            "3 Hill Road, Los Angeles, CA, 90001, US",
            ("3 Hill Road", "Los Angeles, CA", "90001", "US"),
            id="california-is-not-canada",
        ),
        pytest.param(
            "3 Hill Road, Toronto, ON M5V 2T6, CA",
            ("3 Hill Road", "Toronto, ON", "M5V 2T6", "CA"),
            id="canada-is-not-california",
        ),
        pytest.param("there is a street 5 minutes away", (None, None, None, None), id="a-street-is-no-address"),
        pytest.param("7 Oak Avenue Apt 4, Portland 97201, USA.", ("7 Oak Avenue Apt 4", "Portland", "97201", "US"), id="flat"),
        pytest.param("Musterstraße 5, 10115 Berlin, Germany", ("Musterstraße 5", "Berlin", "10115", "DE"), id="german"),
        pytest.param(
            "221B Baker Street, London, NW1 6XE, United Kingdom",
            ("221B Baker Street", "London", "NW1 6XE", "GB"),
            id="british",
        ),
        pytest.param("12 Elm Street", ("12 Elm Street", None, None, None), id="line-only"),
        pytest.param("I moved to Berlin", (None, None, None, None), id="no-street"),
    ],
)  # fmt: skip
def test_address(text: str, parts: tuple[str | None, ...]) -> None:
    found = read_address(text)
    names = ("address.line1", "address.city", "address.zip", "address.country")
    assert tuple(found.get(name) for name in names) == parts


@pytest.mark.parametrize(
    "text",
    ["", "\n", "😀" * 10_000, "\x00\x01\x02", "a" * 16_000, "1" * 16_000, "@" * 9_000, "order " * 3_000],
)
def test_odd_text_fills_nothing_and_takes_no_time(text: str) -> None:
    assert "address.line1" not in said_slots(text)
    for slot in ("order_number", "email", "phone", "amount", "plan", "address.city"):
        asked_slot(slot, text)
    assert read_part("address.line1", text) is None or len(text) < 100
