"""Stripe's door and adapter are held to the installed SDK's own types, and to the official description where it is at hand."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi import SPECS, Description
from pydantic import SecretStr
from stripe_types import OPERATIONS, description
from wire import Exchange, Recorder

from core.actions import Permit
from core.clock import StillClock
from core.errors import VendorError
from core.ids import ActionId
from core.money import Money
from tools import http
from tools.billing.stripe import PREVIEW, Stripe
from tools.billing.stripe_wire import (
    ChargeWire,
    CreditWire,
    CustomerWire,
    DisputeWire,
    InvoiceWire,
    PortalWire,
    PriceWire,
    RefundWire,
    SubscriptionWire,
    Wire,
    read,
)
from tools.sandbox.faults import Faults, faulty
from tools.sandbox.people import PEOPLE
from tools.sandbox.stripe import door
from tools.sandbox.stripe.seed import seed
from tools.sandbox.webhooks.sender import Sender
from tools.sandbox.world import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD = SPECS / "stripe-2023-08-16.json"
EXAMPLES = SPECS / "stripe-fixtures-2026-07.json"
# What the old description says of these still holds; the rest of it changed shape since.
STILL_TRUE = ("/v1/charges", "/v1/refunds", "/v1/customers/")


@dataclass
class Bench:
    stripe: Stripe
    client: httpx.AsyncClient
    faults: Faults
    recorder: Recorder

    @property
    def exchanges(self) -> list[Exchange]:
        return self.recorder.exchanges


@pytest.fixture(scope="session")
def types(tmp_path_factory: pytest.TempPathFactory) -> Description:
    """The SDK's types as a description to check against."""
    file: Path = tmp_path_factory.mktemp("stripe") / "types.json"
    file.write_text(json.dumps(description()))
    return Description(file)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = StillClock(NOW)
    world, faults = World(clock=clock), Faults()
    async with world.change() as change:
        for person in PEOPLE:
            seed(change, person)
    Sender(world, faults, key="k")
    app = faulty(door.app(world, faults, key="k"), "stripe", faults, own=frozenset({"saved_500"}))
    recorder = Recorder(app)
    bearer = {"Authorization": SecretStr("Bearer k")}
    made = http.client(
        "stripe",
        base_url="http://stripe.test",
        auth=bearer,
        is_read=http.post_reads(PREVIEW),
        transport=httpx.ASGITransport(app=recorder),  # type: ignore[arg-type]
    )
    yield Bench(Stripe(made, clock=clock, return_url="https://shop.example.com"), made, faults, recorder)
    await made.aclose()


def permit(name: str) -> Permit:
    return Permit(action_id=ActionId(f"act_{name}"), digest="d", idempotency_key=f"remit-act_{name}")


class Grown(Description):
    """A description that is older than the API: keys it does not name came later."""

    def _names_keys(self, schema: dict[str, Any]) -> bool:
        return False


async def read_everything(stripe: Stripe) -> None:
    for person in PEOPLE:
        customer = await stripe.find_customer(person.external_id)
        assert customer == f"cus_{person.key}"
        await stripe.customer_email(customer)
        for charge in await stripe.charges(customer):
            await stripe.refunds(charge.id)
        await stripe.invoices(customer)
        await stripe.subscriptions(customer)
        await stripe.balance_changes(customer)
    await stripe.plans()
    await stripe.charge("ch_ugo_main")
    await stripe.invoice("in_paul_1")
    assert await stripe.charge("ch_nobody") is None


async def write_everything(stripe: Stripe) -> None:
    await stripe.refund("ch_mara_second", Money(4900, "usd"), "duplicate", permit("r"))
    await stripe.refund("ch_yuki_main", Money(100, "jpy"), "requested_by_customer", permit("y"))
    assert await stripe.find_refund("ch_mara_second", ActionId("act_r")) is not None
    team = await stripe.subscription("sub_paul")
    yearly = await stripe.subscription("sub_sofia")
    assert team is not None
    assert yearly is not None
    for price in ("price_business_month", "price_starter_month", "price_team_year"):
        await stripe.preview_change(team, price)
    await stripe.change_plan(team, "price_business_month", permit("p"))
    await stripe.change_plan(yearly, "price_starter_month", permit("py"))
    await stripe.cancel("sub_paul", when="period_end", permit=permit("c"))
    await stripe.resume("sub_paul", permit("u"))
    await stripe.cancel("sub_paul", when="now", permit=permit("n"))
    await stripe.credit("cus_olga", Money(500, "usd"), permit("b"))
    await stripe.balance_changes("cus_olga")
    await stripe.payment_link("cus_olga", permit("l"))
    await stripe.send_invoice("in_olga_1", permit("i"))
    await stripe.invoices("cus_paul")


async def ask_for_the_rest(client: httpx.AsyncClient) -> None:
    """What the door answers and the adapter does not need."""
    for path in (
        "/v1/payment_intents/pi_mara_first",
        "/v1/payment_intents/pi_ines_failed",
        "/v1/refunds/re_vera_main_1",
        "/v1/refunds?payment_intent=pi_vera_main",
        "/v1/disputes/dp_ugo_main",
        "/v1/events?types[0]=refund.created&created[gte]=1700000000",
        "/v1/balance_transactions/txn_ch_mara_first",
        "/v1/balance_transactions/txn_re_vera_main_1",
        "/v1/balance_transactions?limit=100",
        "/v1/prices/price_team_year?expand[0]=product",
        "/v1/products",
        "/v1/products/prod_team",
        "/v1/charges?customer=cus_sofia&limit=1",
        "/v1/invoices?customer=cus_tomas&status=open",
        "/v1/charges/ch_ines_failed",
    ):
        assert (await client.get(path)).status_code == 200, path


async def be_refused(bench: Bench) -> None:
    """Each error that we know how to cause."""
    stripe = bench.stripe
    refusals: list[Callable[[], Awaitable[Any]]] = [
        lambda: stripe.refund("ch_mara_first", Money(4901, "usd"), "duplicate", permit("1")),
        lambda: stripe.refund("ch_vera_main", Money(1, "usd"), "duplicate", permit("2")),
        lambda: stripe.refund("ch_ugo_main", Money(1, "usd"), "duplicate", permit("3")),
        lambda: stripe.refund("ch_nobody", Money(1, "usd"), "duplicate", permit("4")),
        lambda: stripe.refund("ch_mara_first", Money(1, "usd"), "spite", permit("5")),
        lambda: stripe.refund("ch_mara_first", Money(2, "usd"), "duplicate", permit("1")),
        lambda: stripe.credit("cus_olga", Money(1, "eur"), permit("6")),
    ]
    for refusal in refusals:
        with pytest.raises(VendorError):
            await refusal()
    for path in ("/v1/charges?limit=0", "/v1/charges?colour=red", "/v1/charges/ch_nobody", "/v1/nothing"):
        assert 400 <= (await bench.client.get(path)).status_code < 500


async def test_everything_on_the_wire_is_as_the_sdk_types_it(bench: Bench, types: Description) -> None:
    await read_everything(bench.stripe)
    await write_everything(bench.stripe)
    assert [hint.kind for hint in await bench.stripe.changed_since(NOW)] == []
    await ask_for_the_rest(bench.client)
    [told] = [e for e in bench.exchanges if e.path == "/v1/events" and b"refund.created" in e.got]
    assert json.loads(told.got)["data"][0]["data"]["object"]["object"] == "refund"
    problems = [problem for exchange in bench.exchanges for problem in types.problems(exchange)]
    assert problems == []
    assert len(bench.exchanges) > 300


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        pytest.param({"paid": None}, "paid", id="not-nullable"),
        pytest.param({"amount": "4900"}, "'4900'", id="type"),
        pytest.param({"status": "done"}, "done", id="enum"),
        pytest.param({"colour": "red"}, "colour", id="unknown"),
        pytest.param({"outcome": {"type": "authorized", "mood": 1}}, "mood", id="unknown-inside"),
        pytest.param(
            {"payment_method_details": {"card": None}}, "payment_method_details", id="missing-inside"
        ),
    ],
)
async def test_the_types_find_what_does_not_fit(
    bench: Bench, types: Description, wrong: dict[str, object], word: str
) -> None:
    await bench.stripe.charge("ch_mara_first")
    [good] = bench.exchanges
    assert types.problems(good) == []
    bad = replace(good, got=json.dumps({**json.loads(good.got), **wrong}).encode())
    assert any(word in problem for problem in types.problems(bad))


async def test_every_operation_of_the_door_was_checked(bench: Bench, types: Description) -> None:
    routes = {(method.lower(), path) for method, path in door.ROUTES}
    assert routes == {(method, path) for method, path, _ in OPERATIONS}


async def test_refusals_have_the_shape_the_sdk_reads(bench: Bench, types: Description) -> None:
    await be_refused(bench)
    failed = [e for e in bench.exchanges if e.status >= 400]
    assert len(failed) == 10 + 1
    for exchange in failed:
        error = json.loads(exchange.got)["error"]
        assert error["type"] in ("invalid_request_error", "idempotency_error")
        assert error["message"]
        assert exchange.got_headers["request-id"].startswith("req_")
    described = [e for e in failed if e.path != "/v1/nothing" and "colour" not in e.query]
    told = [p for e in described for p in types.problems(e) if "request" not in p]
    assert told == []


async def test_our_writes_carry_key_version_and_action(bench: Bench) -> None:
    await write_everything(bench.stripe)
    writes = [e for e in bench.exchanges if e.method == "POST" and e.path != PREVIEW]
    assert len(writes) == 9
    for exchange in writes:
        assert exchange.sent_headers["idempotency-key"].startswith("remit-act_")
        assert exchange.sent_headers["stripe-version"] == door.API_VERSION
        assert exchange.sent_headers["authorization"] == "Bearer k"
        assert "x-stripe-client-telemetry" not in exchange.sent_headers
    refunds = [e.sent.decode() for e in writes if e.path == "/v1/refunds"]
    assert all("amount=" in sent and "metadata[action_id]=act_" in sent for sent in refunds)


@pytest.mark.skipif(not OLD.exists(), reason="the official descriptions are not beside the checkout")
async def test_charges_refunds_and_customers_fit_the_official_description(bench: Bench) -> None:
    official = Grown(OLD)
    await read_everything(bench.stripe)
    await write_everything(bench.stripe)
    await ask_for_the_rest(bench.client)
    checked = [e for e in bench.exchanges if e.path.startswith(STILL_TRUE)]
    problems = {p for e in checked for p in official.problems(e)}
    assert problems == set()
    assert len(checked) > 200


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the official examples are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("charge", ChargeWire),
        ("refund", RefundWire),
        ("invoice", InvoiceWire),
        ("subscription", SubscriptionWire),
        ("customer", CustomerWire),
        ("price", PriceWire),
        ("dispute", DisputeWire),
        ("customer_balance_transaction", CreditWire),
        ("billing_portal.session", PortalWire),
    ],
)
def test_the_adapter_reads_the_official_examples(name: str, wire: type[Wire]) -> None:
    assert read(wire, json.loads(EXAMPLES.read_text())["resources"][name])


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the official examples are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "path", "older"),
    [
        ("charge", "/v1/charges/ch_mara_first", {"refunds"}),
        ("refund", "/v1/refunds/re_vera_main_1", {"customer", "customer_account", "payment_method"}),
        ("invoice", "/v1/invoices/in_paul_1", {"subscription"}),
        ("subscription", "/v1/subscriptions/sub_paul", set()),
        ("customer", "/v1/customers/cus_paul", set()),
        ("price", "/v1/prices/price_team_year", set()),
        ("product", "/v1/products/prod_team", set()),
        ("dispute", "/v1/disputes/dp_ugo_main", set()),
        ("balance_transaction", "/v1/balance_transactions/txn_ch_mara_first", set()),
        ("payment_intent", "/v1/payment_intents/pi_mara_first", {"managed_payments"}),
    ],
)
async def test_the_door_leaves_out_no_field_of_the_official_examples(
    bench: Bench, name: str, path: str, older: set[str]
) -> None:
    official = json.loads(EXAMPLES.read_text())["resources"][name]
    assert official.keys() - (await bench.client.get(path)).json().keys() == older
