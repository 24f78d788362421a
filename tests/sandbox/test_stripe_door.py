"""Stripe's door by itself: authentication, keys, refusals, pages, prorations; judged by the ledger."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from core.clock import StillClock
from tools.sandbox.faults import Faults, faulty
from tools.sandbox.people import PEOPLE
from tools.sandbox.stripe import door
from tools.sandbox.stripe.seed import seed
from tools.sandbox.world import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = {"Authorization": "Bearer k"}


@dataclass
class Bench:
    clock: StillClock
    world: World
    faults: Faults
    client: httpx.AsyncClient

    async def post(self, path: str, *, key: str | None = None, **form: object) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.client.post(path, data={n: str(v) for n, v in form.items()}, headers=headers)

    async def refund(
        self, amount: int | None = 100, *, charge: str = "ch_mara_first", key: str | None = "k1"
    ) -> Any:
        more = {} if amount is None else {"amount": amount}
        return await self.post("/v1/refunds", key=key, charge=charge, **more)

    @property
    def moved(self) -> list[tuple[str, int | None]]:
        return [(e.object, e.amount) for e in self.world.ledger]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = StillClock(NOW)
    world, faults = World(clock=clock), Faults()
    async with world.change() as change:
        for person in PEOPLE:
            seed(change, person)
    app = faulty(door.app(world, faults, key="k"), "stripe", faults, own=frozenset({"saved_500"}))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://stripe.test", headers=KEY) as client:
        yield Bench(clock, world, faults, client)


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"].get("code")


@pytest.mark.parametrize("given", ["", "Bearer wrong", "Basic aw==", "k"])
async def test_the_door_wants_its_key(bench: Bench, given: str) -> None:
    answer = await bench.client.get("/v1/charges", headers={"Authorization": given})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_a_key_is_good_for_one_refund(bench: Bench) -> None:
    first, again = await bench.refund(), await bench.refund()
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["request-id"] == first.headers["request-id"]
    assert bench.moved == [("ch_mara_first", 100)]
    assert (await bench.refund(key="k2")).json()["id"] != first.json()["id"]
    assert (await bench.refund(key=None)).status_code == 200
    assert len(bench.moved) == 3


async def test_other_parameters_under_a_key_are_an_error(bench: Bench) -> None:
    await bench.refund(100)
    other = await bench.refund(200)
    assert other.status_code == 400
    assert other.json()["error"]["type"] == "idempotency_error"
    assert bench.moved == [("ch_mara_first", 100)]


async def test_a_refusal_is_kept_but_a_wrong_parameter_is_not(bench: Bench) -> None:
    refused = await bench.refund(9999, key="k1")
    assert (await bench.refund(9999, key="k1")).headers["idempotent-replayed"] == "true"
    assert refused.status_code == 400
    assert (await bench.refund(0, key="k2")).status_code == 400
    assert (await bench.refund(100, key="k2")).status_code == 200


async def test_a_500_is_kept(bench: Bench) -> None:
    bench.faults.plan("stripe", "/v1/refunds", "saved_500")
    assert [(await bench.refund()).status_code for _ in range(3)] == [500, 500, 500]
    assert bench.moved == []
    assert (await bench.refund(key="k2")).status_code == 200


async def test_a_key_is_forgotten_after_a_day(bench: Bench) -> None:
    await bench.refund()
    bench.clock.move(timedelta(hours=23, minutes=59))
    await bench.refund()
    assert len(bench.moved) == 1
    bench.clock.move(timedelta(minutes=2))
    await bench.refund()
    assert len(bench.moved) == 2


async def test_a_key_in_use_is_a_conflict(bench: Bench) -> None:
    async with bench.world.change():
        both = [asyncio.create_task(bench.refund()) for _ in range(2)]
        done, waiting = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert [code(task.result()) for task in done] == [(409, "idempotency_key_in_use")]
    assert [(await task).status_code for task in waiting] == [200]
    assert len(bench.moved) == 1
    assert (await bench.refund()).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("charge", "amount", "expected"),
    [
        pytest.param("ch_mara_first", 4901, (400, None), id="more-than-paid"),
        pytest.param("ch_wim_main", 5001, (400, None), id="more-than-left"),
        pytest.param("ch_vera_main", 1, (400, "charge_already_refunded"), id="refunded"),
        pytest.param("ch_vera_main", None, (400, "charge_already_refunded"), id="nothing-left"),
        pytest.param("ch_ugo_main", 1, (400, "charge_disputed"), id="disputed"),
        pytest.param("ch_ines_failed", 1, (400, None), id="never-paid"),
        pytest.param("ch_nobody", 1, (404, "resource_missing"), id="missing"),
        pytest.param("ch_mara_first", 0, (400, "parameter_invalid_integer"), id="zero"),
        pytest.param("ch_mara_first", -5, (400, "parameter_invalid_integer"), id="negative"),
        pytest.param("ch_mara_first", "49.00", (400, "parameter_invalid_integer"), id="decimal"),
    ],
)
async def test_refunds_that_are_refused(
    bench: Bench, charge: str, amount: Any, expected: tuple[int, str | None]
) -> None:
    assert code(await bench.refund(amount, charge=charge)) == expected
    assert bench.moved == []


@pytest.mark.parametrize(("charge", "left"), [("ch_mara_first", 4900), ("ch_wim_main", 5000)])
async def test_an_omitted_amount_refunds_all_that_is_left(bench: Bench, charge: str, left: int) -> None:
    assert (await bench.refund(None, charge=charge)).json()["amount"] == left
    assert bench.moved == [(charge, left)]
    assert (await bench.client.get(f"/v1/charges/{charge}")).json()["refunded"] is True


async def test_refunds_never_exceed_what_was_paid(bench: Bench) -> None:
    answers = await asyncio.gather(*(bench.refund(1000, key=f"k{n}") for n in range(8)))
    assert sorted(a.status_code for a in answers) == [200] * 4 + [400] * 4
    assert sum(amount or 0 for _, amount in bench.moved) == 4000


async def test_pages(bench: Bench) -> None:
    ids: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (
            await bench.client.get("/v1/charges", params={"customer": "cus_cleo", "limit": "2", **after})
        ).json()
        ids += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        after = {"starting_after": ids[-1]}
    assert ids == ["ch_cleo_c0", "ch_cleo_c1", "ch_cleo_c2", "ch_cleo_c3"]
    back = await bench.client.get("/v1/charges", params={"customer": "cus_cleo", "ending_before": ids[2]})
    assert [row["id"] for row in back.json()["data"]] == ids[:2]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/v1/charges?limit=101", (400, "parameter_invalid_integer"), id="limit"),
        pytest.param("/v1/charges?colour=red", (400, "parameter_unknown"), id="unknown"),
        pytest.param("/v1/charges?starting_after=ch_x", (404, "resource_missing"), id="place"),
        pytest.param("/v1/charges/ch_x", (404, "resource_missing"), id="charge"),
        pytest.param("/v1/customers/cus_x", (404, "resource_missing"), id="customer"),
        pytest.param("/v1/customers/search?query=name:'x'", (400, None), id="query"),
        pytest.param("/v1/unknown", (404, None), id="path"),
        pytest.param("/v1/subscriptions?expand[0]=data.items.data.price.product", (400, None), id="depth"),
    ],
)
async def test_reads_that_are_refused(bench: Bench, path: str, expected: tuple[int, str | None]) -> None:
    assert code(await bench.client.get(path)) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"content": b"\xff\xfe", "headers": {"content-type": "application/x-www-form-urlencoded"}},
            id="binary",
        ),
        pytest.param({"json": {"charge": "ch_mara_first"}}, id="json"),
        pytest.param({"data": {"charge[": "x"}}, id="brackets"),
        pytest.param({"data": {"charge": "x", "charge[a]": "y"}}, id="mixed"),
        pytest.param({"data": {"metadata": "x", "charge": "ch_mara_first"}}, id="metadata"),
        pytest.param({}, id="empty"),
    ],
)
async def test_bodies_that_make_no_sense(bench: Bench, body: dict[str, Any]) -> None:
    assert (await bench.client.post("/v1/refunds", **body)).status_code == 400
    assert bench.moved == []


async def test_a_refused_change_leaves_nothing_of_itself(bench: Bench) -> None:
    async with bench.world.change() as change:
        row = change.get("stripe.price", "price_team_year")
        assert row is not None
        change.put("stripe.price", "price_team_year", {**row, "active": False})
    answer = await bench.post(
        "/v1/subscriptions/sub_olga",
        key="k1",
        **{"cancel_at_period_end": "true", "items[0][id]": "si_olga", "items[0][price]": "price_team_year"},
    )
    assert answer.status_code == 400
    assert bench.moved == []
    assert (await bench.client.get("/v1/subscriptions/sub_olga")).json()["cancel_at_period_end"] is False


async def test_a_preview_costs_what_the_change_then_costs(bench: Bench) -> None:
    item = {"items[0][id]": "si_olga", "items[0][price]": "price_team_month"}
    nested = {f"subscription_details[{k.split('[')[0]}][{k.split('[', 1)[1]}": v for k, v in item.items()}
    preview = await bench.post(
        "/v1/invoices/create_preview",
        subscription="sub_olga",
        **{**nested, "subscription_details[proration_behavior]": "always_invoice"},
    )
    # 15 of 30 days are left: half of $19 back, half of $49 due.
    assert [line["amount"] for line in preview.json()["lines"]["data"]] == [-950, 2450]
    assert bench.moved == []
    changed = await bench.post("/v1/subscriptions/sub_olga", proration_behavior="always_invoice", **item)
    assert changed.json()["items"]["data"][0]["price"]["id"] == "price_team_month"
    assert bench.moved == [("sub_olga", preview.json()["total"])] == [("sub_olga", 1500)]
    invoice = (await bench.client.get(f"/v1/invoices/{changed.json()['latest_invoice']}")).json()
    assert (invoice["status"], invoice["total"]) == ("paid", 1500)


async def test_a_downgrade_credits_the_balance(bench: Bench) -> None:
    await bench.post(
        "/v1/subscriptions/sub_paul",
        proration_behavior="always_invoice",
        **{"items[0][id]": "si_paul", "items[0][price]": "price_starter_month"},
    )
    assert bench.moved == [("sub_paul", -1500)]
    assert (await bench.client.get("/v1/customers/cus_paul")).json()["balance"] == -1500


async def test_another_interval_starts_a_new_period(bench: Bench) -> None:
    await bench.post(
        "/v1/subscriptions/sub_paul",
        proration_behavior="always_invoice",
        **{"items[0][id]": "si_paul", "items[0][price]": "price_team_year"},
    )
    assert bench.moved == [("sub_paul", 49_000 - 2450)]
    item = (await bench.client.get("/v1/subscriptions/sub_paul")).json()["items"]["data"][0]
    assert item["current_period_start"] == int(NOW.timestamp())
    assert item["current_period_end"] - item["current_period_start"] == 365 * 86_400


async def test_cancelling_twice_is_one_effect(bench: Bench) -> None:
    for _ in range(2):
        answer = await bench.post("/v1/subscriptions/sub_paul", cancel_at_period_end="true")
        assert answer.json()["cancel_at_period_end"] is True
    assert [e.kind for e in bench.world.ledger] == ["subscription_cancel"]
    assert (await bench.client.delete("/v1/subscriptions/sub_paul")).json()["status"] == "canceled"
    assert (await bench.client.delete("/v1/subscriptions/sub_paul")).status_code == 400
    assert [e.kind for e in bench.world.ledger] == ["subscription_cancel", "subscription_cancel"]
    listed = (await bench.client.get("/v1/subscriptions?customer=cus_paul")).json()["data"]
    everything = (await bench.client.get("/v1/subscriptions?customer=cus_paul&status=all")).json()["data"]
    assert (len(listed), len(everything)) == (0, 1)


async def test_a_price_without_the_items_id_would_be_a_second_item(bench: Bench) -> None:
    answer = await bench.post("/v1/subscriptions/sub_paul", **{"items[0][price]": "price_team_year"})
    assert code(answer) == (400, "resource_missing")


async def test_only_finished_invoices_are_sent(bench: Bench) -> None:
    async with bench.world.change() as change:
        row = change.get("stripe.invoice", "in_paul_1")
        assert row is not None
        change.put("stripe.invoice", "in_paul_1", {**row, "status": "void"})
    assert (await bench.post("/v1/invoices/in_paul_1/send")).status_code == 400
    assert (await bench.post("/v1/invoices/in_paul_2/send", key="k")).status_code == 200
    assert (await bench.post("/v1/invoices/in_paul_2/send", key="k")).status_code == 200
    assert [(e.kind, e.object) for e in bench.world.ledger] == [("invoice_send", "in_paul_2")]
