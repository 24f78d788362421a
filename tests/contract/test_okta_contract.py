"""Okta's wire: what our adapter sends and the door answers, against the official description and our own shapes."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from identity_wire import KEY, drive, drive_in_process, new_world, person
from openapi import SPECS, Description
from wire import Exchange, Recorder, from_httpx

from tools.sandbox.faults import Faults
from tools.sandbox.okta.door import app
from tools.sandbox.okta.render import FACTOR_TYPES
from tools.sandbox.okta.seed import seed
from tools.sandbox.server import open_doors
from tools.sandbox.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
# The trimmed description leaves this operation out; its shape is checked by the SDK, which parses it.
UNDESCRIBED = ("/roles",)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> World:
    made = new_world()
    async with made.change() as change:
        seed(change, person("okta", tuple(FACTOR_TYPES)))
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchanges(world: World) -> list[Exchange]:
    return await drive("okta", app(world, Faults(), key=KEY))


async def test_without_a_socket_the_same_calls_are_made(exchanges: list[Exchange]) -> None:
    made = new_world()
    async with made.change() as change:
        seed(change, person("okta", tuple(FACTOR_TYPES)))
    direct = await drive_in_process("okta", app(made, Faults(), key=KEY))
    # Reads run at once, so their order is not fixed.
    assert sorted((e.method, e.path, e.status) for e in direct) == sorted(
        (e.method, e.path, e.status) for e in exchanges
    )


@pytest.fixture(scope="module")
def described() -> Description:
    file = SPECS / "okta.json"
    if not file.exists():
        pytest.skip(f"Okta's official description is not at {file}")
    return Description(file)


def checked(exchanges: list[Exchange]) -> list[Exchange]:
    return [e for e in exchanges if not e.path.endswith(UNDESCRIBED)]


async def test_every_exchange_fits_the_official_description(
    exchanges: list[Exchange], described: Description
) -> None:
    assert [p for e in checked(exchanges) for p in described.problems(e)] == []


async def test_the_checker_would_notice_a_shape_that_is_wrong(
    exchanges: list[Exchange], described: Description
) -> None:
    user = next(e for e in exchanges if e.path == "/api/v1/users/00umara" and e.method == "GET")
    bent = Exchange(**{**vars(user), "got": user.got.replace(b'"LOCKED_OUT"', b'"SHUT"')})
    assert any("SHUT" in p for p in described.problems(bent))


async def test_it_sends_exactly_these_calls(exchanges: list[Exchange]) -> None:
    writes = [(e.method, e.path, e.query, e.sent) for e in exchanges if e.method != "GET"]
    user = "/api/v1/users/00umara"
    assert writes == [
        ("POST", f"{user}/lifecycle/unlock", "", b""),
        ("POST", f"{user}/lifecycle/reset_password", "sendEmail=true", b""),
        ("DELETE", f"{user}/factors/mfamara_sms", "", b""),
        ("DELETE", f"{user}/sessions", "", b""),
        ("POST", user, "", b'{"profile":{"email":"new@example.com","login":"new@example.com"}}'),
    ]


async def test_every_answer_has_the_headers_of_okta(exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        assert {
            "x-okta-request-id",
            "x-rate-limit-limit",
            "x-rate-limit-remaining",
            "x-rate-limit-reset",
        } <= exchange.got_headers.keys()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(world: World) -> AsyncIterator[tuple[httpx.AsyncClient, Recorder]]:
    recorder = Recorder(app(world, Faults(), key=KEY))
    doors = open_doors({"okta": recorder})
    headers = {"Authorization": f"SSWS {KEY}"}
    async with httpx.AsyncClient(base_url=doors.urls["okta"], headers=headers) as client:
        yield client, recorder
    await doors.stop()


Http = tuple[httpx.AsyncClient, Recorder]
ME = "/api/v1/users/00umara"


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        pytest.param("GET", "/api/v1/users/00unobody", 404, "E0000007", id="no-user"),
        pytest.param("DELETE", f"{ME}/factors/nope", 404, "E0000007", id="no-factor"),
        pytest.param("GET", "/api/v1/users?search=bogus", 400, "E0000031", id="bad-search"),
        pytest.param("GET", "/api/v1/users?limit=0", 400, "E0000001", id="bad-limit"),
        pytest.param("GET", "/api/v1/logs?filter=x%20gt%201", 400, "E0000053", id="bad-filter"),
        pytest.param("GET", "/api/v1/logs?since=yesterday", 400, "E0000001", id="bad-since"),
        pytest.param("POST", f"{ME}/lifecycle/reset_password", 400, "E0000001", id="no-sendEmail"),
        pytest.param("POST", f"{ME}/lifecycle/unlock", 403, "E0000032", id="not-locked"),
        pytest.param("POST", f"{ME}/lifecycle/fly", 405, "E0000022", id="no-such-move"),
        pytest.param("POST", ME, 400, "E0000003", id="no-json"),
        pytest.param("GET", "/api/v1/nothing", 404, "E0000022", id="no-such-path"),
    ],
)
async def test_errors_have_oktas_shape(
    http: Http, exchanges: list[Exchange], method: str, url: str, status: int, code: str
) -> None:
    response = await http[0].request(method, url)
    assert response.status_code == status
    body = response.json()
    assert body["errorCode"] == body["errorLink"] == code
    assert set(body) == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}


async def test_described_errors_fit_the_official_description(http: Http, described: Description) -> None:
    for method, url in (("GET", "/api/v1/users/00unobody"), ("DELETE", f"{ME}/factors/nope")):
        response = await http[0].request(method, url)
        assert described.problems(from_httpx(response.request, response)) == []


@pytest.mark.parametrize("header", ["", f"SSWS{KEY}", f"Bearer {KEY}", "SSWS wrong", f"ssws {KEY}"])
async def test_a_token_that_is_not_the_key_gets_oktas_401(http: Http, header: str) -> None:
    response = await http[0].get(ME, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["errorCode"] == "E0000011"
    assert response.json()["errorSummary"] == "Invalid token provided"


async def test_log_pages_are_linked_and_complete(http: Http, exchanges: list[Exchange]) -> None:
    url, seen = "/api/v1/logs?since=2020-01-01T00:00:00Z&limit=2", list[Any]()
    for _ in range(20):
        response = await http[0].get(url)
        seen += [e["uuid"] for e in response.json()]
        assert "self" in response.links
        if "next" not in response.links:
            break
        url = response.links["next"]["url"]
    everything = (await http[0].get("/api/v1/logs?since=2020-01-01T00:00:00Z&limit=1000")).json()
    assert len(everything) > 4
    assert seen == [e["uuid"] for e in everything]


async def test_the_log_is_bounded_by_time_and_sorted_as_asked(http: Http, exchanges: list[Exchange]) -> None:
    query = "/api/v1/logs?since=2026-11-20T11:30:00Z&until=2026-11-20T12:30:00Z"
    up = [e["published"] for e in (await http[0].get(query)).json()]
    down = [e["published"] for e in (await http[0].get(f"{query}&sortOrder=DESCENDING")).json()]
    assert up == sorted(up)
    assert down == up[::-1]
    assert set(up) == {"2026-11-20T12:00:00.000Z"}


async def test_other_moves_fit_too(http: Http, described: Description) -> None:
    for url in (f"{ME}/lifecycle/expire_password", f"{ME}/lifecycle/reset_factors"):
        response = await http[0].post(url)
        assert described.problems(from_httpx(response.request, response)) == []
    groups = await http[0].get(f"{ME}/groups")
    assert described.problems(from_httpx(groups.request, groups)) == []
    assert [g["profile"]["name"] for g in groups.json()] == ["Everyone", "Admins"]
