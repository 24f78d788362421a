"""A customer and a colleague as a script plays them: through the real API, with a real token and a real login."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from core.errors import RemitError, Unavailable
from core.ids import new_id
from service.build import House
from service.parts import ServiceParts
from service.tokens import mint
from store import events
from store.tables.conversation import EventRow

_BASE = "http://testserver"
_PATIENCE = 60.0
# Looks soon at first and ever less often, so that waiting costs the database little.
_FIRST_TICK, _SLOWER, _LONGEST_TICK = 0.01, 1.5, 0.2
_OPEN_JOBS = text(
    """
    select count(*) from procrastinate_jobs j
    where j.status in ('todo', 'doing') and j.task_name <> 'finish_turn'
      and (j.scheduled_at is null or j.scheduled_at <= now() + interval '20 seconds')
      and (j.args ->> 'conversation_id' = :c
        or j.args ->> 'action_id' in (select id from action where conversation_id = :c)
        or j.args ->> 'outbox_id' in (select id from outbox where conversation_id = :c))
    """
)


class Refused(RemitError):
    """The API said no; `status` and the sentence are its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Customer:
    """One customer in one conversation."""

    def __init__(self, app: FastAPI, house: House, external_id: str, *, mailbox: str | None = None) -> None:
        self.id = external_id
        self._mailbox = mailbox
        self._house = house
        self._client = _client(app)
        self.conversation_id = ""

    async def __aenter__(self) -> "Customer":
        self._client.headers["authorization"] = f"Bearer {self._token()}"
        opened = await self._post("/v1/conversations", {"page": "billing"})
        self.conversation_id = opened["id"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def say(self, words: str) -> None:
        """Writes a message and waits until the agent has answered it."""
        await self._post(
            f"/v1/conversations/{self.conversation_id}/messages", {"text": words, "key": new_id("k")}
        )
        await self._house.service.turns.ended(f"turn of {self.conversation_id}")

    async def confirm(self) -> dict[str, Any]:
        """Presses Confirm on the open card."""
        card = await self.card("confirm")
        return await self._post(f"/v1/actions/{card['action_id']}/confirm", {"digest": card["digest"]})

    async def decline(self) -> dict[str, Any]:
        """Presses "Not this" on the open card."""
        card = await self.card("confirm")
        return await self._post(f"/v1/actions/{card['action_id']}/decline", {})

    async def enter_code(self, code: str | None = None) -> dict[str, Any]:
        """Types the code from the latest mail, or the one given."""
        card = await self.card("step_up")
        typed = code or await self._mailed_code(card["title"])
        return await self._post(f"/v1/actions/{card['action_id']}/code", {"code": typed})

    async def ask_for_person(self) -> None:
        await self._post(f"/v1/conversations/{self.conversation_id}/person", {})

    async def events(self) -> Sequence[EventRow]:
        """Everything shown so far."""
        async with self._house.service.store.begin() as work:
            return await events.after(work, self.conversation_id, 0)

    async def card(self, kind: str) -> dict[str, Any]:
        """The newest card of its action, if it is of this kind; raises Refused when there is none."""
        return newest_card(await self.events(), kind)

    async def quiet(self) -> None:
        """Waits until nothing is running or queued for this conversation; raises Unavailable when that takes too long."""
        await _until_quiet(self._house.service, self.conversation_id)

    def _token(self) -> str:
        service = self._house.service
        if service.demo is None:
            raise Unavailable("a script needs the demo's host app to sign in as a customer")
        settings = self._house.settings
        return mint(
            service.demo.key,
            self.id,
            service.clock.now(),
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            life=900,
        )

    async def _mailed_code(self, title: str) -> str:
        if self._house.sandbox is None:
            raise Unavailable("codes can only be read from the sandbox's mailbox")
        mine = {"to": self._mailbox} if self._mailbox else {}
        return mailed_code((await self._house.sandbox.admin("GET", "/mails", params=mine))["mails"], title)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        # Escaped, because that is how half a character can be sent at all.
        text, kind = json.dumps(body), {"content-type": "application/json"}
        return _answer(await self._client.post(path, content=text, headers=kind))


class Colleague:
    """One colleague, logged in."""

    def __init__(self, app: FastAPI, login: str, password: str) -> None:
        self._client = _client(app)
        self._login, self._password = login, password

    async def __aenter__(self) -> "Colleague":
        return await self.log_in()

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def log_in(self) -> "Colleague":
        """Logs in as the page does; raises Refused."""
        answer = await self._client.post("/login", data={"login": self._login, "password": self._password})
        if answer.status_code not in (200, 303):
            raise Refused(answer.status_code, "the login was refused")
        page = await self._client.get("/console")
        found = re.search(r'name="csrf"[^>]*(?:content|value)="([^"]+)"', page.text)
        if found is None:
            raise Refused(500, "the console shows no token")
        self._client.headers["x-csrf-token"] = found[1]
        return self

    async def waiting(self) -> list[dict[str, Any]]:
        """The queue."""
        rows: list[dict[str, Any]] = _answer(await self._client.get("/v1/actions"))["waiting"]
        return rows

    async def handed(self) -> list[dict[str, Any]]:
        """Conversations that are with a person."""
        rows: list[dict[str, Any]] = _answer(await self._client.get("/v1/handoffs"))["handoffs"]
        return rows

    async def reply(self, conversation_id: str, words: str) -> None:
        """Writes to a customer as a person."""
        path = f"/v1/conversations/{conversation_id}/reply"
        _answer(await self._client.post(path, json={"text": words}))

    async def close(self, conversation_id: str, *, needed_person: bool) -> None:
        """Ends a conversation that is with a person."""
        path = f"/v1/conversations/{conversation_id}/close"
        _answer(await self._client.post(path, json={"needed_person": needed_person}))

    async def open(self, action_id: str) -> dict[str, Any]:
        """One action with its evidence."""
        return _answer(await self._client.get(f"/v1/actions/{action_id}"))

    async def decide(self, action_id: str, decision: str, **more: Any) -> dict[str, Any]:
        """Opens it and decides on what is shown."""
        return await self.decide_on(await self.open(action_id), decision, **more)

    async def decide_on(self, shown: Mapping[str, Any], decision: str, **more: Any) -> dict[str, Any]:
        """Decides on an action as it was shown."""
        body = {"digest": shown["digest"], "decision": decision, **more}
        path = f"/v1/actions/{shown['entry']['action_id']}/reviews"
        return _answer(await self._client.post(path, json=body))


def newest_card(rows: Sequence[EventRow], kind: str) -> dict[str, Any]:
    """The newest card of its action, if it is of this kind; raises Refused when there is none."""
    newest = {row.body["action_id"]: row for row in rows if row.body.get("action_id")}
    for row in reversed(newest.values()):
        if row.kind == kind:
            return row.body
    raise Refused(404, f"there is no open {kind} card")


def mailed_code(mails: Sequence[Mapping[str, Any]], title: str) -> str:
    """The latest code that was mailed for this; raises Refused when none was."""
    for mail in reversed(mails):
        if title in mail["text"] and (found := re.search(r"\b(\d{6})\b", mail["text"])):
            return found[1]
    raise Refused(404, f"no code was mailed for {title!r}")


def _client(app: FastAPI) -> httpx.AsyncClient:
    headers = {"origin": _BASE, "sec-fetch-site": "same-origin"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=_BASE, headers=headers, timeout=_PATIENCE
    )


def _answer(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        raise Refused(answer.status_code, str(body.get("error", {}).get("message", body)))
    return body


async def _until_quiet(service: ServiceParts, conversation_id: str) -> None:
    await service.turns.ended(f"turn of {conversation_id}")
    deadline, tick = asyncio.get_running_loop().time() + _PATIENCE, _FIRST_TICK
    while asyncio.get_running_loop().time() < deadline:
        async with service.store.begin() as work:
            if not (await work.conn.execute(_OPEN_JOBS, {"c": conversation_id})).scalar_one():
                return
        await asyncio.sleep(tick)
        tick = min(tick * _SLOWER, _LONGEST_TICK)
    raise Unavailable(f"conversation {conversation_id} did not come to rest in {_PATIENCE:.0f} s")
