"""Each category with the offline model: a conversation that reaches its write, its answer or a person, and one that must not."""

from pathlib import Path

import pytest

from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import catalog, chat

# Whole conversations on real parts: `make test` runs them, `make check` does not.
pytestmark = pytest.mark.slow

# Person, what they write, the action it comes to (tool, state) or None, and how the conversation stands.
CASES = [
    pytest.param(
        "noor",
        ["I want a refund for order 1101"],
        ("refund_charge", "asked"),
        "open",
        id="refund_request-last-day",
    ),
    pytest.param(
        "henk",
        ["I want my money back", "the second one"],
        ("refund_charge", "asked"),
        "open",
        id="refund_request-chosen",
    ),
    pytest.param("vera", ["please refund order 1109"], None, "open", id="refund_request-refunded-already"),
    pytest.param(
        "mara",
        ["I was charged twice for order 1042"],
        ("refund_charge", "asked"),
        "open",
        id="duplicate_charge",
    ),
    pytest.param(
        "greta", ["I was charged twice for order 1120"], None, "with_person", id="duplicate_charge-none"
    ),
    pytest.param(
        "ella",
        ["I forgot my password and cannot sign in"],
        ("send_password_reset", "asked"),
        "open",
        id="password_reset",
    ),
    pytest.param("kofi", ["I forgot my password"], None, "with_person", id="password_reset-no-account"),
    pytest.param(
        "dina",
        ["my account is locked, please unlock it"],
        ("unlock_account", "asked"),
        "open",
        id="account_unlock",
    ),
    pytest.param(
        "nina", ["my account is locked, please unlock it"], None, "with_person", id="account_unlock-suspended"
    ),
    pytest.param(
        "milo",
        ["I need to reset my two factor authentication", "2"],
        ("reset_factor", "asked"),
        "open",
        id="mfa_reset",
    ),
    pytest.param(
        "ella",
        ["I want to change my email address", "new.ella@example.com"],
        ("change_email", "asked"),
        "open",
        id="contact_change-email",
    ),
    pytest.param(
        "ella",
        ["update my phone number to +1 555 0177"],
        ("update_phone", "asked"),
        "open",
        id="contact_change-phone",
    ),
    pytest.param(
        "paul",
        ["what plans do you have?", "business please"],
        ("change_plan", "asked"),
        "open",
        id="subscription_change",
    ),
    pytest.param(
        "paul", ["cancel my subscription"], ("cancel_subscription", "asked"), "open", id="subscription_cancel"
    ),
    pytest.param(
        "paul",
        ["please send me a copy of my last invoice", "1"],
        ("resend_invoice", "asked"),
        "open",
        id="invoice_request",
    ),
    pytest.param(
        "tomas",
        ["I want to change the card I pay with"],
        ("send_payment_link", "asked"),
        "open",
        id="payment_method",
    ),
    pytest.param("xavi", ["where is my order 1143?"], ("answer", "executed"), "closed", id="order_status"),
    pytest.param(
        "xavi",
        ["where is my order 9999?", "sorry, 1143"],
        ("answer", "executed"),
        "closed",
        id="order_status-corrected",
    ),
    pytest.param("wanda", ["cancel order 1140 please"], ("cancel_order", "asked"), "open", id="order_cancel"),
    pytest.param("xavi", ["cancel order 1143 please"], None, "open", id="order_cancel-on-its-way"),
    pytest.param(
        "wanda",
        ["change the shipping address of order 1140", "12 Elm Street, Portland, 97201, US"],
        ("change_shipping_address", "asked"),
        "open",
        id="address_change",
    ),
    pytest.param(
        "noor",
        ["I want to return order 1101", "changed my mind"],
        ("open_return", "asked"),
        "open",
        id="return_request",
    ),
    pytest.param("ella", ["how do I export my data?"], ("answer", "executed"), "closed", id="how_to"),
    pytest.param(
        "ella",
        ["the export button does nothing when I click it, I get a blank page"],
        ("add_note", "held"),
        "open",
        id="bug_report",
    ),
    pytest.param(
        "ella",
        ["it would be great if you added a dark mode to the app"],
        ("add_note", "held"),
        "open",
        id="feature_request",
    ),
    pytest.param("ella", ["the whole site is down, nothing loads"], None, "with_person", id="service_outage"),
    pytest.param(
        "ella", ["I want to complain about how rude your support was"], None, "with_person", id="complaint"
    ),
    pytest.param("ella", ["delete my account and all my data"], None, "with_person", id="account_deletion"),
    pytest.param("ella", ["hi", "hm"], None, "with_person", id="other-asked-once-then-a-person"),
]


def test_every_category_has_a_conversation() -> None:
    assert {str(case.id).partition("-")[0] for case in CASES} == set(catalog().categories)


@pytest.mark.parametrize(("person", "messages", "action", "state"), CASES)
async def test_category(
    store: Store,
    database: str,
    clock: StillClock,
    tmp_path: Path,
    person: str,
    messages: list[str],
    action: tuple[str, str] | None,
    state: str,
) -> None:
    async with chat(store, database, clock, tmp_path, person) as talk:
        for message in messages:
            assert await talk.say(message), "the agent said nothing"
        actions = [(row.tool, row.state) for row in await talk.actions()]
        assert actions == ([action] if action else [])
        assert (await talk.conversation()).state == state
        assert talk.effects() == []
        assert [turn.state for turn in await talk.turns()] == ["done"] * len(messages)
