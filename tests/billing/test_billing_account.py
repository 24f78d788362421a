"""Credits, payment links and invoices through the real doors: facts, one effect each, nothing secret in a receipt."""

from typing import Any

import pytest
from billing_bench import Bench, permit, write
from pydantic import ValidationError

from core.errors import VendorRefused, VendorUnsure
from core.facts import misfits
from tools.sandbox.world import Record

CREDIT, LINK, INVOICE = write("credit_balance"), write("send_payment_link"), write("resend_invoice")


def crediting(amount: int = 500, currency: str = "usd") -> Any:
    return CREDIT.args.model_validate({"amount": amount, "currency": currency, "reason": "A late parcel"})


def sending(invoice: str) -> Any:
    return INVOICE.args.model_validate({"invoice_id": invoice})


NOTHING: Any = LINK.args.model_validate({})


def mails(bench: Bench) -> list[Record]:
    return bench.world.find("mail.message")


@pytest.mark.parametrize(
    ("key", "currency", "matches"),
    [
        pytest.param("olga", "usd", True, id="same"),
        pytest.param("olga", "eur", False, id="other"),
        pytest.param("yuki", "jpy", True, id="yen"),
        pytest.param("elif", "usd", False, id="never-paid"),
    ],
)
async def test_the_currency_is_the_one_the_customer_pays_in(
    bench: Bench, key: str, currency: str, matches: bool
) -> None:
    found = await CREDIT.facts(crediting(currency=currency), bench.scope(key))
    assert misfits(found, CREDIT.spec.facts) == []
    assert found.get("credit.currency_matches") is matches


async def test_earlier_credits_are_counted(bench: Bench) -> None:
    scope = bench.scope("olga")
    for name in ("1", "2"):
        await CREDIT.execute(crediting(), permit(name), scope)
    found = await CREDIT.facts(crediting(300), scope)
    assert (found.get("customer.credits_90d"), found.get("customer.credits_90d_amount")) == (2, 1000)
    assert found.get("credit.amount") == 300


async def test_a_credit_is_given_once(bench: Bench) -> None:
    scope = bench.scope("olga")
    receipt = await CREDIT.execute(crediting(), permit(), scope)
    assert await CREDIT.execute(crediting(), permit(), scope) == receipt
    assert await CREDIT.look_up(crediting(), permit().action_id, scope) == receipt
    assert await CREDIT.look_up(crediting(), permit("2").action_id, scope) is None
    assert (receipt.title, receipt.amount, receipt.currency) == ("Credited $5.00 to your balance", 500, "usd")
    assert [(e.kind, e.object, e.amount, e.action_id) for e in bench.effects] == [
        ("credit", "cus_olga", 500, "act_1")
    ]
    assert bench.row("stripe.customer", "cus_olga")["balance"] == -500


async def test_a_credit_in_another_currency_is_refused(bench: Bench) -> None:
    with pytest.raises(VendorRefused):
        await CREDIT.execute(crediting(currency="eur"), permit(), bench.scope("olga"))
    assert bench.effects == []


async def test_a_lost_credit_is_found(bench: Bench) -> None:
    scope = bench.scope("olga")
    bench.fail("balance_transactions", "timeout_after")
    with pytest.raises(VendorUnsure):
        await CREDIT.execute(crediting(), permit(), scope)
    found = await CREDIT.look_up(crediting(), permit().action_id, scope)
    assert found is not None
    assert len(bench.effects) == 1


async def test_the_link_goes_to_the_address_on_file_and_nowhere_else(bench: Bench) -> None:
    scope = bench.scope("tomas")
    facts = await LINK.facts(NOTHING, scope)
    assert misfits(facts, LINK.spec.facts) == []
    assert (facts.get("account.email_known"), facts.get("subscription.past_due")) == (True, True)
    receipt = await LINK.execute(NOTHING, permit(), scope)
    again = await LINK.execute(NOTHING, permit(), scope)
    [mail] = mails(bench)
    assert mail["to"] == "tomas.silva@example.com"
    assert "https://billing.example.com/p/session/" in mail["text"]
    assert mail["times"] == 2
    assert receipt == again
    assert receipt.title == "Mailed a link to change the payment method to t•••@example.com"
    assert "session" not in receipt.model_dump_json().replace("portal_session", "")
    assert [e.kind for e in bench.effects] == ["portal_session"]


async def test_without_an_address_no_link_is_made(bench: Bench) -> None:
    await bench.alter("stripe.customer", "cus_tomas", email=None)
    scope = bench.scope("tomas")
    assert (await LINK.facts(NOTHING, scope)).get("account.email_known") is False
    with pytest.raises(VendorRefused):
        await LINK.execute(NOTHING, permit(), scope)
    assert bench.effects == []
    assert mails(bench) == []


async def test_somebody_billing_does_not_know_owns_nothing(bench: Bench) -> None:
    scope = bench.scope("stranger")
    for tool, args in ((CREDIT, crediting()), (LINK, NOTHING), (INVOICE, sending("in_paul_1"))):
        assert not await tool.owned(args, scope)
        known = (await tool.facts(args, scope)).values()
        assert not [name for name in known if not name.startswith("customer.")]
        with pytest.raises(VendorRefused):
            await tool.execute(args, permit(), scope)
    assert bench.effects == []


async def test_an_invoice_is_sent_again_once_per_action(bench: Bench) -> None:
    scope = bench.scope("paul")
    facts = await INVOICE.facts(sending("in_paul_3"), scope)
    assert misfits(facts, INVOICE.spec.facts) == []
    known = facts.values()
    assert (known["invoice.status"], known["invoice.total"], known["invoice.age_days"]) == ("paid", 4900, 15)
    assert INVOICE.preview(sending("in_paul_3"), facts).title == "Send invoice NW-0003 again"
    receipt = await INVOICE.execute(sending("in_paul_3"), permit(), scope)
    await INVOICE.execute(sending("in_paul_3"), permit(), scope)
    assert receipt.title == "Sent invoice NW-0003 again"
    assert [(e.kind, e.object) for e in bench.effects] == [("invoice_send", "in_paul_3")]


@pytest.mark.parametrize("invoice", ["in_olga_1", "in_nobody_1"])
async def test_a_foreign_invoice_is_as_a_missing_one(bench: Bench, invoice: str) -> None:
    scope = bench.scope("paul")
    assert not await INVOICE.owned(sending(invoice), scope)
    with pytest.raises(VendorRefused, match="no such invoice"):
        await INVOICE.execute(sending(invoice), permit(), scope)


@pytest.mark.parametrize(
    "args",
    [
        pytest.param({"amount": 5, "currency": "usd", "reason": ""}, id="no-reason"),
        pytest.param({"amount": 5, "currency": "usd", "reason": "x" * 201}, id="long-reason"),
        pytest.param({"amount": 5, "currency": "usd", "reason": "x", "customer": "cus_paul"}, id="customer"),
        pytest.param({"amount": 0, "currency": "usd", "reason": "x"}, id="zero"),
    ],
)
def test_ill_typed_credits(args: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CREDIT.args.model_validate(args)


def test_a_link_takes_no_address() -> None:
    with pytest.raises(ValidationError):
        LINK.args.model_validate({"email": "thief@example.com"})
