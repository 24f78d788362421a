"""Answers that are JSON but not what the vendor promises: never an account, a date or a receipt."""

import json
from collections.abc import Awaitable
from typing import Any

import pytest
from identity_bench import NOW, House, permit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import VendorUnsure
from core.ids import ActionId

USER = {
    "okta": {
        "id": "00umara",
        "status": "ACTIVE",
        "created": "2026-01-01T00:00:00.000Z",
        "profile": {"email": "mara@example.com", "login": "mara@example.com", "externalId": "u_mara"},
    },
    "auth0": {
        "user_id": "auth0|mara",
        "email": "mara@example.com",
        "app_metadata": {"external_id": "u_mara"},
    },
}
ACCOUNT = {"okta": "00umara", "auth0": "a0_mara"}


def saying(answers: dict[str, Any], status: int = 200) -> Starlette:
    """A vendor that answers by the end of the path, and with [] otherwise."""

    async def answer(request: Request) -> Response:
        body = next((b for end, b in answers.items() if request.url.path.endswith(end)), [])
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status_code=status, media_type="application/json")

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PATCH", "DELETE"])])


async def outcome(call: Awaitable[Any]) -> Any:
    """What came of it: a value, or "unsure"."""
    try:
        return await call
    except VendorUnsure:
        return "unsure"


async def unsure_or_nothing(call: Awaitable[Any]) -> bool:
    return await outcome(call) in (None, "unsure")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("null", id="null"),
        pytest.param("7", id="number"),
        pytest.param('"text"', id="text"),
        pytest.param("[]", id="list"),
        pytest.param("{}", id="nothing-in-it"),
        pytest.param({"id": "00umara"}, id="only-an-id"),
        pytest.param({**USER["okta"], "status": "ASLEEP"}, id="unknown-status"),
        pytest.param({**USER["okta"], "status": None}, id="no-status"),
        pytest.param({**USER["okta"], "profile": None}, id="no-profile"),
        pytest.param({**USER["okta"], "created": "yesterday"}, id="no-time"),
    ],
)
async def test_an_okta_user_that_is_none(house: House, body: object) -> None:
    house.rooms["okta"] = saying({"/users/00umara": body})
    assert await unsure_or_nothing(house.okta.account("00umara"))


@pytest.mark.parametrize(
    "body", ["", "null", "7", "[]", {"user_id": 7}, {**USER["auth0"], "blocked": "maybe"}]
)
async def test_an_auth0_user_that_is_none(house: House, body: object) -> None:
    house.rooms["auth0"] = saying({"/users/auth0|mara": body, "/auth0|mara": {"blocked_for": []}})
    with pytest.raises(VendorUnsure):
        await house.auth0.account("a0_mara")


@pytest.mark.parametrize("factor", [{}, {"id": "f"}, {"id": 7, "factorType": "sms"}, {"factorType": "sms"}])
async def test_a_factor_that_cannot_be_read_hides_the_account(house: House, factor: object) -> None:
    told = {"/users/00umara": USER["okta"], "/factors": [factor], "/roles": []}
    house.rooms["okta"] = saying(told)
    account = await outcome(house.okta.account("00umara"))
    # Without a status it is not enrolled, so it does not count.
    assert account == "unsure" or account.factors == ()


async def test_roles_that_cannot_be_read_make_no_ordinary_user(house: House) -> None:
    """Doubt about an administrator is no account, not an ordinary one."""
    house.rooms["okta"] = saying({"/users/00umara": USER["okta"], "/factors": [], "/roles": {"x": 1}})
    with pytest.raises(VendorUnsure):
        await house.okta.account("00umara")


@pytest.mark.parametrize("missing", ["/authentication-methods", "/roles", "user-blocks/auth0|mara"])
async def test_a_list_that_is_missing_is_no_empty_one(house: House, missing: str) -> None:
    told: dict[str, Any] = {
        "user-blocks/auth0|mara": {"blocked_for": []},
        "/users/auth0|mara": USER["auth0"],
        "/authentication-methods": {"authenticators": [], "start": 0, "limit": 50, "total": 0},
        "/roles": {"roles": [], "start": 0, "limit": 1, "total": 0},
    }
    house.rooms["auth0"] = saying(told)
    assert (await house.auth0.account("a0_mara")) is not None
    house.rooms["auth0"] = saying({**told, missing: {}})
    with pytest.raises(VendorUnsure):
        await house.auth0.account("a0_mara")


async def test_a_log_without_its_list_is_no_empty_log(house: House) -> None:
    house.rooms["auth0"] = saying({"/users/auth0|mara": USER["auth0"], "/logs": {}})
    with pytest.raises(VendorUnsure):
        await house.auth0.contact_changed_at("a0_mara")


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_an_event_without_a_time_dates_nothing(house: House, vendor: str) -> None:
    event = {"eventType": "user.mfa.factor.activate", "type": "sce", "uuid": "e1", "log_id": "e1"}
    user = {"/users/00umara": USER["okta"], "/users/auth0|mara": USER["auth0"]}
    logs = [event] if vendor == "okta" else {"logs": [event], "start": 0, "limit": 50, "length": 1}
    house.rooms[vendor] = saying({**user, "/logs": logs})
    adapter = house.okta if vendor == "okta" else house.auth0
    assert await unsure_or_nothing(adapter.contact_changed_at(ACCOUNT[vendor]))


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_another_user_in_the_answer_to_a_change_is_unsure(house: House, vendor: str) -> None:
    user = {"/users/00umara": USER["okta"], "/users/auth0|mara": USER["auth0"]}
    house.rooms[vendor] = saying(user)
    adapter = house.okta if vendor == "okta" else house.auth0
    with pytest.raises(VendorUnsure):
        await adapter.change_email(ACCOUNT[vendor], "new@example.com", permit())


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_a_log_that_cannot_be_read_proves_nothing(house: House, vendor: str) -> None:
    house.rooms[vendor] = saying({"/logs": "{"})
    adapter = house.okta if vendor == "okta" else house.auth0
    with pytest.raises(VendorUnsure):
        await adapter.find_done(ACCOUNT[vendor], "unlock", NOW, ActionId("act_1"))


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_a_redirect_is_not_followed(house: House, vendor: str) -> None:
    house.rooms[vendor] = saying({}, status=302)
    adapter = house.okta if vendor == "okta" else house.auth0
    with pytest.raises(VendorUnsure):
        await adapter.revoke_sessions(ACCOUNT[vendor], permit())
