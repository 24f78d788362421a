"""The numbers as people and programs get them: every page opens, every number opens its rows, exports stay inert."""

import csv
import io
from html import unescape

import pytest
from fastapi import FastAPI
from test_pages import check
from web_bench import client, colleague, customer, opened, say

from insights.measures import MEASURES
from service.build import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ended(home: House, web: FastAPI, who: str) -> str:
    """A conversation that the agent ended alone."""
    async with customer(home, web, who) as asks:
        conversation = await opened(asks)
        await say(home, asks, conversation, "Where is my order?", "key-00000001")
        await say(home, asks, conversation, "thanks", "key-00000002")
    return conversation


@pytest.mark.parametrize(
    "path", ["/ops/numbers", "/ops/numbers.csv", "/ops/numbers/deflected", "/ops/conversations/x"]
)
async def test_nobody_sees_numbers_without_a_login(web: FastAPI, path: str) -> None:
    async with client(web) as nobody:
        answer = await nobody.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", ["/v1/numbers", "/v1/numbers/deflected/rows"])
async def test_the_api_wants_a_colleague(home: House, web: FastAPI, anybody: str, path: str) -> None:
    async with client(web) as nobody, customer(home, web, anybody) as asks:
        assert (await nobody.get(path)).status_code == 401
        assert (await asks.get(path)).status_code == 401


@pytest.mark.parametrize("login", ["approver", "ops", "evaluator"])
async def test_numbers_page_is_sound_for_every_colleague(home: House, web: FastAPI, login: str) -> None:
    async with colleague(home, web, login) as one:
        for path in ("/ops/numbers", "/ops/numbers?days=90&category=refund_request"):
            html = (await one.get(path)).text
            check(html)
            assert ("data-freeze" in html) == (login == "ops")
            for measure in MEASURES.values():
                assert measure.title in unescape(html)


async def test_every_number_opens_its_definition_and_rows(home: House, web: FastAPI, anybody: str) -> None:
    conversation = await ended(home, web, anybody)
    async with colleague(home, web, "ops") as ops:
        for key, measure in MEASURES.items():
            html = (await ops.get(f"/ops/numbers/{key}?days=30")).text
            check(html)
            assert measure.definition in unescape(html)
        html = (await ops.get("/ops/numbers/first_response_agent")).text
        assert f"/ops/conversations/{conversation}" in html
        assert '<polyline class="line"' in html or '<circle class="dot"' in html
        read = await ops.get(f"/ops/conversations/{conversation}")
    check(read.text)
    assert "Where is my order?" in read.text


@pytest.mark.parametrize(
    "path",
    [
        "/ops/numbers/nothing",
        "/ops/numbers/nothing/rows.csv",
        "/ops/numbers?category=nothing",
        "/ops/conversations/con_none",
        "/v1/numbers/nothing/rows",
        "/v1/numbers?category=nothing",
    ],
)
async def test_what_does_not_exist_is_said(home: House, web: FastAPI, path: str) -> None:
    async with colleague(home, web, "ops") as ops:
        answer = await ops.get(path)
    assert answer.status_code == 404
    assert "There is no" in answer.text


@pytest.mark.parametrize("query", ["days=0", "days=366", "days=x", "offset=-1"])
async def test_a_stretch_that_makes_no_sense_is_refused(home: House, web: FastAPI, query: str) -> None:
    async with colleague(home, web, "ops") as ops:
        assert (await ops.get(f"/v1/numbers/deflected/rows?{query}")).status_code == 422


async def test_page_api_and_exports_tell_the_same(home: House, web: FastAPI, anybody: str) -> None:
    await ended(home, web, anybody)
    async with colleague(home, web, "evaluator") as one:
        api = (await one.get("/v1/numbers?days=7")).json()
        page = (await one.get("/ops/numbers.json?days=7")).json()
        text = (await one.get("/ops/numbers.csv?days=7")).text
        rows = (await one.get("/v1/numbers/resolved_alone/rows?days=7")).json()
        sheet = (await one.get("/ops/numbers/resolved_alone/rows.csv?days=7")).text
    assert [n["of"] for n in api["numbers"]] == [n["of"] for n in page["numbers"]]
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [int(line["of"]) for line in lines] == [n["of"] for n in api["numbers"]]
    ended_here = next(
        n["of"] for n in api["numbers"] if n["measure"] == "resolved_alone" and not n["category"]
    )
    listed = list(csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff"))))
    assert len(listed) == ended_here
    assert [r["id"] for r in rows["rows"]] == [r["id"] for r in listed[:50]]
