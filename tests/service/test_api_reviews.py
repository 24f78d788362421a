"""A colleague's side of the API: what waits, one action with its evidence, decisions bound to what was shown."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from web_bench import client, colleague, customer, opened, say, shown

from service.build import House
from service.run import work

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def held(home: House, web: FastAPI, mara: str) -> AsyncIterator[dict[str, Any]]:
    """A refund the customer confirmed, waiting for a colleague."""
    async with customer(home, web, mara) as asks:
        conversation = await opened(asks)
        words = "Hello there. I was charged twice for order 1042, I want my money back. Thank you."
        await say(home, asks, conversation, words, "key-00000001")
        card = next(body for kind, body in await shown(home, conversation) if kind == "confirm")
        body = {"digest": card["digest"]}
        answer = await asks.post(f"/v1/actions/{card['action_id']}/confirm", json=body)
        assert answer.json()["kind"] == "held", answer.text
        yield {"id": card["action_id"], "conversation": conversation, "customer": mara}


async def test_approved_action_runs_once_and_says_by_whom(
    home: House, web: FastAPI, held: dict[str, Any]
) -> None:
    async with colleague(home, web, "approver") as approver:
        waiting = (await approver.get("/v1/actions")).json()["waiting"]
        entry = next(one for one in waiting if one["action_id"] == held["id"])
        assert entry["amount_text"] == "$49.00"
        detail = (await approver.get(f"/v1/actions/{held['id']}")).json()
        assert detail["args"]["amount"] == 4900
        assert detail["decidable"]
        body = {"digest": detail["digest"], "decision": "approve"}
        first = await approver.post(f"/v1/actions/{held['id']}/reviews", json=body)
        second = await approver.post(f"/v1/actions/{held['id']}/reviews", json=body)
        assert (first.status_code, second.status_code) == (200, 409)
        await work(home, wait=False)
        after = (await approver.get(f"/v1/actions/{held['id']}")).json()
    assert after["entry"]["state"] == "executed"
    assert after["receipt"]["reference"]
    assert "Approved" in [step["what"] for step in after["history"]]
    kinds = [kind for kind, _ in await shown(home, held["conversation"])]
    assert "waiting" in kinds
    assert "receipt" in kinds
    assert home.sandbox is not None
    effects = await home.sandbox.effects(held["customer"])
    assert [(e["kind"], e["amount"]) for e in effects] == [("refund", 4900)]


async def test_nothing_is_approved_that_was_not_opened_or_has_changed(
    home: House, web: FastAPI, held: dict[str, Any]
) -> None:
    async with colleague(home, web, "approver") as approver:
        path = f"/v1/actions/{held['id']}/reviews"
        unseen = await approver.post(path, json={"digest": "0" * 64, "decision": "approve"})
        await approver.get(f"/v1/actions/{held['id']}")
        other = await approver.post(path, json={"digest": "0" * 64, "decision": "approve"})
        missing = await approver.post(
            "/v1/actions/act_none/reviews", json={"digest": "0" * 64, "decision": "approve"}
        )
    assert (unseen.status_code, other.status_code, missing.status_code) == (409, 409, 404)


async def test_rejection_needs_a_reason_and_tells_the_customer(
    home: House, web: FastAPI, held: dict[str, Any]
) -> None:
    async with colleague(home, web, "approver") as approver:
        detail = (await approver.get(f"/v1/actions/{held['id']}")).json()
        path = f"/v1/actions/{held['id']}/reviews"
        body = {"digest": detail["digest"], "decision": "reject"}
        bare = await approver.post(path, json=body)
        unknown = await approver.post(path, json={**body, "reason_code": "bad_mood"})
        given = await approver.post(path, json={**body, "reason_code": "wrong_amount"})
    assert (bare.status_code, unknown.status_code, given.status_code) == (400, 422, 200)
    assert [kind for kind, _ in await shown(home, held["conversation"])][-1] == "refused"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"amount": 0}, "amount", id="nothing"),
        pytest.param({"amount": -4900}, "amount", id="negative"),
        pytest.param({"amount": 49.0}, "amount", id="fraction"),
        pytest.param({"amount": "4900"}, "amount", id="text"),
        pytest.param({"amount": True}, "amount", id="a-yes"),
        pytest.param({"charge_id": "../x"}, "charge_id", id="no-id"),
        pytest.param({"reason": "because"}, "reason", id="unknown-choice"),
        pytest.param({"approved": True}, "approved", id="extra-field"),
    ],
)
async def test_edit_that_does_not_fit_answers_in_its_field(
    home: House, web: FastAPI, held: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    async with colleague(home, web, "approver") as approver:
        detail = (await approver.get(f"/v1/actions/{held['id']}")).json()
        body = {
            "digest": detail["digest"],
            "decision": "edit",
            "args": {**detail["args"], **changes},
        }
        answer = await approver.post(f"/v1/actions/{held['id']}/reviews", json=body)
        assert answer.status_code == 422, answer.text
        assert field in answer.json()["error"]["fields"]
        assert (await approver.get(f"/v1/actions/{held['id']}")).json()["entry"]["state"] == "held"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"amount": 4901}, id="more-than-was-charged"),
        pytest.param({"amount": 2**40}, id="huge"),
        pytest.param({"currency": "eur"}, id="another-currency"),
        pytest.param({"charge_id": "ch_noor_a"}, id="somebody-elses-charge"),
    ],
)
async def test_edit_against_policy_is_refused_and_moves_nothing(
    home: House, web: FastAPI, held: dict[str, Any], changes: dict[str, Any]
) -> None:
    async with colleague(home, web, "approver") as approver:
        detail = (await approver.get(f"/v1/actions/{held['id']}")).json()
        args = {**detail["args"], **changes}
        body = {"digest": detail["digest"], "decision": "edit", "args": args}
        answer = await approver.post(f"/v1/actions/{held['id']}/reviews", json=body)
        await work(home, wait=False)
    assert 400 <= answer.status_code < 500, answer.text
    assert home.sandbox is not None
    assert await home.sandbox.effects(held["customer"]) == []


async def test_smaller_edit_is_asked_of_the_customer_again(
    home: House, web: FastAPI, held: dict[str, Any]
) -> None:
    async with colleague(home, web, "approver") as approver:
        detail = (await approver.get(f"/v1/actions/{held['id']}")).json()
        body = {"digest": detail["digest"], "decision": "edit", "args": {**detail["args"], "amount": 2500}}
        answer = await approver.post(f"/v1/actions/{held['id']}/reviews", json=body)
    assert answer.json()["state"] == "asked", answer.text
    kind, card = (await shown(home, held["conversation"]))[-1]
    assert kind == "confirm"
    assert card["action_id"] == answer.json()["action_id"] != held["id"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"x-csrf-token": ""}, 403, id="no-token"),
        pytest.param({"x-csrf-token": "guess"}, 403, id="wrong-token"),
        pytest.param({"origin": "https://evil.example.com"}, 403, id="another-origin"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="cross-site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="sister-site"),
        pytest.param({"origin": "null"}, 403, id="null-origin"),
        pytest.param({"origin": "http://testserver"}, 422, id="own-origin-reaches-the-check-of-the-body"),
    ],
)
async def test_request_from_another_site_decides_nothing(
    home: House, web: FastAPI, headers: dict[str, str], status: int
) -> None:
    async with colleague(home, web, "approver") as approver:
        answer = await approver.post("/v1/actions/act_x/reviews", json={}, headers=headers)
    assert answer.status_code == status


async def test_ops_freezes_everything_and_lets_it_run_again(home: House, web: FastAPI) -> None:
    async with colleague(home, web, "ops") as ops:
        body = {"scope": "all", "on": True, "reason": "a drill"}
        assert (await ops.post("/v1/switches", json=body)).status_code == 200
        thrown = (await ops.get("/v1/switches")).json()["switches"]
        assert any(s["scope"] == "all" and s["on"] and s["reason"] == "a drill" for s in thrown)
        assert "Everything is stopped" in (await ops.get("/ops")).text
        assert (await ops.post("/v1/switches", json={**body, "on": False})).status_code == 200
        assert (await ops.post("/v1/switches", json={**body, "reason": ""})).status_code == 422
        unknown = {"scope": "category", "key": "nope", "on": True, "reason": "a drill"}
        assert (await ops.post("/v1/switches", json=unknown)).status_code == 400


async def test_category_is_pulled_back_with_a_reason(home: House, web: FastAPI) -> None:
    async with colleague(home, web, "ops") as ops:
        path = "/v1/standings/duplicate_charge/demote"
        assert (await ops.post(path, json={"reason": "drifting"})).status_code == 200
        assert (await ops.post(path, json={})).status_code == 422
        missing = await ops.post("/v1/standings/nope/demote", json={"reason": "drifting"})
        assert missing.status_code == 404
        standings = (await ops.get("/v1/standings")).json()["standings"]
    assert {s["category"]: s["standing"] for s in standings}["duplicate_charge"] == "observation"
    assert len(standings) == 21


async def test_expired_login_gets_a_clear_answer(home: House, web: FastAPI) -> None:
    async with client(web, cookies={"remit_session": "gone"}) as nobody:
        answer = await nobody.get("/v1/actions")
    assert answer.status_code == 401
    assert answer.json()["error"]["next"]
