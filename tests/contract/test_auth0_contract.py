"""Auth0's wire: what our adapter sends and the door answers, against the official description and our own shapes."""

import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from identity_wire import KEY, drive, drive_in_process, new_world, person
from openapi import SPECS, Description
from wire import Exchange, Recorder, from_httpx

from tools.sandbox.auth0.door import MAILED, app
from tools.sandbox.auth0.render import CONNECTION, METHOD_TYPES
from tools.sandbox.auth0.seed import seed
from tools.sandbox.faults import Faults
from tools.sandbox.server import open_doors
from tools.sandbox.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
# The trimmed description leaves these out; the SDK parses them, and the last is not of the Management API.
UNDESCRIBED = ("/roles", "/api/v2/logs", "/dbconnections/change_password")
ME = "/api/v2/users/auth0|mara"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> World:
    made = new_world()
    async with made.change() as change:
        seed(change, person("auth0", tuple(METHOD_TYPES)))
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchanges(world: World) -> list[Exchange]:
    return await drive("auth0", app(world, Faults(), key=KEY))


async def test_without_a_socket_the_same_calls_are_made(exchanges: list[Exchange]) -> None:
    made = new_world()
    async with made.change() as change:
        seed(change, person("auth0", tuple(METHOD_TYPES)))
    direct = await drive_in_process("auth0", app(made, Faults(), key=KEY))
    # Reads run at once, so their order is not fixed.
    assert sorted((e.method, e.path, e.status) for e in direct) == sorted(
        (e.method, e.path, e.status) for e in exchanges
    )


@pytest.fixture(scope="module")
def described() -> Description:
    file = SPECS / "auth0.json"
    if not file.exists():
        pytest.skip(f"Auth0's official description is not at {file}")
    return Description(file)


async def test_every_exchange_fits_the_official_description(
    exchanges: list[Exchange], described: Description
) -> None:
    checked = [e for e in exchanges if not e.path.endswith(UNDESCRIBED)]
    assert len(checked) > 15
    assert [p for e in checked for p in described.problems(e)] == []


async def test_it_sends_exactly_these_calls(exchanges: list[Exchange]) -> None:
    writes = [
        (e.method, e.path, json.loads(e.sent) if e.sent else None) for e in exchanges if e.method != "GET"
    ]
    mail = {"client_id": "remit", "email": "mara@example.com", "connection": CONNECTION}
    change = {
        "email": "new@example.com",
        "verify_email": True,
        "connection": CONNECTION,
        "client_id": "remit",
    }
    assert writes == [
        ("DELETE", "/api/v2/user-blocks/auth0|mara", None),
        ("POST", "/dbconnections/change_password", mail),
        ("DELETE", f"{ME}/authentication-methods/totp|dev_mara", None),
        ("DELETE", f"{ME}/sessions", None),
        ("PATCH", ME, change),
    ]


async def test_writes_answer_with_the_statuses_of_auth0(exchanges: list[Exchange]) -> None:
    assert [e.status for e in exchanges if e.method != "GET"] == [204, 200, 204, 202, 200]


async def test_writes_are_marked_where_auth0_keeps_it(exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        if exchange.method != "GET":
            telemetry = json.loads(base64.b64decode(exchange.sent_headers["auth0-client"]))
            assert telemetry["env"] == {"call": "remit/1 (act_1)"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    doors = open_doors({"auth0": Recorder(app(world, Faults(), key=KEY))})
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=doors.urls["auth0"], headers=headers) as client:
        yield client
    await doors.stop()


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "code"),
    [
        pytest.param("GET", "/api/v2/users/auth0|x", None, 404, "inexistent_user", id="no-user"),
        pytest.param(
            "DELETE",
            f"{ME}/authentication-methods/nope",
            None,
            404,
            "inexistent_authentication_method",
            id="no-method",
        ),
        pytest.param("GET", "/api/v2/users?q=bogus", None, 400, "invalid_query_string", id="bad-query"),
        pytest.param("GET", "/api/v2/logs?q=bogus", None, 400, "invalid_query_string", id="bad-log-query"),
        pytest.param("GET", f"{ME}/roles?per_page=101", None, 400, "invalid_query_string", id="bad-page"),
        pytest.param("PATCH", ME, {"colour": "red"}, 400, "invalid_body", id="unknown-field"),
        pytest.param("PATCH", ME, {"email": "no"}, 400, "invalid_body", id="bad-email"),
        pytest.param("PATCH", ME, {"blocked": "yes"}, 400, "invalid_body", id="bad-type"),
        pytest.param("PATCH", ME, None, 400, "invalid_body", id="no-json"),
    ],
)
async def test_errors_have_auth0s_shape(
    http: httpx.AsyncClient, method: str, url: str, body: object, status: int, code: str
) -> None:
    response = await http.request(method, url, **({} if body is None else {"json": body}))
    assert response.status_code == status
    told = response.json()
    assert set(told) == {"statusCode", "error", "message", "errorCode"}
    assert (told["statusCode"], told["errorCode"]) == (status, code)


@pytest.mark.parametrize("header", ["", KEY, f"SSWS {KEY}", "Bearer wrong"])
async def test_a_token_that_is_not_the_key_gets_auth0s_401(http: httpx.AsyncClient, header: str) -> None:
    response = await http.get(ME, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["message"] == "Invalid token"
    assert response.json()["error"] == "Unauthorized"


async def test_a_password_mail_answers_the_same_for_everybody(
    http: httpx.AsyncClient, world: World, exchanges: list[Exchange]
) -> None:
    before = len(world.ledger)
    wanted = {"client_id": "remit", "connection": CONNECTION}
    for email, effects in (("nobody@example.com", 0), ("new@example.com", 1)):
        response = await http.post("/dbconnections/change_password", json={**wanted, "email": email})
        assert (response.status_code, response.text) == (200, MAILED)
        assert len(world.ledger) == before + effects


async def test_a_ticket_fits_the_official_description(
    http: httpx.AsyncClient, described: Description
) -> None:
    response = await http.post("/api/v2/tickets/password-change", json={"user_id": "auth0|mara"})
    assert response.status_code == 201
    assert described.problems(from_httpx(response.request, response)) == []


async def test_lists_come_with_totals_when_asked(http: httpx.AsyncClient, described: Description) -> None:
    for url, name in (
        ("/api/v2/users?q=user_id:%22auth0|mara%22", "users"),
        (f"{ME}/authentication-methods?", "authenticators"),
        (f"{ME}/logs?", "logs"),
    ):
        plain = await http.get(url)
        counted = await http.get(f"{url}&include_totals=true&page=0&per_page=50")
        assert isinstance(plain.json(), list)
        assert counted.json()[name] == plain.json()
        for response in (plain, counted):
            assert described.problems(from_httpx(response.request, response)) == []


async def test_sessions_fit_the_official_description(http: httpx.AsyncClient, described: Description) -> None:
    response = await http.get(f"{ME}/sessions")
    assert described.problems(from_httpx(response.request, response)) == []
