"""Tokens at the door: every bad one gets the very same answer, and a good one counts only from sites that may use it."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from test_auth_tokens import BAD, GOOD, NOW, signed, tokens
from web_bench import client

from core.clock import StillClock
from service.app import create_app
from service.build import House

pytestmark = pytest.mark.asyncio(loop_scope="session")
SHOP = "https://shop.example.com"
DOORS = ("/v1/conversations", "/v1/conversations/con_x/events")


@pytest.fixture
def door(home: House) -> FastAPI:
    """The application with the host keys of these tests, at their time, open to one other site."""
    settings = home.service.settings.model_copy(update={"token_origins": f"{SHOP},https://www.example.com"})
    agent = home.service.agent
    then = replace(agent, approvals=replace(agent.approvals, clock=StillClock(NOW)))
    return create_app(replace(home.service, tokens=tokens(), agent=then, settings=settings))


async def test_every_mutation_of_a_token_gets_one_and_the_same_answer(door: FastAPI) -> None:
    assert len(BAD) >= 40
    async with client(door) as nobody:
        answers = {
            (name, path): await nobody.get(path, headers={b"authorization": _bearer(make())})
            for name, make in BAD.items()
            for path in DOORS
        }
        no_token = await nobody.get(DOORS[0])
        good = await nobody.get(DOORS[0], headers={"authorization": f"Bearer {signed(GOOD)}"})
    assert {key: a.status_code for key, a in answers.items() if a.status_code != 401} == {}
    assert {a.content for a in answers.values()} == {no_token.content}
    assert {tuple(sorted(a.headers.items())) for a in answers.values()} == {
        tuple(sorted(no_token.headers.items()))
    }
    assert good.status_code == 200, good.text


def _bearer(token: str) -> bytes:
    return b"Bearer " + token.encode("latin-1", "replace")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        pytest.param(None, 201, id="no-browser"),
        pytest.param("http://testserver", 201, id="our-own-site"),
        pytest.param(SHOP, 201, id="a-listed-site"),
        pytest.param("https://www.example.com", 201, id="the-other-listed-site"),
        pytest.param("http://shop.example.com", 403, id="listed-without-tls"),
        pytest.param("https://shop.example.com:8443", 403, id="another-port"),
        pytest.param("https://shop.example.com.attacker.example", 403, id="a-longer-name"),
        pytest.param("https://attacker.example", 403, id="not-listed"),
        pytest.param("null", 403, id="null"),
    ],
)
async def test_a_token_counts_from_sites_that_may_use_it(
    door: FastAPI, origin: str | None, status: int
) -> None:
    headers = {"authorization": f"Bearer {signed(GOOD)}"} | ({} if origin is None else {"origin": origin})
    async with client(door) as asks:
        answer = await asks.post("/v1/conversations", json={"page": ""}, headers=headers)
        read = await asks.get("/v1/conversations", headers=headers)
    assert answer.status_code == status, answer.text
    assert (read.status_code == 403) is (status == 403)
    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed == (origin if status == 201 and origin not in (None, "http://testserver") else None)


async def test_a_listed_site_may_ask_first_and_gets_no_cookies(door: FastAPI) -> None:
    async with client(door) as browser:
        listed = await browser.options("/v1/conversations", headers={"origin": SHOP})
        other = await browser.options("/v1/conversations", headers={"origin": "https://attacker.example"})
    assert listed.status_code == 204
    assert "authorization" in listed.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in listed.headers
    assert "access-control-allow-origin" not in other.headers


async def test_a_colleagues_session_counts_from_our_own_site_only(door: FastAPI) -> None:
    async with client(door, cookies={"remit_session": "guess"}, headers={"origin": SHOP}) as browser:
        answer = await browser.post("/v1/switches", json={"scope": "all", "on": True, "reason": "x"})
    assert answer.status_code == 403
