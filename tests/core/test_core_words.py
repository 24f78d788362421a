"""Money, digests, facts and ids: the small words everything else stands on."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.actions import ARROWS, ENDED, Action
from core.canonical import canonical_json, digest
from core.clock import StillClock
from core.facts import Fact, FactSet, misfits, read_facts
from core.ids import is_id, new_id
from core.money import Money

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (4900, "usd", "$49.00"),
        (5, "usd", "$0.05"),
        (123456789, "eur", "€1,234,567.89"),
        (4900, "jpy", "¥4,900"),
        (-250, "gbp", "-£2.50"),
        (100, "chf", "CHF 1.00"),
    ],
)
def test_money_reads_as_people_write_it(amount: int, currency: str, text: str) -> None:
    assert str(Money(amount, currency)) == text


@pytest.mark.parametrize("amount", [True, 1.5, "1", None])
def test_money_takes_only_whole_minor_units(amount: Any) -> None:
    with pytest.raises(TypeError):
        Money(amount, "usd")


@pytest.mark.parametrize("currency", ["USD", "us", "dollar", "üsd"])
def test_money_takes_only_lower_case_iso(currency: str) -> None:
    with pytest.raises(ValueError, match="currency"):
        Money(1, currency)


def test_the_digest_does_not_depend_on_key_order() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_canonical_json_refuses_what_does_not_compare() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": float("nan")})
    with pytest.raises(ValueError, match="UTC"):
        canonical_json({"x": NOW.astimezone(timezone(timedelta(hours=1)))})


def _action(**change: Any) -> Action:
    base: dict[str, Any] = {
        "id": "act_1",
        "conversation_id": "con_1",
        "request_id": "req_1",
        "customer_id": "u_1",
        "category": "refund_request",
        "tool": "refund_charge",
        "tool_version": 1,
        "args": {"charge_id": "ch_1", "amount": 4900},
        "targets": ("charge:ch_1",),
        "amount": 4900,
        "currency": "usd",
    }
    return Action.model_validate({**base, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"customer_id": "u_2"},
        {"category": "duplicate_charge"},
        {"tool": "credit_balance"},
        {"tool_version": 2},
        {"args": {"charge_id": "ch_1", "amount": 4901}},
        {"targets": ("charge:ch_2",)},
        {"currency": "eur"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_an_action_is_in_its_digest(change: dict[str, Any]) -> None:
    assert _action(**change).digest != _action().digest


def test_the_digest_is_of_the_deed_and_not_of_its_id() -> None:
    assert _action(id="act_2", request_id="req_2", conversation_id="con_2").digest == _action().digest


def test_ended_states_have_no_way_out_but_a_late_failure() -> None:
    assert ENDED & set(ARROWS) == {"executed"}
    assert ARROWS["executed"] == {"needs_person"}
    assert {end for ends in ARROWS.values() for end in ends} <= ENDED | set(ARROWS)


def test_unknown_facts_are_left_out_not_guessed() -> None:
    facts = read_facts("stripe", NOW, charge__amount=5, order__opened=None)
    assert facts.values() == {"charge.amount": 5}
    assert facts.get("order.opened") is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [(True, "int"), (1, "bool"), ("1", "int"), (1, "string"), (NOW.replace(tzinfo=None), "timestamp")],
)
def test_a_fact_of_another_type_is_a_misfit(value: Any, kind: Any) -> None:
    assert misfits(FactSet({"x": Fact(value, "s", NOW)}), {"x": kind}) == ["x"]


def test_an_undeclared_fact_is_a_misfit() -> None:
    assert misfits(FactSet({"x": Fact(1, "s", NOW)}), {}) == ["x"]


@pytest.mark.parametrize("text", ["", "a b", "a/../b", "é", "x" * 65, "a|b", "ch_1\n"])
def test_what_is_no_id_never_reaches_a_vendor(text: str) -> None:
    assert not is_id(text)


def test_new_ids_are_ids_and_differ() -> None:
    made = {new_id("act") for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_id(i) for i in made)


def test_a_still_clock_moves_only_when_told() -> None:
    clock = StillClock(NOW)
    assert clock.now() == clock.now()
    clock.move(timedelta(minutes=1))
    assert clock.now() == NOW + timedelta(minutes=1)
    with pytest.raises(ValueError, match="UTC"):
        StillClock(datetime(2026, 1, 1))  # noqa: DTZ001
