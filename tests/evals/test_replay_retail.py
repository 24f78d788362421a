"""The shop's pack: facts from its world, both sides of each rule, and the world kept current by recorded outputs."""

from pathlib import Path
from typing import Any

import pytest

from evals.replay.judge import MALFORMED, NOT_GIVEN, NOT_OWNED, Judged
from tests.evals import replay_worlds as w

ORDER = {"order_id": "#W0000001"}


def only(folder: Path, tool: str, args: dict[str, Any], *orders: dict[str, Any]) -> Judged:
    w.shop(folder, *orders)
    return w.judged("retail", folder, w.sale(tool, args))[-1]


@pytest.mark.parametrize(
    ("status", "reason", "rules"),
    [
        pytest.param("pending", "no longer needed", (), id="not-needed"),
        pytest.param("pending", "ordered by mistake", (), id="mistake"),
        pytest.param("pending", "found it cheaper", ("other_reason",), id="cheaper"),
        pytest.param("processed", "no longer needed", ("not_pending",), id="processed"),
        pytest.param("delivered", "no longer needed", ("not_pending",), id="delivered"),
        pytest.param("cancelled", "no longer needed", ("not_pending",), id="cancelled"),
        pytest.param("pending (item modified)", "no longer needed", ("items_modified",), id="items-replaced"),
        pytest.param(
            "pending (items modifed)", "no longer needed", ("items_modified",), id="as-the-policy-spells-it"
        ),
    ],
)
def test_cancelling(tmp_path: Path, status: str, reason: str, rules: tuple[str, ...]) -> None:
    found = only(tmp_path, "cancel_pending_order", {**ORDER, "reason": reason}, w.order(status=status))
    assert found.rules == rules


@pytest.mark.parametrize(
    ("changes", "status", "rules"),
    [
        pytest.param(w.ADDRESS, "pending", (), id="elsewhere"),
        pytest.param(w.HOME, "pending", ("same_address",), id="as-before"),
        pytest.param({**w.ADDRESS, "zip": " "}, "pending", ("address_incomplete",), id="no-zip"),
        pytest.param(w.ADDRESS, "processed", ("not_pending",), id="processed"),
        pytest.param(w.ADDRESS, "pending (item modified)", ("items_modified",), id="items-replaced"),
    ],
)
def test_another_address(tmp_path: Path, changes: Any, status: str, rules: tuple[str, ...]) -> None:
    args = {**ORDER, **changes}
    assert only(tmp_path, "modify_pending_order_address", args, w.order(status=status)).rules == rules


PAID_TWICE = [
    {"transaction_type": "payment", "amount": 10.0, "payment_method_id": w.PAYPAL},
    {"transaction_type": "payment", "amount": 10.0, "payment_method_id": w.VOUCHER},
]


@pytest.mark.parametrize(
    ("id", "order", "rules"),
    [
        pytest.param(w.VISA, {}, (), id="card"),
        pytest.param(w.VOUCHER, {}, (), id="gift-card-to-the-cent"),
        pytest.param(w.POOR, {}, ("balance_too_low",), id="gift-card-short"),
        pytest.param(w.PAYPAL, {}, ("same_payment",), id="as-before"),
        pytest.param(w.VISA, {"payment_history": PAID_TWICE}, ("paid_in_parts",), id="paid-in-parts"),
        pytest.param(w.VISA, {"status": "delivered"}, ("not_pending",), id="delivered"),
    ],
)
def test_another_payment(tmp_path: Path, id: str, order: Any, rules: tuple[str, ...]) -> None:
    args = {**ORDER, "payment_method_id": id}
    assert only(tmp_path, "modify_pending_order_payment", args, w.order(**order)).rules == rules


def items(old: list[str], new: list[str], id: str = w.VISA) -> dict[str, Any]:
    return {**ORDER, "item_ids": old, "new_item_ids": new, "payment_method_id": id}


CASES = [
    pytest.param(items([w.LAMP], [w.LAMP_L]), (), id="larger"),
    pytest.param(items([w.LAMP], [w.LAMP_L], w.VOUCHER), (), id="difference-covered"),
    pytest.param(items([w.LAMP], [w.LAMP_L], w.POOR), ("balance_below_difference",), id="difference-short"),
    pytest.param(items([w.LAMP], [w.SHOE]), ("other_product",), id="lamp-to-shoe"),
    pytest.param(items([w.LAMP], [w.LAMP_GONE]), ("not_available",), id="sold-out"),
    pytest.param(items([w.LAMP], [w.LAMP]), ("same_item",), id="the-same"),
    pytest.param(items([w.LAMP], [w.LAMP_L, w.LAMP_L]), ("not_paired",), id="two-for-one"),
    pytest.param(items([w.LAMP, w.LAMP], [w.LAMP_L, w.LAMP_L]), ("not_in_order",), id="more-than-there-are"),
]


@pytest.mark.parametrize(("args", "rules"), CASES)
def test_other_items_of_a_pending_order(tmp_path: Path, args: Any, rules: tuple[str, ...]) -> None:
    assert only(tmp_path, "modify_pending_order_items", args).rules == rules


@pytest.mark.parametrize(("args", "rules"), CASES)
def test_exchanges_of_a_delivered_order(tmp_path: Path, args: Any, rules: tuple[str, ...]) -> None:
    delivered = w.order(status="delivered")
    assert only(tmp_path, "exchange_delivered_order_items", args, delivered).rules == rules


@pytest.mark.parametrize("status", ["pending", "processed", "exchange requested", "return requested"])
def test_only_what_is_delivered_is_exchanged_or_returned(tmp_path: Path, status: str) -> None:
    made = w.order(status=status)
    exchange = only(tmp_path, "exchange_delivered_order_items", items([w.LAMP], [w.LAMP_L]), made)
    back = only(tmp_path, "return_delivered_order_items", returns(), made)
    assert (exchange.rules, back.rules) == (("not_delivered",), ("not_delivered",))


def returns(id: str = w.PAYPAL, *, count: int = 1) -> dict[str, Any]:
    return {**ORDER, "item_ids": [w.LAMP] * count, "payment_method_id": id}


@pytest.mark.parametrize(
    ("args", "rules"),
    [
        pytest.param(returns(), (), id="to-the-original"),
        pytest.param(returns(w.VOUCHER), (), id="to-a-gift-card"),
        pytest.param(returns(w.VISA), ("other_payment",), id="to-another-card"),
        pytest.param(returns(count=2), ("not_in_order",), id="more-than-there-are"),
    ],
)
def test_returns(tmp_path: Path, args: Any, rules: tuple[str, ...]) -> None:
    found = only(tmp_path, "return_delivered_order_items", args, w.order(status="delivered"))
    assert found.rules == rules


@pytest.mark.parametrize(
    ("args", "rules"),
    [
        pytest.param({"user_id": w.ANN, **w.ADDRESS}, (), id="own"),
        pytest.param({"user_id": w.ANN, **w.HOME}, ("same_address",), id="not-moved"),
        pytest.param({"user_id": "bob_sample_2002", **w.ADDRESS}, (NOT_OWNED,), id="somebody-elses"),
        pytest.param({"user_id": w.ANN, "city": "Springfield"}, (MALFORMED,), id="half-an-address"),
    ],
)
def test_the_default_address(tmp_path: Path, args: Any, rules: tuple[str, ...]) -> None:
    assert only(tmp_path, "modify_user_address", args).rules == rules


def test_who_was_not_found_by_mail_or_name_gets_nothing(tmp_path: Path) -> None:
    w.shop(tmp_path)
    hello = w.says("user", f"I am {w.ANN}, cancel #W0000001")
    profile = w.calls("get_user_details", {"user_id": w.ANN}, {"orders": ["#W0000001"]})
    cancel = w.calls("cancel_pending_order", {**ORDER, "reason": "no longer needed"}, "done")
    found = w.judged("retail", tmp_path, w.run([hello, *profile, *cancel]))
    assert found[0].rules == ("not_authenticated",)


def test_another_customers_order_is_refused(tmp_path: Path) -> None:
    theirs = w.order(user_id="bob_sample_2002")
    found = only(tmp_path, "cancel_pending_order", {**ORDER, "reason": "no longer needed"}, theirs)
    assert found.rules == (NOT_OWNED,)


def test_an_id_from_nowhere_is_refused(tmp_path: Path) -> None:
    made = [w.order(), w.order("#W0000009")]
    args = {"order_id": "#W0000009", "reason": "no longer needed"}
    assert only(tmp_path, "cancel_pending_order", args, *made).rules == (NOT_GIVEN,)


def test_items_are_replaced_once_and_a_card_pays_once(tmp_path: Path) -> None:
    w.shop(tmp_path, w.order(), w.order("#W0000002"))
    paid = [*w.order()["payment_history"]]
    paid.append({"transaction_type": "payment", "amount": 12.5, "payment_method_id": w.VOUCHER})
    after = w.order(status="pending (item modified)", items=[w.item(w.LAMP_L, 32.5)], payment_history=paid)
    first = items([w.LAMP], [w.LAMP_L], w.VOUCHER)
    second = {**first, "order_id": "#W0000002"}
    story = [
        w.says("user", "Larger lamps, please."),
        *w.FOUND,
        *w.SEEN,
        *w.calls("modify_pending_order_items", first, after),
        *w.calls("modify_pending_order_items", first, "Error: non-pending order cannot be modified"),
        *w.calls("modify_pending_order_items", second, "done"),
    ]
    found = w.judged("retail", tmp_path, w.run(story))
    # 20 dollars were on the card; 12.50 of them are spent.
    assert [one.rules for one in found] == [
        (),
        ("items_modified", "not_in_order"),
        ("balance_below_difference",),
    ]


STATED = (
    "For order #W0000001 I would exchange the small Lamp for the large one and charge your Visa. Shall I?"
)


@pytest.mark.parametrize(
    ("statement", "confirmed"),
    [
        pytest.param(STATED, True, id="all"),
        pytest.param(STATED.replace("#W0000001", "W0000001"), True, id="without-hash"),
        pytest.param(STATED.replace("large one", "other one"), False, id="which-one"),
        pytest.param(STATED.replace("your Visa", f"{w.VISA}"), True, id="by-id"),
        pytest.param(STATED.replace("your Visa", "your PayPal account"), False, id="another-payment"),
        pytest.param(STATED.replace("#W0000001", "#W0000002"), False, id="another-order"),
        pytest.param("Shall I go ahead?", False, id="nothing"),
    ],
)
def test_a_yes_counts_for_what_was_stated(tmp_path: Path, statement: str, confirmed: bool) -> None:
    w.shop(tmp_path, w.order(status="delivered"))
    talk = [w.says("assistant", statement), w.says("user", "Yes, please go ahead.")]
    sale = w.sale("exchange_delivered_order_items", items([w.LAMP], [w.LAMP_L]), *talk)
    assert w.judged("retail", tmp_path, sale)[0].consent.given is confirmed
