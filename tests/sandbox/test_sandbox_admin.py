"""The admin door over its wire: people, fresh copies, planned faults, mails and tickets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from core.clock import StillClock
from tools.sandbox import admin
from tools.sandbox.faults import Faults
from tools.sandbox.people import MARA, PEOPLE
from tools.sandbox.world import World

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Bench:
    world: World
    faults: Faults
    client: httpx.AsyncClient


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    world, faults = World(clock=StillClock(NOW)), Faults()
    transport = httpx.ASGITransport(app=admin.app(world, faults, key="k"))
    headers = {"Authorization": "Bearer k"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://admin.test", headers=headers
    ) as client:
        yield Bench(world, faults, client)


async def test_a_known_person_and_a_fresh_copy(bench: Bench) -> None:
    told = await bench.client.post("/seed", json={"person": "mara"})
    assert told.status_code == 201
    assert told.json()["charges"] == ["ch_mara_first", "ch_mara_second"]
    copy = (await bench.client.post("/seed", json={"person": "mara", "suffix": "x1"})).json()
    assert (copy["external_id"], copy["orders"]) == ("u_mara-x1", ["1042"])
    assert copy["email"] == "mara.lindqvist+x1@example.com"
    assert bench.world.get("stripe.charge", "ch_mara-x1_second") is not None
    assert bench.world.ledger == []


async def test_a_whole_persona(bench: Bench) -> None:
    persona = MARA.model_copy(update={"key": "own", "email": "own@example.com"})
    body = {"persona": persona.model_dump(mode="json")}
    assert (await bench.client.post("/seed", json=body)).json()["external_id"] == "u_own"
    assert bench.world.get("stripe.customer", "cus_own") is not None


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        pytest.param({"person": "nobody"}, 404, "nobody", id="unknown"),
        pytest.param({}, 404, "unknown person", id="none"),
        pytest.param({"person": "mara", "suffix": "a b"}, 400, "suffix", id="suffix"),
        pytest.param({"human": "mara"}, 400, "human", id="unknown-field"),
        pytest.param({"persona": {"key": "x"}}, 400, "persona.name", id="incomplete"),
    ],
)
async def test_seeds_that_make_no_sense(
    bench: Bench, body: dict[str, object], status: int, word: str
) -> None:
    answer = await bench.client.post("/seed", json=body)
    assert answer.status_code == status
    assert word in answer.json()["error"]


async def test_faults_are_planned_and_forgotten(bench: Bench) -> None:
    order = {
        "vendor": "stripe",
        "path_contains": "/v1/refunds",
        "kind": "busy",
        "times": 3,
        "retry_after": 2.5,
    }
    assert (await bench.client.post("/faults", json=order)).json() == {"waiting": 3}
    fault = bench.faults.take("stripe", "POST /v1/refunds?", kinds={"busy"})
    assert fault is not None
    assert fault.retry_after == 2.5
    assert (await bench.client.delete("/faults")).json() == {"waiting": 0}
    wrong = await bench.client.post("/faults", json={**order, "times": 0})
    assert wrong.status_code == 400


async def test_people_are_told_with_their_story(bench: Bench) -> None:
    people = (await bench.client.get("/people")).json()["people"]
    assert len(people) == len(PEOPLE)
    assert all(person["story"] for person in people)


async def test_tickets_and_mails_of_one_person(bench: Bench) -> None:
    for key in ("dario", "mara"):
        await bench.client.post("/seed", json={"person": key})
    async with bench.world.change() as change:
        for to in ("a@example.com", "b@example.com"):
            change.put("mail.message", to, {"to": to, "subject": "Hello"})
    tickets = (await bench.client.get("/tickets", params={"owner": "u_dario"})).json()["tickets"]
    assert len(tickets) == 5
    assert (await bench.client.get("/tickets", params={"owner": "u_mara"})).json() == {"tickets": []}
    mails = (await bench.client.get("/mails", params={"to": "b@example.com"})).json()["mails"]
    assert [mail["to"] for mail in mails] == ["b@example.com"]
