"""Ops pages for every role: anybody logged in may read, only ops may move, and only with a reason and a fresh login."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from test_pages import check
from web_bench import client, colleague, customer

from evals.earned import earn
from service.build import House
from store.columns import table
from store.tables.people import SessionRow

pytestmark = pytest.mark.asyncio(loop_scope="session")
_SESSION = table(SessionRow)
# Nobody else in this folder looks where this category stands.
CATEGORY = "feature_request"
REASON = {"reason": "Five hundred clean tickets"}


@pytest.mark.parametrize("login", ["approver", "ops", "evaluator"])
@pytest.mark.parametrize("category", ["refund_request", "mfa_reset", "account_deletion"])
async def test_category_page_is_sound_and_offers_moves_to_ops_only(
    home: House, web: FastAPI, login: str, category: str
) -> None:
    async with colleague(home, web, login) as one:
        html = (await one.get(f"/ops/categories/{category}")).text
    check(html)
    assert "May it run alone?" in html
    assert ("data-freeze" in html) == (login == "ops")
    assert ("data-switch" in html) == (login == "ops")


async def test_a_category_that_does_not_exist_is_a_page_that_says_so(home: House, web: FastAPI) -> None:
    async with colleague(home, web, "ops") as ops:
        answer = await ops.get("/ops/categories/nothing")
    assert answer.status_code == 404
    check(answer.text)


async def test_nobody_moves_a_category_without_the_role(home: House, web: FastAPI, anybody: str) -> None:
    path = f"/v1/standings/{CATEGORY}/graduate"
    async with client(web) as nobody, customer(home, web, anybody) as asks:
        assert (await nobody.post(path, json=REASON)).status_code == 401
        assert (await asks.post(path, json=REASON)).status_code == 401
    for login in ("approver", "evaluator"):
        async with colleague(home, web, login) as one:
            assert (await one.post(path, json=REASON)).status_code == 403


async def test_a_category_is_not_moved_up_without_evidence(home: House, web: FastAPI) -> None:
    async with colleague(home, web, "ops") as ops:
        answer = await ops.post("/v1/standings/invoice_request/graduate", json=REASON)
    assert answer.status_code == 409
    assert "reviewed" in answer.json()["error"]["message"]


async def test_a_graduation_wants_a_reason_and_a_fresh_login_and_one_click_takes_it_back(
    home: House, web: FastAPI
) -> None:
    await earn(home.service.approvals, CATEGORY, "autonomous_20", spare=400)
    path = f"/v1/standings/{CATEGORY}"
    async with colleague(home, web, "ops") as ops:
        html = (await ops.get(f"/ops/categories/{CATEGORY}")).text
        check(html)
        assert f'data-graduate="{CATEGORY}"' in html
        assert f'data-demote="{CATEGORY}"' in html
        assert '<polyline class="line"' in html
        assert (await ops.post(f"{path}/graduate", json={"reason": "x"})).status_code == 422
        async with home.service.store.begin() as work:
            old = work.now - timedelta(minutes=16)
            await work.run(update(_SESSION).values(authenticated_at=old))
        stale = await ops.post(f"{path}/graduate", json=REASON)
        assert stale.status_code == 403
        assert "Log in again" in stale.json()["error"]["message"]
    async with colleague(home, web, "ops") as ops:
        moved = await ops.post(f"{path}/graduate", json=REASON)
        assert moved.json() == {"standing": "autonomous_5"}, moved.text
        assert "Alone, 5 %" in (await ops.get("/ops")).text
        back = await ops.post(f"{path}/demote", json={"reason": "Pulled back with one click."})
        assert back.status_code == 200
        html = (await ops.get(f"/ops/categories/{CATEGORY}")).text
        assert "data-demote" not in html
        assert "Pulled back with one click." in html
        assert "Tomas Berg" in html
