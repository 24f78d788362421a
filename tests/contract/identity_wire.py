"""Every call our identity adapters make, driven against a door, with the exchanges it left."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from wire import App, Exchange, Recorder

from core.actions import Permit
from core.clock import StillClock
from core.ids import ActionId
from tools.identity.auth0 import Auth0
from tools.identity.okta import Okta
from tools.identity.port import IdentityWrite
from tools.sandbox.persona import Persona, PersonaAccount
from tools.sandbox.server import open_doors
from tools.sandbox.world import World

KEY = "key-of-the-sandbox"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WRITES: tuple[IdentityWrite, ...] = (
    "unlock",
    "reset_password",
    "reset_factor",
    "revoke_sessions",
    "change_email",
)
PERMIT = Permit(action_id=ActionId("act_1"), digest="d" * 64, idempotency_key="remit-act_1")


async def no_sleep(_: float) -> None:
    """Retries need not wait here."""


def person(vendor: str, factors: tuple[str, ...]) -> Persona:
    """A locked administrator with these factors and a contact changed three days ago."""
    account = PersonaAccount.model_validate(
        {
            "vendor": vendor,
            "status": "locked",
            "factors": factors,
            "admin": True,
            "contact_changed_days_ago": 3,
        }
    )
    return Persona(key="mara", name="Mara Example", email="mara@example.com", account=account)


def new_world() -> World:
    return World(clock=StillClock(NOW))


async def drive_in_process(vendor: str, app: App) -> list[Exchange]:
    """The same without a socket: the SDK's calls go straight into the door."""
    recorder = Recorder(app)
    transport = httpx.ASGITransport(app=recorder)
    adapter = _adapter(vendor, {vendor: f"http://{vendor}.example.com"}, transport=transport)
    try:
        await _everything(adapter)
    finally:
        await adapter.close()
    return recorder.exchanges


async def drive(vendor: str, app: App) -> list[Exchange]:
    """Makes every read and every write of the vendor's adapter once."""
    recorder = Recorder(app)
    doors = open_doors({vendor: recorder})
    adapter = _adapter(vendor, doors.urls)
    try:
        await _everything(adapter)
    finally:
        await adapter.close()
        await doors.stop()
    return recorder.exchanges


def _adapter(vendor: str, urls: Mapping[str, str], **more: Any) -> Okta | Auth0:
    known: dict[str, Any] = {
        "base_url": urls[vendor],
        "token": SecretStr(KEY),
        "clock": StillClock(NOW),
        "sleep": no_sleep,
        **more,
    }
    return Okta(**known) if vendor == "okta" else Auth0(client_id="remit", **known)


async def _everything(adapter: Okta | Auth0) -> None:
    account = await adapter.find_account("u_mara")
    assert account is not None
    assert account.admin
    await adapter.contact_changed_at(account.id)
    await adapter.unlock(account.id, PERMIT)
    await adapter.send_password_reset(account.id, PERMIT)
    await adapter.reset_factor(account.id, account.factors[0].id, PERMIT)
    await adapter.revoke_sessions(account.id, PERMIT)
    await adapter.change_email(account.id, "new@example.com", PERMIT)
    for what in WRITES:
        assert await adapter.find_done(account.id, what, NOW - timedelta(days=1), PERMIT.action_id)
    assert await adapter.find_account("u_nobody") is None
