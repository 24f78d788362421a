"""Auth0 behind the identity port: its SDK for the Management API over our own HTTP client."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import httpx
from pydantic import SecretStr

from core.actions import Permit
from core.clock import Clock
from core.errors import SettingsError, VendorBusy, VendorDown, VendorError, VendorRefused, VendorUnsure
from core.ids import ActionId
from tools.http import NOTHING_SENT, TIMEOUT, client, post_reads, retrying, send
from tools.identity.auth0_token import PATH as TOKEN_PATH
from tools.identity.auth0_token import FreshToken
from tools.identity.carried import Carried, action_in, before_write, readable
from tools.identity.port import Account, AccountStatus, Done, Factor, IdentityWrite

# Ids outside this file: "auth0|x" is "a0_x", and "totp|dev_x" is "totp--dev_x".
PREFIX = "a0_"
_DATABASE = "auth0|"
_PAGE = 50
_MOST_PAGES = 5
_FACTOR = {
    "totp": "totp",
    "phone": "sms",
    "push": "push",
    "guardian": "push",
    "email": "email",
    "webauthn-roaming": "webauthn",
    "webauthn-platform": "webauthn",
    "passkey": "passkey",
}
# What an event of the log is called for each write: its type, and the description where the type is "sapi".
_WRITES: Mapping[IdentityWrite, tuple[str, str]] = {
    "reset_password": ("scpr", ""),
    "unlock": ("sapi", "unblock a user"),
    "reset_factor": ("sapi", "delete an authentication method by id"),
    "revoke_sessions": ("sapi", "delete sessions for user"),
    "change_email": ("sapi", "update a user"),
}
# https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes
_CONTACT_TYPES = {"ss", "sce", "scpn", "scu", "gd_enrollment_complete", "gd_unenroll"}
_CONTACT_FIELDS = {"email", "phone_number", "username"}


class Missing(VendorRefused):
    """Auth0's 404."""


class Auth0:
    """One Auth0 tenant: database users of one connection.

    It signs in with `client_secret` (fetching tokens as they end), or with a `token` given, which lives a day.
    """

    vendor = "auth0"

    def __init__(
        self,
        *,
        base_url: str,
        client_id: str,
        clock: Clock,
        token: SecretStr | None = None,
        client_secret: SecretStr | None = None,
        connection: str = "Username-Password-Authentication",
        timeout: httpx.Timeout = TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._client_id = client_id
        self._connection = connection
        self._sleep = sleep
        self._carried = Carried()
        self._base_url = base_url.rstrip("/")
        wire: dict[str, Any] = {"base_url": base_url, "timeout": timeout, "transport": transport}
        self._public = client("auth0", auth={}, is_read=post_reads(TOKEN_PATH), **wire)
        self._http = client("auth0", auth=_bearer(token), **wire)
        self._http.event_hooks = {"request": [self._attach]}
        if client_secret is not None:
            audience = f"{self._base_url}/api/v2/"
            self._http.auth = FreshToken(
                self._public, audience=audience, client_id=client_id, secret=client_secret, clock=clock
            )
        elif token is None:
            raise SettingsError("Auth0 needs the client secret of an application, or a Management API token")
        self._sdk: Any = None
        self._loading = asyncio.Lock()

    async def warm_up(self) -> None:
        """Imports the SDK now rather than at the first call."""
        await self._method("users.get")

    async def close(self) -> None:
        """Closes the connections; the adapter cannot be used afterwards."""
        await asyncio.gather(self._http.aclose(), self._public.aclose())

    async def find_account(self, external_id: str) -> Account | None:
        if '"' in external_id or "\\" in external_id:
            return None
        query = f'app_metadata.external_id:"{external_id}"'
        page = await self._read("users.list", q=query, search_engine="v3", per_page=_PAGE)
        # The search index lags behind, so it only proposes; the user itself is read by id.
        ids = [u.user_id for u in _listed(page.items) if (u.user_id or "").startswith(_DATABASE)]
        account = await self.account(_outside(ids[0])) if len(ids) == 1 else None
        return account if account is not None and account.external_id == external_id else None

    async def account(self, account: str) -> Account | None:
        if not account.startswith(PREFIX):
            return None
        key = _inside(account)
        try:
            user, methods, blocks, roles = await asyncio.gather(
                self._read("users.get", key),
                self._read("users.authentication_methods.list", key, per_page=_PAGE),
                self._read("user_blocks.list", key),
                self._read("users.roles.list", key, per_page=1),
            )
        except Missing:
            return None
        locked, admin = bool(_listed(blocks.blocked_for)), bool(_listed(roles.items))
        return readable(self.vendor, _account, user, _listed(methods.items), locked, admin, account)

    async def contact_changed_at(self, account: str) -> datetime | None:
        try:
            user = await self._read("users.get", _inside(account))
        except Missing:
            return None
        async for event in self._events(account):
            if _touches_contact(event):
                return _time(event.date)
        created = _time(user.created_at)
        kept_since = await self._oldest_event()
        # Without an event it was before the log begins; how long a tenant keeps it depends on its plan.
        return None if created is None or kept_since is None else max(created, kept_since)

    async def send_password_reset(self, account: str, permit: Permit) -> Done:
        # A ticket of the Management API would hand us the link; this call makes Auth0 mail it itself.
        user = await before_write(self.vendor, self._read("users.get", _inside(account)))
        if not user.email:
            raise VendorRefused(self.vendor, "the account has no e-mail to send it to")
        with self._carried.carry(permit) as agent:
            await send(
                self._public,
                self.vendor,
                "POST",
                "/dbconnections/change_password",
                permit=permit,
                headers=_marked(agent, permit),
                json={"client_id": self._client_id, "email": user.email, "connection": self._connection},
            )
        return Done(vendor=self.vendor, reference=permit.action_id, at=self._clock.now())

    async def unlock(self, account: str, permit: Permit) -> Done:
        return (await self._write(permit, "user_blocks.delete", _inside(account)))[1]

    async def reset_factor(self, account: str, factor: str, permit: Permit) -> Done:
        method = factor.replace("--", "|", 1)
        return (await self._write(permit, "users.authentication_methods.delete", _inside(account), method))[1]

    async def revoke_sessions(self, account: str, permit: Permit) -> Done:
        return (await self._write(permit, "users.sessions.delete", _inside(account)))[1]

    async def change_email(self, account: str, email: str, permit: Permit) -> Done:
        changes = {"email": email, "verify_email": True, "connection": self._connection}
        user, done = await self._write(
            permit, "users.update", _inside(account), client_id=self._client_id, **changes
        )
        if user.email != email:
            raise VendorUnsure(self.vendor, "the user came back with another e-mail than was asked")
        return done

    async def find_done(
        self, account: str, what: IdentityWrite, since: datetime, action_id: ActionId
    ) -> Sequence[Done]:
        kind, description = _WRITES[what]
        done: list[Done] = []
        async for event in self._events(account):
            at = _time(event.date)
            if at is None or at < since:
                break
            if event.type != kind or description not in (event.description or "").lower():
                continue
            caller = _caller(event)
            if not caller:
                raise VendorUnsure(self.vendor, f"a {kind!r} event does not say who asked for it")
            if action_in(caller) == action_id:
                done.append(Done(vendor=self.vendor, reference=event.log_id or action_id, at=at))
        return done[::-1]

    async def _events(self, account: str) -> Any:
        """The user's log events, newest first."""
        for page in range(_MOST_PAGES):
            found = await self._read(
                "users.logs.list", _inside(account), sort="date:-1", page=page, per_page=_PAGE
            )
            events = _listed(found.items)
            for event in events:
                yield event
            if len(events) < _PAGE:
                return
        raise VendorUnsure(self.vendor, "more log events than can be read")

    async def _oldest_event(self) -> datetime | None:
        found = await self._read("logs.list", sort="date:1", per_page=1)
        oldest = _listed(found.items)
        return _time(oldest[0].date) if oldest else None

    async def _read(self, method: str, *args: Any, **query: Any) -> Any:
        call = await self._method(method)
        return await retrying(sleep=self._sleep)(_asked, call, *args, **query)

    async def _write(self, permit: Permit, method: str, *args: Any, **body: Any) -> tuple[Any, Done]:
        call = await self._method(method)
        with self._carried.carry(permit) as agent:
            options = {"additional_headers": _marked(agent, permit), "max_retries": 0}
            answer = await _asked(call, *args, request_options=options, **body)
        return answer, Done(vendor=self.vendor, reference=permit.action_id, at=self._clock.now())

    async def _method(self, name: str) -> Callable[..., Awaitable[Any]]:
        async with self._loading:
            if self._sdk is None:
                # A third of a second of imports, so not in the loop.
                module = await asyncio.to_thread(import_module, "auth0.management.client")
                self._sdk = module.AsyncAuth0(
                    base_url=f"{self._base_url}/api/v2",
                    token="sent-by-our-client",  # noqa: S106
                    max_retries=0,
                    httpx_client=self._http,
                )
        found = self._sdk
        for step in name.split("."):
            found = getattr(found, step)
        return found  # type: ignore[no-any-return]

    async def _attach(self, request: httpx.Request) -> None:
        permit = self._carried.of(request.headers.get("user-agent", ""))
        if permit is not None:
            request.extensions["permit"] = permit


async def _asked(call: Callable[..., Awaitable[Any]], *args: Any, **body: Any) -> Any:
    """The SDK's result; its errors and the transport's as ours."""
    try:
        return await call(*args, **body)
    except NOTHING_SENT as error:
        raise VendorDown("auth0", f"could not connect ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise VendorUnsure("auth0", f"got no whole answer ({type(error).__name__})") from None
    except ValueError as error:
        raise VendorUnsure("auth0", f"unreadable answer ({type(error).__name__})") from None
    # The SDK's errors share no importable base: an answered one has a status, an unreadable one has a cause.
    except Exception as error:
        if not hasattr(error, "status_code"):
            raise
        raise _failure(error) from None


def _failure(error: Any) -> VendorError:
    status, headers = error.status_code, httpx.Headers(error.headers or {})
    wait = headers.get("retry-after", "")
    code = error.body.get("errorCode") if isinstance(error.body, dict) else None
    said = f"answered {status} {code or ''}".rstrip()
    if status == 429 or (status == 503 and wait.isdigit()):
        return VendorBusy("auth0", said, retry_after=float(wait) if wait.isdigit() else None)
    if status == 404:
        return Missing("auth0", said)
    if 400 <= status < 500 and status != 408:
        return VendorRefused("auth0", said)
    return VendorUnsure("auth0", said)


def _bearer(token: SecretStr | None) -> dict[str, SecretStr]:
    return {} if token is None else {"Authorization": SecretStr(f"Bearer {token.get_secret_value()}")}


def _marked(agent: str, permit: Permit) -> dict[str, str]:
    """Headers that Auth0 keeps in its log: the caller's agent, and its telemetry with our action id."""
    told = {"name": "remit", "version": "1", "env": {"call": agent}}
    return {"User-Agent": agent, "Auth0-Client": base64.b64encode(json.dumps(told).encode()).decode()}


def _account(user: Any, methods: Sequence[Any], locked: bool, admin: bool, id: str) -> Account:
    status: AccountStatus = "suspended" if user.blocked else "locked" if locked else "active"
    return Account(
        vendor=Auth0.vendor,
        id=id,
        external_id=str((user.app_metadata or {}).get("external_id") or ""),
        status=status,
        email=user.email or "",
        admin=admin,
        factors=tuple(
            Factor(id=m.id.replace("|", "--", 1), kind=_FACTOR[m.type])
            for m in methods
            if m.type in _FACTOR and m.confirmed is not False
        ),
        last_login_at=_time(getattr(user, "last_login", None)),
    )


def _listed(items: list[Any] | None) -> list[Any]:
    """The list an answer must have: one that is missing is no empty one."""
    if items is None:
        raise VendorUnsure("auth0", "a list is missing in the answer")
    return items


def _touches_contact(event: Any) -> bool:
    if event.type in _CONTACT_TYPES:
        return True
    if event.type != "sapi":
        return False
    request = _request(event)
    path, method = str(request.get("path", "")), str(request.get("method", "")).lower()
    if "/authentication-methods" in path or "/multifactor" in path:
        return method != "get"
    if (event.description or "").lower() != "update a user":
        return False
    body = request.get("body")
    # An update that does not show what it updated may have been of the e-mail.
    return not isinstance(body, dict) or bool(_CONTACT_FIELDS & body.keys())


def _caller(event: Any) -> str:
    """Everything the event says about who called."""
    agent = _request(event).get("userAgent") or ""
    telemetry = getattr(event, "auth0_client", None)
    return f"{agent} {json.dumps(telemetry) if telemetry else ''}".strip()


def _request(event: Any) -> dict[str, Any]:
    details = event.details
    request = details.get("request") if isinstance(details, dict) else None
    return request if isinstance(request, dict) else {}


def _time(value: object) -> datetime | None:
    """A time of Auth0's: ISO text, sometimes already parsed."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(at, datetime):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _outside(user_id: str) -> str:
    return PREFIX + user_id.removeprefix(_DATABASE)


def _inside(account: str) -> str:
    return _DATABASE + account.removeprefix(PREFIX)
