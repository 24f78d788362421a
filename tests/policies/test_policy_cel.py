"""Expressions: what may be written, where errors point, and that doubt is never a yes."""

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.facts import FactType
from policies.cel import ExpressionError, Language, unfit

DECLARED: dict[str, FactType] = {
    "order.opened": "bool",
    "charge.amount": "int",
    "charge.currency": "string",
    "order.delivered_at": "timestamp",
    "return.reason": "string",
}
LANGUAGE = Language(DECLARED)


@pytest.mark.parametrize(
    ("expression", "facts", "holds"),
    [
        pytest.param("charge.amount < 100", {"charge.amount": 99}, True, id="below"),
        pytest.param("charge.amount < 100", {"charge.amount": 100}, False, id="at"),
        pytest.param(
            "order.opened && charge.amount < 100", {"order.opened": False}, False, id="short-circuit"
        ),
        pytest.param("order.opened && charge.amount < 100", {"order.opened": True}, None, id="missing"),
        pytest.param("charge.amount < 100", {}, None, id="nothing-known"),
        pytest.param('charge.currency in ["usd", "eur"]', {"charge.currency": "eur"}, True, id="in-list"),
        pytest.param("charge.amount + 1 > 0", {"charge.amount": 2**63 - 1}, None, id="overflow"),
        pytest.param('return.reason == "damaged"', {"return.reason": "damaged"}, True, id="reserved-word"),
        pytest.param(
            'return.reason.startsWith("dam")', {"return.reason": "damaged"}, True, id="reserved-call"
        ),
        pytest.param(
            'charge.currency == "return.reason"', {"charge.currency": "return.reason"}, True, id="in-text"
        ),
        pytest.param(
            'charge.currency == "a / b" // why? 50%', {"charge.currency": "a / b"}, True, id="signs-in-text"
        ),
    ],
)
def test_an_expression_holds_fails_or_is_in_doubt(
    expression: str, facts: dict[str, Any], holds: bool | None
) -> None:
    program = LANGUAGE.compile(expression)
    assert program.holds(LANGUAGE.situation(facts)) is holds


@pytest.mark.parametrize(
    ("expression", "offset", "says"),
    [
        pytest.param("order.opend", 0, "unknown fact 'order.opend'", id="unknown-fact"),
        pytest.param("order.opened && order", 16, "unknown fact 'order'", id="half-a-name"),
        pytest.param("charge.amount < '5'", 14, "no matching overload", id="wrong-type"),
        pytest.param("charge.amount < 5.0", 14, "no matching overload", id="no-floats"),
        pytest.param("charge.amount", 0, "true or false, this is of type int", id="not-a-claim"),
        pytest.param("charge.amount <\n 5 &&", 21, "Syntax error", id="second-line"),
        pytest.param("", 0, "Syntax error", id="empty"),
        pytest.param("has(order.opened)", 0, "_known", id="has"),
        pytest.param("1 / 0 > 1 || true", 2, "'/' may not be used", id="division-can-fail"),
        pytest.param("charge.amount % 2 == 0", 14, "'%' may not be used", id="modulo-can-fail"),
        pytest.param("order.opened ? true : false", 13, "'?' may not be used", id="choice"),
        pytest.param("`order.opened`", 0, "'`' may not be used", id="quoted-name"),
        pytest.param("[1].exists(x, x == 1)", 4, "'exists' may not be used", id="loop"),
        pytest.param("charge.currency.matches('(a+)+')", 0, "'matches' may not be used", id="regex"),
        pytest.param("int(charge.currency) > 1", 0, "'int' may not be used", id="conversion-can-fail"),
        pytest.param("true" + " && true" * 300, 0, "at most 2000 characters", id="too-long"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_with_its_place(expression: str, offset: int, says: str) -> None:
    with pytest.raises(ExpressionError, match=r".") as caught:
        LANGUAGE.compile(expression)
    assert says in str(caught.value)
    assert caught.value.offset == offset


def test_a_program_knows_which_facts_it_names() -> None:
    program = LANGUAGE.compile('order.opened || return.reason == "order.delivered_at"')
    assert program.names == {"order.opened", "return.reason"}


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        pytest.param({"charge.amount": 1, "order.opened": True}, [], id="fitting"),
        pytest.param({"charge.amount": True}, ["charge.amount"], id="bool-is-no-int"),
        pytest.param({"charge.amount": 1.0}, ["charge.amount"], id="float-is-no-int"),
        pytest.param({"charge.amount": float("nan")}, ["charge.amount"], id="nan"),
        pytest.param({"charge.amount": "1"}, ["charge.amount"], id="text-is-no-int"),
        pytest.param({"charge.amount": None}, ["charge.amount"], id="none"),
        pytest.param({"charge.amount": 2**63 - 1}, [], id="largest"),
        pytest.param({"charge.amount": 2**63}, ["charge.amount"], id="too-large"),
        pytest.param({"charge.amount": -(2**63)}, [], id="smallest"),
        pytest.param({"charge.amount": -(2**63) - 1}, ["charge.amount"], id="too-small"),
        pytest.param({"order.opened": 1}, ["order.opened"], id="int-is-no-bool"),
        pytest.param({"charge.currency": "\ud800"}, ["charge.currency"], id="lone-surrogate"),
        pytest.param({"charge.currency": "zł €"}, [], id="other-letters"),
        pytest.param({"charge.colour": "red"}, ["charge.colour"], id="undeclared"),
        pytest.param({"order.delivered_at": datetime(2026, 1, 1, tzinfo=UTC)}, [], id="utc"),
        pytest.param({"order.delivered_at": datetime(2026, 1, 1)}, ["order.delivered_at"], id="naive"),  # noqa: DTZ001
        pytest.param(
            {"order.delivered_at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))},
            ["order.delivered_at"],
            id="other-zone",
        ),
        pytest.param(
            {"order.delivered_at": "2026-01-01T00:00:00Z"}, ["order.delivered_at"], id="time-as-text"
        ),
    ],
)
def test_unfit_facts_are_named(facts: dict[str, Any], wrong: list[str]) -> None:
    assert unfit(facts, DECLARED) == wrong


MANY = [
    "charge.amount < 100",
    'charge.currency == "usd" // in dollars',
    "order.opened || charge.amount > 5",
    "!order.opened",
    'charge.currency in ["usd", "eur"]',
    'return.reason == "damaged"',
]


@pytest.mark.parametrize("count", [1, 2, 6, 31, 32, 33, 80])
def test_rules_asked_together_say_what_each_says_alone(count: int) -> None:
    texts = [MANY[place % len(MANY)] for place in range(count)]
    together = LANGUAGE.together(texts)
    alone = [LANGUAGE.compile(text) for text in texts]
    chance = random.Random(count)
    for _ in range(40):
        situation = LANGUAGE.situation(
            {
                "charge.amount": chance.choice([5, 6, 99, 100]),
                "charge.currency": chance.choice(["usd", "eur", "gbp"]),
                "order.opened": chance.choice([True, False]),
                "return.reason": chance.choice(["damaged", "late"]),
            }
        )
        assert together.hold(situation) == [one.holds(situation) for one in alone]


def test_one_rule_in_doubt_leaves_all_to_be_asked_alone() -> None:
    together = LANGUAGE.together(["charge.amount < 100", "order.opened"])
    assert together.hold(LANGUAGE.situation({"charge.amount": 1})) is None


@pytest.mark.parametrize("depth", [0, 14, 24, 32])
def test_rules_nested_as_deep_as_the_engine_takes_are_asked_together_too(depth: int) -> None:
    deep = "(" * depth + "charge.amount > 1" + ")" * depth
    LANGUAGE.compile(deep)
    together = LANGUAGE.together([deep] * 20)
    assert together.hold(LANGUAGE.situation({"charge.amount": 2})) == [True] * 20
    assert together.hold(LANGUAGE.situation({"charge.amount": 1})) == [False] * 20
