"""What an approver reads and types: fields from a schema, facts in words, the sentence that asks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from approvals.detail import FactView
from core.conversation import Signals
from core.ids import ID_PATTERN, Category
from service.answers import Code, exact_answer
from service.asking import marked
from service.evidence import grouped
from service.form import fields_of
from service.wording import span

SCHEMA: dict[str, Any] = {
    "$defs": {"Reason": {"enum": ["duplicate", "requested_by_customer"], "type": "string"}},
    "properties": {
        "charge_id": {"type": "string", "pattern": ID_PATTERN},
        "amount": {"type": "integer", "minimum": 1},
        "currency": {"type": "string"},
        "reason": {"$ref": "#/$defs/Reason"},
        "note": {"anyOf": [{"type": "string", "maxLength": 2000}, {"type": "null"}], "default": None},
        "notify": {"type": "boolean"},
        "days": {"type": "integer"},
        "ids": {"type": "array"},
    },
    "required": ["charge_id", "amount", "currency", "reason", "notify", "days", "ids"],
}


def field(args: dict[str, Any], name: str) -> Any:
    return next(f for f in fields_of(SCHEMA, args) if f.name == name)


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        pytest.param("charge_id", "fixed", "ch_1", id="ids-are-not-typed-by-hand"),
        pytest.param("amount", "money", "49.00", id="money-in-major-units"),
        pytest.param("currency", "fixed", "usd", id="currency-stays"),
        pytest.param("reason", "choice", "duplicate", id="choice-behind-a-reference"),
        pytest.param("note", "long", "", id="optional-long-text"),
        pytest.param("notify", "yes_no", "true", id="yes-or-no"),
        pytest.param("days", "integer", "3", id="whole-number"),
        pytest.param("ids", "fixed", "['a']", id="what-has-no-field-stays"),
    ],
)
def test_field_fits_its_argument(name: str, kind: str, value: str) -> None:
    args = {"charge_id": "ch_1", "amount": 4900, "currency": "usd", "reason": "duplicate"}
    args |= {"notify": True, "days": 3, "ids": ["a"]}
    made = field(args, name)
    assert (made.kind, made.value) == (kind, value)


def test_an_amount_says_its_bound_as_money() -> None:
    made = field({"amount": 4900, "currency": "usd"}, "amount")
    assert (made.least, made.least_text, made.most) == (1, "$0.01", None)


def test_yen_has_no_decimals() -> None:
    made = field({"amount": 4900, "currency": "jpy"}, "amount")
    assert (made.value, made.decimals, made.label) == ("4900", 0, "Amount in JPY")


AT = datetime(2026, 11, 20, tzinfo=UTC)


def test_facts_that_no_rule_read_stand_aside() -> None:
    facts = [
        FactView(name, "yes", "stripe", AT) for name in ("charge.paid", "charge.disputed", "request.angry")
    ]
    groups = grouped(facts, {"charge.paid"})
    assert [(g.title, [f.name for f in g.facts], g.is_aside) for g in groups] == [
        ("Charge", ["charge.paid"], False),
        ("Charge", ["charge.disputed"], True),
        ("Request", ["request.angry"], True),
    ]


def test_facts_are_grouped_and_read_as_words() -> None:
    raw = {
        "charge.amount": "4900",
        "charge.currency": "usd",
        "charge.age_days": "3",
        "customer.refunds_90d": "0",
        "order.delivered_known": "yes",
        "order.opened_known": "no",
        "request.confidence_pct": "94",
    }
    groups = grouped([FactView(name, value, "stripe", AT) for name, value in raw.items()])
    read = {(g.title, f.label): f.value for g in groups for f in g.facts}
    assert read == {
        ("Charge", "Amount"): "$49.00",
        ("Charge", "Currency"): "usd",
        ("Charge", "Age"): "3 d",
        ("Customer", "Refunds in 90 days"): "0",
        ("Order", "Opened known"): "no",
        ("Request", "Confidence"): "94 %",
    }
    assert [g.title for g in groups] == ["Charge", "Order", "Customer", "Request"]


def read(sentence: str) -> Signals:
    is_it = "refund" in sentence
    return Signals(
        category=Category("refund_request" if is_it else "other"),
        confidence=0.9 if is_it else 0.4,
        sentiment="neutral",
        urgency="normal",
        language="en",
        wants_person=False,
    )


@pytest.mark.parametrize(
    ("text", "asking"),
    [
        pytest.param("Hi. Please refund order 7. Bye.", "Please refund order 7.", id="one-of-three"),
        pytest.param("please refund", "please refund", id="the-whole"),
        pytest.param("Hello\nrefund me\nthanks", "refund me", id="lines"),
        pytest.param("It cost $4.50, refund it", "It cost $4.50, refund it", id="a-point-in-a-number"),
        pytest.param("Nothing of the kind.", "", id="none"),
        pytest.param("", "", id="empty"),
        pytest.param("refund. " * 41, "", id="a-wall-of-text"),
    ],
)
def test_the_asking_sentence_is_marked_and_nothing_is_lost(text: str, asking: str) -> None:
    made = marked(text, "refund_request", read)
    assert made.asking == asking
    assert made.before + made.asking + made.after == text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes", "yes"),
        ("Yes.", "yes"),
        ("YES!", "yes"),
        ("  Ja, bitte ", "yes"),
        ("oui", "yes"),
        ("sí", "yes"),
        ("no", "no"),
        ("Non, merci.", "no"),
        ("123 456", Code("123456")),
        ("yes but", None),
        ("yes yes", None),
        ("not yes", None),
        ("ok", None),
        ("yes?", None),
        ("12345", None),
        ("1234567", None),
        ("١٢٣٤٥٦", None),
        ("", None),
    ],
)
def test_only_an_exact_answer_is_one(text: str, answer: object) -> None:
    assert exact_answer(text) == answer


def test_times_read_short() -> None:
    from datetime import timedelta

    assert [span(timedelta(seconds=s)) for s in (-5, 59, 60, 3599, 3600, 86400)] == [
        "under a minute",
        "under a minute",
        "1 min",
        "59 min",
        "1 h",
        "1 d",
    ]
