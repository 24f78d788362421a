"""Pages: reachable, escaped, free of inline script and style, under one policy of headers."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from web_bench import client, colleague, customer, opened, say, shown

from service.app import create_app
from service.build import House
from service.parts import ServiceParts
from service.render import STATIC

pytestmark = pytest.mark.asyncio(loop_scope="session")
PUBLIC = ("/demo", "/chat", "/chat?page=billing", "/login")
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE
)
HEADERS = {
    "content-security-policy": "default-src 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


def check(html: str) -> None:
    """What holds for every page."""
    assert not INLINE.search(html)
    assert html.count("<h1") == 1
    assert '<html lang="en">' in html
    assert 'id="main"' in html
    for asset in re.findall(r'(?:src|href)="/static/([^"]+)"', html):
        assert (STATIC / asset).is_file(), asset
    for form in re.findall(r'<form method="post".*?</form>', html, re.DOTALL):
        assert 'action="/login"' in form or "/demo/" in form or 'name="csrf"' in form


@pytest.mark.parametrize("path", PUBLIC)
async def test_public_page_is_sound(web: FastAPI, path: str) -> None:
    async with client(web) as nobody:
        answer = await nobody.get(path)
    assert answer.status_code == 200
    check(answer.text)


@pytest.mark.parametrize("path", ["/console", "/console/rows", "/console/actions/act_1", "/ops"])
async def test_console_sends_nobody_to_the_login(web: FastAPI, path: str) -> None:
    async with client(web) as nobody:
        answer = await nobody.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"


@pytest.mark.parametrize("login", ["approver", "ops", "evaluator"])
@pytest.mark.parametrize("path", ["/console", "/ops"])
async def test_console_page_is_sound(home: House, web: FastAPI, login: str, path: str) -> None:
    async with colleague(home, web, login) as one:
        answer = await one.get(path)
    assert answer.status_code == 200
    check(answer.text)
    assert ("data-freeze" in answer.text) == (path == "/ops" and login == "ops")


async def waiting_action(home: House, web: FastAPI, mara: str, words: str) -> dict[str, Any]:
    async with customer(home, web, mara) as asks:
        conversation = await opened(asks)
        await say(home, asks, conversation, words, "key-00000001")
        card = next(body for kind, body in await shown(home, conversation) if kind == "confirm")
        await asks.post(f"/v1/actions/{card['action_id']}/confirm", json={"digest": card["digest"]})
    return card


async def test_action_page_shows_evidence_and_marks_the_asking_sentence(
    home: House, web: FastAPI, mara: str
) -> None:
    words = "Good evening. I was charged twice for order 1042 <script>alert(1)</script>. Best wishes."
    card = await waiting_action(home, web, mara, words)
    async with colleague(home, web, "approver") as approver:
        html = (await approver.get(f"/console/actions/{card['action_id']}")).text
        queue = (await approver.get("/console")).text
    check(html)
    check(queue)
    assert f'data-digest="{card["digest"]}"' in html
    assert "<mark>I was charged twice for order 1042" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "Refund $49.00" in queue
    assert 'data-do="approve"' in html
    assert 'data-kind="money"' in html
    assert ">$49.00<" in html


async def test_a_stop_is_said_on_every_page_it_concerns(home: House, web: FastAPI, mara: str) -> None:
    card = await waiting_action(home, web, mara, "I was charged twice for order 1042")
    stop = {"scope": "all", "key": "", "on": True, "reason": "Refunds look wrong"}
    pages = ("/console", "/console/rows", f"/console/actions/{card['action_id']}", "/ops")
    async with colleague(home, web, "ops") as ops:
        for on in (True, False):
            answer = await ops.post("/v1/switches", json={**stop, "on": on})
            assert answer.status_code == 200, answer.text
            for path in pages:
                assert ("Everything is stopped" in (await ops.get(path)).text) is on, path


async def test_a_claim_names_its_holder_and_its_end(home: House, web: FastAPI, mara: str) -> None:
    card = await waiting_action(home, web, mara, "I was charged twice for order 1042")
    async with colleague(home, web, "approver") as holder:
        await holder.get(f"/console/actions/{card['action_id']}")
        assert "has it until" not in row_of(card, (await holder.get("/console/rows")).text)
    async with colleague(home, web, "ops") as other:
        rows = (await other.get("/console/rows")).text
    assert re.search(r"\w+ has it until \d\d:\d\d UTC", row_of(card, rows))


def row_of(card: dict[str, Any], rows: str) -> str:
    """The queue's row of this card's action."""
    return rows.partition(f'data-id="{card["action_id"]}"')[2].partition("</li>")[0]


async def test_evaluator_sees_the_action_but_cannot_decide(home: House, web: FastAPI, mara: str) -> None:
    card = await waiting_action(home, web, mara, "I was charged twice for order 1042")
    async with colleague(home, web, "evaluator") as evaluator:
        html = (await evaluator.get(f"/console/actions/{card['action_id']}")).text
    assert "What will happen" in html
    assert "data-do=" not in html


async def test_missing_action_is_a_page_that_says_so(home: House, web: FastAPI) -> None:
    async with colleague(home, web, "approver") as approver:
        answer = await approver.get("/console/actions/act_none")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    check(answer.text)


@pytest.mark.parametrize(
    "path", [*PUBLIC, "/healthz", "/v1/actions", "/nothing", "/static/remit.css", "/a%00b"]
)
async def test_every_answer_carries_the_security_headers(web: FastAPI, path: str) -> None:
    async with client(web) as nobody:
        answer = await nobody.get(path)
    for name, value in HEADERS.items():
        if name == "cache-control" and path.startswith("/static/"):
            continue
        assert value in answer.headers[name]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        pytest.param("/ops", "/ops", id="own-page"),
        pytest.param("https://evil.example.com", "/console", id="another-site"),
        pytest.param("//evil.example.com", "/console", id="protocol-relative"),
        pytest.param("/\\evil.example.com", "/console", id="backslash"),
        pytest.param("javascript:alert(1)", "/console", id="script"),
    ],
)
async def test_login_goes_only_to_our_own_pages(home: House, web: FastAPI, asked: str, goes: str) -> None:
    from service.demo import logins

    person = logins(home.settings)[0]
    body = {"login": person.login, "password": person.password, "next": asked}
    async with client(web) as nobody:
        answer = await nobody.post("/login", data=body)
    assert answer.headers["location"] == goes
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("remit_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_guessing_a_password_gets_slow(web: FastAPI) -> None:
    async with client(web) as nobody:
        answers = [
            await nobody.post("/login", data={"login": "guess@example.com", "password": f"{n}"})
            for n in range(11)
        ]
    assert [a.status_code for a in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Login or password is wrong." in answers[0].text


async def test_login_from_another_site_is_refused(web: FastAPI) -> None:
    async with client(web) as nobody:
        answer = await nobody.post("/login", data={}, headers={"origin": "https://evil.example.com"})
    assert answer.status_code == 403


async def test_log_out_needs_the_forms_token_and_ends_the_session(home: House, web: FastAPI) -> None:
    async with colleague(home, web, "approver") as approver:
        token = approver.headers.pop("x-csrf-token")
        assert (await approver.post("/logout", data={"csrf": "guess"})).status_code == 403
        assert (await approver.post("/logout", data={"csrf": token})).status_code == 303
        assert (await approver.get("/console")).status_code == 303


async def test_demo_signs_in_a_customer_and_hands_out_tokens(home: House, web: FastAPI) -> None:
    async with client(web) as visitor:
        assert (await visitor.post("/demo/token")).status_code == 401
        answer = await visitor.post("/demo/sign-in", data={"customer": "u_noor"})
        assert answer.headers["location"] == "/chat"
        given = (await visitor.post("/demo/token")).json()
        headers = {"authorization": f"Bearer {given['token']}"}
        listed = await visitor.get("/v1/conversations", headers=headers)
        assert listed.json()["customer_name"].startswith("Noor")
        assert (await visitor.post("/demo/sign-in", data={"customer": "u_nobody"})).status_code == 404
        visitor.cookies.set("remit_demo_customer", "u_mara.0000")
        assert (await visitor.post("/demo/token")).status_code == 401


async def test_without_a_demo_there_is_none(home: House) -> None:
    built = home.service
    plain = ServiceParts(
        settings=built.settings, agent=built.agent, hub=built.hub, tokens=built.tokens, rates=built.rates
    )
    async with client(create_app(plain)) as nobody:
        assert (await nobody.get("/demo")).status_code == 404
        assert (await nobody.post("/demo/sign-in", data={"customer": "u_mara"})).status_code == 404
        assert (await nobody.get("/")).headers["location"] == "/console"


async def test_no_exclamation_marks_or_emoji_on_any_page(home: House, web: FastAPI) -> None:
    async with colleague(home, web, "ops") as ops:
        pages = [(await ops.get(path)).text for path in (*PUBLIC, "/console", "/ops")]
    for html in pages:
        words = re.sub(r"<[^>]*>", " ", html.partition("<body>")[2])
        assert not re.search(r"[!\U0001F300-\U0001FAFF]", words)


async def test_style_has_no_colour_outside_the_tokens() -> None:
    for sheet in ("console.css", "chat.css"):
        text = (STATIC / sheet).read_text()
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text), sheet
