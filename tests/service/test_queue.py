"""The queue as colleagues use it: parts and filters, looks given back, undo, handing on, notes, batches, bad input."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import select, update
from web_bench import colleague, customer, opened, say, shown

from approvals.context import is_urgent, waiting_times
from approvals.detail import detail
from approvals.execute import execute
from approvals.parts import Parts, Reviewer
from approvals.record import stored_facts
from approvals.reviews import Decided, decide
from approvals.settle import sweep
from approvals.undo import undo
from core.errors import Conflict, Forbidden, Gone
from core.facts import Fact, FactSet
from service.build import House
from service.run import work_off
from store.columns import table
from store.tables.action import ActionRow, AttemptRow, ReviewRow

pytestmark = pytest.mark.asyncio(loop_scope="session")
_ACTION, _ATTEMPT, _REVIEW = table(ActionRow), table(AttemptRow), table(ReviewRow)
NOTE = {"text": "Asked billing: the second one is ours."}


@pytest_asyncio.fixture(loop_scope="session")
async def held(home: House, web: FastAPI, mara: str) -> AsyncIterator[dict[str, Any]]:
    """A refund the customer confirmed, waiting for a colleague."""
    async with customer(home, web, mara) as asks:
        conversation = await opened(asks)
        await say(
            home,
            asks,
            conversation,
            "I was charged twice for order 1042, I want my money back",
            "key-00000001",
        )
        card = next(body for kind, body in await shown(home, conversation) if kind == "confirm")
        await asks.post(f"/v1/actions/{card['action_id']}/confirm", json={"digest": card["digest"]})
        yield {"id": card["action_id"], "digest": card["digest"], "customer": mara, "asks": asks}


@pytest_asyncio.fixture(loop_scope="session")
async def approver(home: House, web: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with colleague(home, web, "approver") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def other(home: House, web: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Another colleague who may decide."""
    async with colleague(home, web, "ops") as made:
        yield made


async def change(home: House, action_id: str, **values: Any) -> None:
    async with home.service.store.begin() as work:
        await work.run(update(_ACTION).where(_ACTION.c.id == action_id).values(**values))


async def ids(approver: httpx.AsyncClient, **wanted: Any) -> list[str]:
    """Every part of the queue, put together."""
    found, after = [], None
    while True:
        query = {**wanted, **({"after": after} if after else {})}
        part = (await approver.get("/v1/actions", params=query)).json()
        found += [one["action_id"] for one in part["waiting"]]
        after = part["next"]
        if after is None:
            assert part["total"] == len(found)
            return found


def path(held: dict[str, Any], what: str = "") -> str:
    return f"/v1/actions/{held['id']}{what}"


async def approve(who: httpx.AsyncClient, held: dict[str, Any]) -> httpx.Response:
    return await who.post(path(held, "/reviews"), json={"digest": held["digest"], "decision": "approve"})


async def test_parts_of_the_queue_are_the_queue(
    home: House, approver: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    whole = await ids(approver, limit=200)
    assert await ids(approver, limit=1) == whole
    assert held["id"] in whole


@pytest.mark.parametrize(
    ("fits", "does_not"),
    [
        ({"category": "duplicate_charge"}, {"category": "refund_request"}),
        ({"risk": "high"}, {"risk": "low"}),
        ({"tier": "standard"}, {"tier": "vip"}),
        ({"language": "en"}, {"language": "de"}),
        ({"at_least": 49}, {"at_least": 50}),
        ({"at_most": 49}, {"at_most": 48}),
        ({"older_than": 0}, {"older_than": 60}),
        ({"at_least": 49, "at_most": 49, "risk": "high"}, {"at_least": 49, "at_most": 49, "risk": "medium"}),
    ],
    ids=str,
)
async def test_a_filter_shows_what_fits_and_nothing_else(
    approver: httpx.AsyncClient, held: dict[str, Any], fits: dict[str, Any], does_not: dict[str, Any]
) -> None:
    assert held["id"] in await ids(approver, **fits)
    assert held["id"] not in await ids(approver, **does_not)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"risk": "huge"}, 422),
        ({"tier": "gold"}, 422),
        ({"at_least": -1}, 422),
        ({"after": "zzz"}, 400),
        ({"after": "MXwyMDI2fHg"}, 400),
        ({"limit": 0}, 422),
    ],
    ids=str,
)
async def test_a_wrong_filter_says_so(
    approver: httpx.AsyncClient, query: dict[str, Any], status: int
) -> None:
    answer = await approver.get("/v1/actions", params=query)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


async def test_a_vip_is_marked_as_urgent(
    home: House, approver: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    entry = (await approver.get(path(held))).json()["entry"]
    assert entry["urgent"] is False
    async with home.service.store.begin() as work:
        row = (await work.rows(ActionRow, select(_ACTION).where(_ACTION.c.id == held["id"])))[0]
    facts = {**row.facts, "customer.tier": {**row.facts["customer.tier"], "value": "vip"}}
    await change(home, held["id"], facts=facts)
    entry = (await approver.get(path(held))).json()["entry"]
    assert (entry["urgent"], entry["tier"]) == (True, "vip")
    assert held["id"] in await ids(approver, tier="vip")


@pytest.mark.parametrize(
    ("facts", "urgent"),
    [
        ({"customer.tier": "vip"}, True),
        ({"customer.tier": "plus", "customer.health": "good", "request.urgent": False}, False),
        ({"customer.health": "at_risk"}, True),
        ({"request.urgent": True}, True),
        ({}, False),
    ],
    ids=str,
)
async def test_what_is_urgent_is_due_in_half_the_time_and_the_database_agrees(
    home: House, held: dict[str, Any], facts: dict[str, Any], *, urgent: bool
) -> None:
    now, policy = home.service.clock.now(), home.service.approvals.catalog.categories["duplicate_charge"]
    known = FactSet({name: Fact(value, "hubspot", now) for name, value in facts.items()})
    assert is_urgent(known) is urgent
    due = waiting_times(policy, now, urgent=urgent)["due_at"]
    assert due - now == timedelta(minutes=10 if urgent else 20)
    await change(home, held["id"], facts=stored_facts(known))
    async with home.service.store.begin() as work:
        assert await work.value(select(_ACTION.c.urgent).where(_ACTION.c.id == held["id"])) is urgent


async def test_an_action_that_was_left_is_free_at_once(
    approver: httpx.AsyncClient, other: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    mine = (await approver.get(path(held))).json()["entry"]["claimed_by"]
    assert (await other.get(path(held))).json()["entry"]["claimed_by"] == mine
    assert (await other.post(path(held, "/leave"))).status_code == 200  # not theirs to leave
    assert (await approve(other, held)).status_code == 409
    await approver.post(path(held, "/leave"))
    assert (await other.get(path(held))).json()["entry"]["claimed_by"] != mine


async def test_only_the_one_it_was_handed_to_decides_and_not_unseen(
    home: House, approver: httpx.AsyncClient, other: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    await approver.get(path(held))
    handed = await approver.post(path(held, "/hand-on"), json={"to": "ops@example.com", **{"note": "Yours?"}})
    assert handed.status_code == 200
    assert handed.json()["name"]
    assert (await approve(approver, held)).status_code == 409
    assert (await approve(other, held)).status_code == 409  # not opened yet
    seen = (await other.get(path(held))).json()
    assert [note["text"] for note in seen["notes"]] == ["Yours?"]
    assert (await approve(other, held)).status_code == 200
    await work_off(home)


@pytest.mark.parametrize(
    ("to", "status"),
    [("approver@example.com", 400), ("evaluator@example.com", 404), ("nobody", 404), ("", 422)],
)
async def test_it_is_handed_to_colleagues_who_may_decide_only(
    approver: httpx.AsyncClient, held: dict[str, Any], to: str, status: int
) -> None:
    await approver.get(path(held))
    assert (await approver.post(path(held, "/hand-on"), json={"to": to})).status_code == status


async def test_notes_are_for_colleagues(
    approver: httpx.AsyncClient, home: House, web: FastAPI, held: dict[str, Any]
) -> None:
    assert (await approver.post(path(held, "/notes"), json=NOTE)).status_code == 200
    assert (await approver.post(path(held, "/notes"), json={"text": "  "})).status_code == 422
    assert NOTE["text"] in (await approver.get(f"/console/actions/{held['id']}")).text
    async with colleague(home, web, "evaluator") as reader:
        assert (await reader.post(path(held, "/notes"), json=NOTE)).status_code == 403


async def test_an_edit_is_judged_while_typed_and_changes_nothing(
    approver: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    shown_args = (await approver.get(path(held))).json()["args"]
    for amount, passes in ((4901, False), (4900, False), (2000, True)):
        said = (
            await approver.post(path(held, "/rehearse"), json={"args": {**shown_args, "amount": amount}})
        ).json()
        assert said["passes"] is passes, said
        assert said["sentence"]
    wrong = await approver.post(path(held, "/rehearse"), json={"args": {**shown_args, "amount": 0}})
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (422, ["amount"])
    after = (await approver.get(path(held))).json()
    assert (after["entry"]["state"], after["args"]) == ("held", shown_args)


def windowed(home: House) -> Parts:
    return replace(home.service.approvals, undo=timedelta(seconds=10))


async def approved_with_window(home: House, held: dict[str, Any], by: Reviewer) -> Parts:
    parts = windowed(home)
    await detail(held["id"], by, parts)
    done = await decide(Decided(held["id"], held["digest"], "approve"), by, parts)
    assert (done.state, done.undo_seconds) == ("approved", 10)
    return parts


def reviewer(home: House, name: str = "usr_ines") -> Reviewer:
    return Reviewer(name, name, frozenset({"approver"}), home.service.clock.now())


async def test_nothing_runs_inside_the_undo_window(home: House, held: dict[str, Any]) -> None:
    parts = await approved_with_window(home, held, reviewer(home))
    await execute(held["id"], parts)
    await sweep(parts)
    async with parts.store.begin() as work:
        assert (
            await work.value(select(_ATTEMPT.c.action_id).where(_ATTEMPT.c.action_id == held["id"])) is None
        )
    await change(home, held["id"], runs_at=home.service.clock.now())
    await execute(held["id"], parts)
    assert home.sandbox is not None
    assert len(await home.sandbox.effects(held["customer"])) == 1


async def test_what_was_undone_waits_again_and_needs_another_approval(
    home: House, held: dict[str, Any]
) -> None:
    by = reviewer(home)
    parts = await approved_with_window(home, held, by)
    with pytest.raises(Forbidden):
        await undo(held["id"], reviewer(home, "usr_omar"), parts)
    await undo(held["id"], by, parts)
    with pytest.raises(Conflict):
        await undo(held["id"], by, parts)
    await change(home, held["id"], runs_at=None)
    await execute(held["id"], parts)
    found = await detail(held["id"], None, parts)
    assert found.entry.state == "held"
    assert home.sandbox is not None
    assert await home.sandbox.effects(held["customer"]) == []
    async with parts.store.begin() as work:
        (review,) = await work.rows(ReviewRow, select(_REVIEW).where(_REVIEW.c.action_id == held["id"]))
    assert review.undone_at is not None
    assert review.used_at is not None
    await detail(held["id"], by, parts)
    assert (await decide(Decided(held["id"], held["digest"], "approve"), by, parts)).state == "approved"


async def test_after_its_window_an_approval_stands(home: House, held: dict[str, Any]) -> None:
    by = reviewer(home)
    parts = await approved_with_window(home, held, by)
    await change(home, held["id"], runs_at=home.service.clock.now())
    with pytest.raises(Gone):
        await undo(held["id"], by, parts)
    await execute(held["id"], parts)
    with pytest.raises(Gone):
        await undo(held["id"], by, parts)


async def test_a_batch_takes_low_risk_that_was_opened_and_nothing_else(
    home: House, approver: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    batch = {"actions": [{"action_id": held["id"], "digest": held["digest"]}]}

    async def approved_together() -> tuple[bool, str]:
        (one,) = (await approver.post("/v1/reviews/batch", json=batch)).json()["results"]
        return one["done"], one["sentence"]

    await approver.get(path(held))
    assert await approved_together() == (False, "This kind is decided on its own page, one at a time.")
    await change(home, held["id"], risk="low", opened_at=None)
    await approver.post(path(held, "/leave"))
    done, sentence = await approved_together()
    assert (done, "Open it first" in sentence) == (False, True)
    await approver.get(path(held))
    await approver.post(path(held, "/leave"))  # back on the list, where the press is
    assert (await approved_together())[0] is True
    await work_off(home)
    assert (await approver.post("/v1/reviews/batch", json={"actions": []})).status_code == 422


async def test_own_numbers_are_counted_from_own_decisions(
    home: House, approver: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    before = (await approver.get("/v1/me/numbers")).json()
    await approver.get(path(held))
    await approve(approver, held)
    after = (await approver.get("/v1/me/numbers")).json()
    assert after["approved"] == before["approved"] + 1
    assert (await approver.get("/console/me")).status_code == 200
    await work_off(home)


async def test_who_decided_and_when_is_said_to_whoever_comes_second(
    home: House, approver: httpx.AsyncClient, other: httpx.AsyncClient, held: dict[str, Any]
) -> None:
    await approver.get(path(held))
    assert (await approve(approver, held)).status_code == 200
    late = await approve(other, held)
    assert late.status_code == 409
    assert "by Ines" in late.json()["error"]["message"]
    assert (await approve(approver, held)).status_code == 409  # twice
    await work_off(home)
    assert home.sandbox is not None
    assert len(await home.sandbox.effects(held["customer"])) == 1


BAD = [
    pytest.param({"digest": "0" * 64}, {}, 409, id="another-digest"),
    pytest.param({}, {"expires_at": "past"}, 410, id="expired"),
    pytest.param({}, {"state": "withdrawn"}, 410, id="withdrawn"),
    pytest.param({}, {"state": "rejected"}, 409, id="already-decided"),
    pytest.param({}, {"opened_at": None}, 409, id="changed-since-it-was-opened"),
    pytest.param({"decision": "reject"}, {}, 400, id="rejected-without-a-reason"),
    pytest.param({"decision": "edit"}, {}, 400, id="an-edit-of-nothing"),
    pytest.param({"digest": "x"}, {}, 422, id="no-digest-at-all"),
]


@pytest.mark.parametrize(("body", "meanwhile", "status"), BAD)
async def test_a_decision_that_does_not_fit_does_nothing_and_says_why(
    home: House,
    approver: httpx.AsyncClient,
    held: dict[str, Any],
    body: dict[str, Any],
    meanwhile: dict[str, Any],
    status: int,
) -> None:
    await approver.get(path(held))
    if "expires_at" in meanwhile:
        meanwhile = {"expires_at": home.service.clock.now() - timedelta(seconds=1)}
    if meanwhile:
        await change(home, held["id"], **meanwhile)
    answer = await approver.post(
        path(held, "/reviews"), json={"digest": held["digest"], "decision": "approve", **body}
    )
    assert answer.status_code == status, answer.text
    assert len(answer.json()["error"]["message"].split()) > 2
    await work_off(home)
    assert home.sandbox is not None
    assert await home.sandbox.effects(held["customer"]) == []
    assert (await approver.get(path(held))).json()["args"]["amount"] == 4900  # nothing is lost


@pytest.mark.parametrize("what", ["/reviews", "/undo", "/leave", "/hand-on", "/rehearse"])
async def test_without_the_role_nothing_of_it_is_possible(
    home: House, web: FastAPI, held: dict[str, Any], what: str
) -> None:
    body = {
        "/reviews": {"digest": held["digest"], "decision": "approve"},
        "/hand-on": {"to": "ops@example.com"},
        "/rehearse": {"args": {}},
    }.get(what, {})
    async with colleague(home, web, "evaluator") as reader:
        assert (await reader.get(path(held))).status_code == 200
        assert (await reader.post(path(held, what), json=body)).status_code == 403
