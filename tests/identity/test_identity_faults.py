"""What a vendor's trouble becomes: who can act, what was sent, and how often."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from identity_bench import KEY, PREFIX, Bench, no_sleep, opened, permit, persona, principal
from pydantic import SecretStr

from core.errors import VendorBusy, VendorDown, VendorRefused, VendorUnsure
from tools.http import Unpermitted
from tools.identity.auth0 import Auth0
from tools.identity.okta import Okta
from tools.identity.port import Identity
from tools.identity.writes import WRITES

VENDORS = ("okta", "auth0")
WRITE = {"okta": "reset_password", "auth0": "change_password"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared() -> AsyncIterator[Bench]:
    async with opened(persona("mara", "okta"), persona("bo", "auth0")) as made:
        yield made


@pytest.fixture
def bench(shared: Bench) -> Bench:
    shared.faults.clear()
    shared.world.ledger.clear()
    for recorder in shared.wire.values():
        recorder.exchanges.clear()
    return shared


def own(vendor: str) -> str:
    return PREFIX[vendor] + ("mara" if vendor == "okta" else "bo")


def with_key(bench: Bench, vendor: str, key: str, url: str | None = None) -> Okta | Auth0:
    base_url, token = url or bench.urls[vendor], SecretStr(key)
    if vendor == "okta":
        return Okta(base_url=base_url, token=token, clock=bench.clock, sleep=no_sleep)
    return Auth0(base_url=base_url, token=token, client_id="remit", clock=bench.clock, sleep=no_sleep)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_wrong_token_is_refused_and_nothing_happens(bench: Bench, vendor: str) -> None:
    adapter = with_key(bench, vendor, "not-the-key")
    with pytest.raises(VendorRefused, match="401"):
        await adapter.account(own(vendor))
    with pytest.raises(VendorRefused, match="401"):
        await adapter.revoke_sessions(own(vendor), permit())
    await adapter.close()
    assert bench.effects() == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_port_where_nobody_listens_is_down(bench: Bench, vendor: str) -> None:
    adapter = with_key(bench, vendor, KEY, "http://127.0.0.1:9")
    with pytest.raises(VendorDown):
        await adapter.account(own(vendor))
    with pytest.raises(VendorDown):
        await adapter.revoke_sessions(own(vendor), permit())
    await adapter.close()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_too_many_requests_says_when_to_come_back_and_is_sent_once(bench: Bench, vendor: str) -> None:
    bench.faults.plan(vendor, WRITE[vendor], "busy", times=3, retry_after=7)
    with pytest.raises(VendorBusy) as busy:
        await bench.adapter(vendor).send_password_reset(own(vendor), permit())
    assert busy.value.retry_after == 7
    assert bench.faults.waiting == 2
    assert bench.effects() == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_503_that_names_a_time_is_busy(bench: Bench, vendor: str) -> None:
    bench.faults.plan(vendor, WRITE[vendor], "unavailable_503", times=3, retry_after=2)
    with pytest.raises(VendorBusy):
        await bench.adapter(vendor).send_password_reset(own(vendor), permit())
    assert bench.faults.waiting == 2
    assert bench.effects() == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_500_on_a_write_is_unsure_and_sent_once(bench: Bench, vendor: str) -> None:
    bench.faults.plan(vendor, WRITE[vendor], "saved_500", times=3)
    with pytest.raises(VendorUnsure):
        await bench.adapter(vendor).send_password_reset(own(vendor), permit())
    assert bench.faults.waiting == 2


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("kind", ["timeout_before", "drop", "malformed"])
async def test_an_answer_that_cannot_be_trusted_is_unsure(bench: Bench, vendor: str, kind: str) -> None:
    path = "POST /api/v1/users/00umara" if vendor == "okta" else "PATCH"
    bench.faults.plan(vendor, path, kind)  # type: ignore[arg-type]
    with pytest.raises(VendorUnsure):
        await bench.adapter(vendor).change_email(own(vendor), f"{kind}@example.com", permit())
    happened = [e.kind for e in bench.ledger]
    assert happened == ([] if kind == "timeout_before" else ["email_change"])


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("kind", ["busy", "unavailable_503", "saved_500", "timeout_before", "malformed"])
async def test_a_read_tries_again(bench: Bench, vendor: str, kind: str) -> None:
    bench.faults.plan(vendor, "GET", kind, times=2, retry_after=0)  # type: ignore[arg-type]
    account = await bench.adapter(vendor).account(own(vendor))
    assert account is not None
    assert bench.faults.waiting == 0


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_read_gives_up_after_three_tries(bench: Bench, vendor: str) -> None:
    bench.faults.plan(vendor, "logs", "saved_500", times=9)
    with pytest.raises(VendorUnsure):
        await bench.adapter(vendor).contact_changed_at(own(vendor))
    assert bench.faults.waiting == 6


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_wire_carries_our_key_and_the_mark_of_the_action(bench: Bench, vendor: str) -> None:
    await bench.adapter(vendor).revoke_sessions(own(vendor), permit("act_7"))
    sent = bench.wire[vendor].exchanges[-1]
    scheme = "SSWS" if vendor == "okta" else "Bearer"
    assert sent.sent_headers["authorization"] == f"{scheme} {KEY}"
    assert sent.sent_headers["user-agent"] == "remit/1 (act_7)"
    assert "x-remit-agent" not in sent.sent_headers


async def test_the_public_call_of_auth0_carries_no_management_key(bench: Bench) -> None:
    await bench.auth0.send_password_reset("a0_bo", permit())
    sent = bench.wire["auth0"].exchanges[-1]
    assert sent.path == "/dbconnections/change_password"
    assert "authorization" not in sent.sent_headers


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_link_to_reset_a_password_ever_reaches_us(bench: Bench, vendor: str) -> None:
    done = await bench.adapter(vendor).send_password_reset(own(vendor), permit())
    assert "http" not in done.model_dump_json()
    for exchange in bench.wire[vendor].exchanges:
        assert b"resetPasswordUrl" not in exchange.got
        assert b'"ticket"' not in exchange.got


@pytest.mark.parametrize("vendor", VENDORS)
async def test_writes_that_run_at_once_keep_their_own_permits(bench: Bench, vendor: str) -> None:
    adapter: Identity = bench.adapter(vendor)
    actions = [f"act_{n}" for n in range(5)]
    await asyncio.gather(*(adapter.send_password_reset(own(vendor), permit(a)) for a in actions))
    assert sorted(e.action_id or "" for e in bench.ledger) == actions


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_read_that_fails_before_the_write_leaves_no_doubt(bench: Bench, vendor: str) -> None:
    bench.faults.plan(vendor, "GET", "saved_500", times=99)
    scope = bench.scope(principal("mara" if vendor == "okta" else "bo"))
    for tool in WRITES:
        fields = {"factor_id": "x", "new_email": "new@example.com"}
        wanted = {k: v for k, v in fields.items() if k in tool.args.model_fields}
        args = tool.args.model_validate({"account_id": own(vendor), **wanted})
        with pytest.raises(VendorDown, match="nothing was sent"):
            await tool.execute(args, permit(), scope)
    bench.faults.clear()
    assert bench.effects() == []


async def test_a_write_without_a_permit_does_not_leave_the_house(bench: Bench) -> None:
    sdk = await bench.okta._loaded()
    with pytest.raises(Unpermitted):
        await sdk.unlock_user("00umara")
    assert bench.wire["okta"].exchanges == []
