"""The web service as its callers meet it: customers with tokens, colleagues with sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from service.build import House
from service.demo import logins
from service.tokens import mint
from store import events

BASE = "http://testserver"


def client(app: FastAPI, **more: Any) -> httpx.AsyncClient:
    """A client of the application in this process; a server's bug becomes a 500, as on the wire."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=BASE, **more)


def token_for(home: House, sub: str, **more: int) -> str:
    """What the host app hands out."""
    service = home.service
    assert service.demo is not None
    settings = service.settings
    return mint(
        service.demo.key,
        sub,
        service.clock.now(),
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        **more,
    )


@asynccontextmanager
async def customer(home: House, app: FastAPI, sub: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that carries this customer's token."""
    async with client(app, headers={"authorization": f"Bearer {token_for(home, sub)}"}) as made:
        yield made


@asynccontextmanager
async def colleague(home: House, app: FastAPI, login: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with this colleague's session and CSRF token, as their page has them."""
    person = next(p for p in logins(home.settings) if p.login.startswith(f"{login}@"))
    async with client(app, headers={"sec-fetch-site": "same-origin"}) as made:
        answer = await made.post("/login", data={"login": person.login, "password": person.password})
        assert answer.status_code == 303, answer.text
        page = (await made.get("/console")).text
        made.headers["x-csrf-token"] = page.partition('name="csrf" content="')[2].partition('"')[0]
        yield made


async def opened(asks: httpx.AsyncClient, page: str = "") -> str:
    """A new conversation's id."""
    answer = await asks.post("/v1/conversations", json={"page": page})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def say(home: House, asks: httpx.AsyncClient, conversation: str, text: str, key: str) -> httpx.Response:
    """Posts a message and waits until its turn is over."""
    answer = await asks.post(f"/v1/conversations/{conversation}/messages", json={"text": text, "key": key})
    await home.service.turns.ended(f"turn of {conversation}")
    return answer


async def shown(home: House, conversation: str) -> list[tuple[str, dict[str, Any]]]:
    """Every event of a conversation, as the page gets them."""
    async with home.service.store.begin() as work:
        return [(row.kind, row.body) for row in await events.after(work, conversation, 0)]
