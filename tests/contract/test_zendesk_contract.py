"""What the Zendesk adapter sends and the sandbox's door answers, against Zendesk's own description and shapes we recorded."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from openapi import SPECS, Description
from pydantic import SecretStr
from wire import Exchange, Recorder

from core.clock import StillClock
from core.errors import VendorRefused
from core.ids import TicketId
from tools.desk.zendesk import ZendeskDesk, connect
from tools.sandbox.faults import Faults
from tools.sandbox.persona import Persona
from tools.sandbox.world import World
from tools.sandbox.zendesk.door import app
from tools.sandbox.zendesk.seed import seed, user_id

SPEC = SPECS / "zendesk.json"
ADA = Persona(key="ada", name="Ada Example", email="ada@example.com", past_tickets=("Late parcel",))
# True of the real API (its reference shows them) and left out of the description file.
NOT_DESCRIBED = (
    "tickets/requested: not described",
    "('count', 'next_page', 'previous_page' were unexpected)",
    "/tags: a request body of type 'application/json' is not described",
    "/search: response",
)
GONE = {"error": "RecordNotFound", "description": "Not found"}
NO_ROUTE = {"error": "InvalidEndpoint", "description": "Not found"}
STALE = {"safe_update": True, "updated_stamp": "2020-01-01T00:00:00Z", "status": "open"}


@pytest.fixture
async def recorder(clock: StillClock) -> Recorder:
    world = World(clock=clock)
    async with world.change() as change:
        seed(change, ADA)
    return Recorder(app(world, Faults(), key="k"))


@pytest.fixture
async def client(recorder: Recorder) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(recorder)
    made = connect(
        "http://desk.example.com", email="b@example.com", token=SecretStr("k"), transport=transport
    )
    async with made:
        yield made


async def whole_life(client: httpx.AsyncClient) -> TicketId:
    desk = ZendeskDesk(client)
    requester = await desk.find_requester("u_ada")
    assert requester == str(user_id("ada"))
    await desk.history(requester)
    made = await desk.create(
        requester=requester, subject="Twice", text="Charged twice", tags=["remit"], key="c1"
    )
    await desk.comment(made.id, "Looking into it", public=True, key="m1")
    await desk.comment(made.id, "Packet", public=False, key="m2")
    await desk.tag(made.id, ["refund_request"])
    await desk.set_status(made.id, "solved")
    await desk.comments(made.id)
    await desk.ticket(made.id)
    for path in (
        "/api/v2/search?query=type:ticket",
        f"/api/v2/users/{requester}",
        f"/api/v2/tickets/{made.id}/tags",
    ):
        assert (await client.get(path)).status_code == 200
    return made.id


@pytest.mark.skipif(
    not SPEC.exists(), reason="the folder of official descriptions is not beside this checkout"
)
async def test_every_exchange_fits_the_description(recorder: Recorder, client: httpx.AsyncClient) -> None:
    await whole_life(client)
    description = Description(SPEC)
    problems = [p for exchange in recorder.exchanges for p in description.problems(exchange)]
    left = [p for p in problems if not any(known in p for known in NOT_DESCRIBED)]
    assert left == []
    assert len(recorder.exchanges) > 15


def body(exchange: Exchange) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(exchange.got)
    return parsed


def sent(recorder: Recorder, method: str, ending: str) -> list[Exchange]:
    return [e for e in recorder.exchanges if e.method == method and e.path.endswith(ending)]


async def test_requests_have_the_recorded_shapes(recorder: Recorder, client: httpx.AsyncClient) -> None:
    number = await whole_life(client)
    (made,) = sent(recorder, "POST", "/api/v2/tickets")
    assert json.loads(made.sent) == {
        "ticket": {
            "requester_id": user_id("ada"),
            "external_id": "c1",
            "subject": "Twice",
            "comment": {"body": "Charged twice", "author_id": user_id("ada")},
            "tags": ["remit"],
        }
    }
    assert made.sent_headers["idempotency-key"] == "c1"
    assert made.sent_headers["authorization"].startswith("Basic ")
    comment = json.loads(sent(recorder, "PUT", f"/tickets/{number}")[0].sent)
    assert comment == {
        "ticket": {
            "comment": {"body": "Looking into it", "public": True},
            "metadata": {"remit_key": "m1"},
            "safe_update": True,
            "updated_stamp": "2026-11-20T12:00:00Z",
        }
    }


async def test_answers_have_the_recorded_shapes(recorder: Recorder, client: httpx.AsyncClient) -> None:
    number = await whole_life(client)
    (made,) = sent(recorder, "POST", "/api/v2/tickets")
    assert made.status == 201
    assert made.got_headers["x-idempotency-lookup"] == "miss"
    assert made.got_headers["location"].endswith(f"/api/v2/tickets/{number}.json")
    users = body(sent(recorder, "GET", "/users/search")[0])
    assert set(users) == {"users", "count", "next_page", "previous_page"}
    shown = body(sent(recorder, "GET", f"/tickets/{number}/comments")[-1])["comments"]
    assert isinstance(shown, list)
    assert [(c["type"], c["public"], c["metadata"]["custom"]) for c in shown] == [
        ("Comment", False, {"remit_key": "m2"}),
        ("Comment", True, {"remit_key": "m1"}),
        ("Comment", True, {}),
    ]


REQUESTER = user_id("ada")
BLANK = {"comment": {"body": " "}}
SILENT = {"requester_id": REQUESTER}
NOBODY = {"requester_id": 1, "comment": {"body": "x"}}


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "told"),
    [
        pytest.param("GET", "/tickets/999.json", None, 404, GONE, id="missing-ticket"),
        pytest.param("GET", "/users/999", None, 404, GONE, id="missing-user"),
        pytest.param("PUT", "/tickets/999", {"ticket": {}}, 404, GONE, id="missing-update"),
        pytest.param("GET", "/nothing", None, 404, NO_ROUTE, id="no-endpoint"),
        pytest.param("PUT", "/tickets/35", {"ticket": {"status": "done"}}, 422, "Status: is not valid", id="bad-status"),
        pytest.param("PUT", "/tickets/35", {"ticket": BLANK}, 422, "Comment: cannot be blank", id="blank"),
        pytest.param("POST", "/tickets", {"ticket": SILENT}, 422, "Description: cannot be blank", id="silent"),
        pytest.param("POST", "/tickets", {"ticket": NOBODY}, 422, "Requester: is invalid", id="nobody"),
        pytest.param("POST", "/tickets", {"x": 1}, 400, "Invalid attribute", id="no-ticket"),
        pytest.param("POST", "/tickets", [1], 400, "Invalid attribute", id="no-object"),
        pytest.param("GET", "/tickets/abc", None, 400, "must be an integer", id="id-is-a-word"),
        pytest.param("PUT", "/tickets/35", {"ticket": STALE}, 409, "UpdateConflict", id="stale"),
        pytest.param("GET", "/search", None, 422, "Invalid search", id="empty-search"),
        pytest.param("GET", "/tickets?page=0", None, 400, "positive integer", id="page-zero"),
    ],
)  # fmt: skip
async def test_errors_have_zendesks_shapes(
    client: httpx.AsyncClient, method: str, path: str, sent: object, status: int, told: object
) -> None:
    answer = await client.request(method, f"/api/v2{path}", json=sent)
    assert answer.status_code == status
    if isinstance(told, dict):
        assert answer.json() == told
    else:
        assert str(told) in answer.text


async def test_without_the_token_nothing_is_told(recorder: Recorder) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(recorder), base_url="http://x") as stranger:
        for headers in (
            {},
            {"authorization": "Bearer k"},
            {"authorization": "Basic !!"},
            {"authorization": "Basic YTpr"},
        ):
            answer = await stranger.get("/api/v2/tickets/35", headers=headers)
            assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


async def test_idempotency_key_replays_and_refuses_another_body(
    recorder: Recorder, client: httpx.AsyncClient
) -> None:
    asked = {"ticket": {"requester_id": REQUESTER, "comment": {"body": "x"}}}
    headers = {"idempotency-key": "one"}
    first = await client.post("/api/v2/tickets", json=asked, headers=headers)
    again = await client.post("/api/v2/tickets", json=asked, headers=headers)
    other = await client.post(
        "/api/v2/tickets", json={"ticket": {**asked["ticket"], "subject": "y"}}, headers=headers
    )
    assert (again.status_code, again.headers["x-idempotency-lookup"]) == (201, "hit")
    assert again.json() == first.json()
    assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")


async def test_rate_limit_of_a_plan(clock: StillClock) -> None:
    door = httpx.ASGITransport(app(World(clock=clock), Faults(), key="k", per_minute=2))
    async with connect("http://x", email="b@example.com", token=SecretStr("k"), transport=door) as client:
        answers = [await client.get("/api/v2/tickets") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "60"


async def test_closed_ticket_says_why(client: httpx.AsyncClient) -> None:
    await client.put("/api/v2/tickets/35", json={"ticket": {"status": "closed"}})
    refused = await client.put("/api/v2/tickets/35", json={"ticket": {"comment": {"body": "x"}}})
    assert refused.json()["details"]["status"][0]["description"] == "Status: closed prevents ticket update"
    with pytest.raises(VendorRefused):
        await ZendeskDesk(client).set_status(TicketId("35"), "open")


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        pytest.param("type:ticket", ["Late parcel"], id="type"),
        pytest.param("late", ["Late parcel"], id="word"),
        pytest.param(f"requester:{REQUESTER} status:solved", ["Late parcel"], id="both"),
        pytest.param("status:open", [], id="other-status"),
        pytest.param("unrelated", [], id="other-word"),
    ],
)
async def test_search(client: httpx.AsyncClient, query: str, subjects: list[str]) -> None:
    answer = await client.get("/api/v2/search", params={"query": query})
    assert [t["subject"] for t in answer.json()["results"]] == subjects
