"""How contact changes are dated and writes recognised from the providers' logs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from identity_bench import NOW, Bench, opened, permit, persona

from core.errors import VendorUnsure
from core.ids import ActionId
from tools.sandbox.auth0 import log as auth0_log
from tools.sandbox.okta import log as okta_log

DAY = timedelta(days=1)


async def okta_event(
    bench: Bench, kind: str, *, at: datetime, agent: str | None = "x", changed: Sequence[str] = ()
) -> None:
    async with bench.world.change() as change:
        user = change.get("okta.user", "00umara")
        assert user is not None
        okta_log.write_event(change, user, kind, at=at, agent=agent, changed=changed)


async def auth0_event(bench: Bench, kind: str, description: str, *, at: datetime, **details: Any) -> None:
    async with bench.world.change() as change:
        user = change.get("auth0.user", "auth0|mara")
        assert user is not None
        known = {"request": details} if details else None
        auth0_log.write_event(change, user, kind, description, at=at, details=known)


@pytest.mark.parametrize(
    ("kind", "changed", "counts"),
    [
        pytest.param("user.account.update_profile", ("email",), True, id="email"),
        pytest.param(
            "user.account.update_profile", ("department", "mobilePhone"), True, id="phone-among-others"
        ),
        pytest.param("user.account.update_profile", (), True, id="unknown-attributes-count"),
        pytest.param("user.account.update_profile", ("department",), False, id="department"),
        pytest.param("user.mfa.factor.activate", (), True, id="factor-added"),
        pytest.param("user.mfa.factor.deactivate", (), True, id="factor-removed"),
        pytest.param("user.session.start", (), False, id="sign-in"),
        pytest.param("user.account.reset_password", (), False, id="password"),
    ],
)
async def test_which_okta_events_are_contact_changes(kind: str, changed: Sequence[str], counts: bool) -> None:
    async with opened(persona("mara", created_days_ago=30)) as bench:
        await okta_event(bench, kind, at=NOW - DAY, changed=changed)
        when = await bench.okta.contact_changed_at("00umara")
    assert when == (NOW - DAY if counts else NOW - 30 * DAY)


async def test_the_newest_contact_change_counts_even_behind_a_full_page() -> None:
    async with opened(persona("mara", contact_changed_days_ago=5)) as bench:
        for number in range(120):
            at = NOW - timedelta(minutes=number)
            await okta_event(bench, "user.account.update_profile", at=at, changed=("department",))
        assert await bench.okta.contact_changed_at("00umara") == NOW - 5 * DAY


async def test_a_log_too_long_to_read_is_no_date() -> None:
    async with opened(persona("mara", contact_changed_days_ago=5)) as bench:
        for number in range(600):
            at = NOW - timedelta(seconds=number)
            await okta_event(bench, "user.account.update_profile", at=at, changed=("department",))
        with pytest.raises(VendorUnsure):
            await bench.okta.contact_changed_at("00umara")


async def test_before_oktas_log_begins_the_record_itself_is_the_bound() -> None:
    async with opened(persona("mara", created_days_ago=400, contact_changed_days_ago=200)) as bench:
        assert await bench.okta.contact_changed_at("00umara") == NOW - 200 * DAY
        async with bench.world.change() as change:
            record = change.get("okta.user", "00umara")
            assert record is not None
            change.put("okta.user", "00umara", {**record, "updated": (NOW - DAY).isoformat()})
        # Touched yesterday, but not its contact: the log would show it. So no later than the log's beginning.
        assert await bench.okta.contact_changed_at("00umara") == NOW - 90 * DAY


async def test_an_account_that_is_not_there_has_no_date() -> None:
    async with opened(persona("mara")) as bench:
        assert await bench.okta.contact_changed_at("00unobody") is None
        assert await bench.auth0.contact_changed_at("a0_nobody") is None


@pytest.mark.parametrize(
    ("kind", "description", "details", "counts"),
    [
        pytest.param("sce", "Change email", {}, True, id="email"),
        pytest.param("gd_unenroll", "Unenroll", {}, True, id="factor-removed"),
        pytest.param("sapi", "Update a User", {"body": {"email": "x@example.com"}}, True, id="api-email"),
        pytest.param("sapi", "Update a User", {"body": {"name": "Mo"}}, False, id="api-name"),
        pytest.param("sapi", "Update a User", {}, True, id="api-unknown-counts"),
        pytest.param(
            "sapi",
            "Delete an authentication method by ID",
            {"path": "/api/v2/users/auth0|mara/authentication-methods/x", "method": "delete"},
            True,
            id="api-factor",
        ),
        pytest.param(
            "sapi",
            "Get authentication methods",
            {"path": "/api/v2/users/auth0|mara/authentication-methods", "method": "get"},
            False,
            id="api-factor-read",
        ),
        pytest.param("s", "Successful login", {}, False, id="sign-in"),
        pytest.param("scpr", "Change password request", {}, False, id="password"),
    ],
)
async def test_which_auth0_events_are_contact_changes(
    kind: str, description: str, details: dict[str, Any], counts: bool
) -> None:
    async with opened(persona("mara", "auth0", created_days_ago=30)) as bench:
        await auth0_event(bench, kind, description, at=NOW - DAY, **details)
        when = await bench.auth0.contact_changed_at("a0_mara")
    assert when == (NOW - DAY if counts else NOW - 30 * DAY)


async def test_auth0_dates_no_further_back_than_its_log_reaches() -> None:
    async with opened(persona("mara", "auth0"), persona("bo", "auth0", created_days_ago=10)) as bench:
        async with bench.world.change() as change:
            for event in change.find("auth0.event", user_id="auth0|mara"):
                change.drop("auth0.event", event["log_id"])
        assert await bench.auth0.contact_changed_at("a0_mara") == NOW - 10 * DAY


async def test_auth0_without_any_log_dates_nothing() -> None:
    async with opened(persona("mara", "auth0")) as bench:
        async with bench.world.change() as change:
            for event in change.find("auth0.event"):
                change.drop("auth0.event", event["log_id"])
        assert await bench.auth0.contact_changed_at("a0_mara") is None


async def test_an_event_that_does_not_say_who_asked_leaves_it_unsure() -> None:
    async with opened(persona("mara"), persona("bo", "auth0")) as bench:
        await okta_event(bench, "user.account.unlock", at=NOW, agent=None)
        with pytest.raises(VendorUnsure, match="does not say who"):
            await bench.okta.find_done("00umara", "unlock", NOW - DAY, ActionId("act_1"))
    async with opened(persona("mara", "auth0")) as bench:
        await auth0_event(bench, "sapi", "Unblock a user", at=NOW)
        with pytest.raises(VendorUnsure, match="does not say who"):
            await bench.auth0.find_done("a0_mara", "unlock", NOW - DAY, ActionId("act_1"))


@pytest.mark.parametrize(("vendor", "account"), [("okta", "00umara"), ("auth0", "a0_mara")])
async def test_only_events_since_the_time_given_are_evidence(vendor: str, account: str) -> None:
    async with opened(persona("mara", vendor)) as bench:
        adapter = bench.adapter(vendor)
        await adapter.revoke_sessions(account, permit("act_1"))
        seen = await adapter.find_done(account, "revoke_sessions", NOW - DAY, ActionId("act_1"))
        assert [d.at for d in seen] == [NOW]
        later = NOW + timedelta(seconds=1)
        assert await adapter.find_done(account, "revoke_sessions", later, ActionId("act_1")) == []
        assert await adapter.find_done(account, "revoke_sessions", NOW - DAY, ActionId("act_11")) == []
