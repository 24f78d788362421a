"""Okta behind the identity port: its SDK over our own HTTP client."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import httpx
from pydantic import SecretStr

from core.actions import Permit
from core.clock import Clock
from core.errors import VendorRefused, VendorUnsure
from core.ids import ActionId
from tools.hooks import Hint, hint
from tools.http import TIMEOUT, client, path_template, retrying, send
from tools.identity.carried import Carried, action_in, before_write, readable
from tools.identity.port import Account, AccountStatus, Done, Factor, IdentityWrite

# How long Okta keeps its system log: https://developer.okta.com/docs/reference/api/system-log/
LOG_KEPT = timedelta(days=90)
_PAGE = 100
_MOST_PAGES = 5
_STATUS: Mapping[str, AccountStatus] = {
    "ACTIVE": "active",
    "LOCKED_OUT": "locked",
    "SUSPENDED": "suspended",
    "PASSWORD_EXPIRED": "password_expired",
    # Recovery was started: the next sign-in needs a new password.
    "RECOVERY": "password_expired",
    "STAGED": "pending",
    "PROVISIONED": "pending",
    "DEPROVISIONED": "deactivated",
}
_FACTOR = {"token:software:totp": "totp", "token:hardware": "totp", "token:hotp": "totp", "u2f": "webauthn"}
_WRITES: Mapping[IdentityWrite, tuple[str, ...]] = {
    "reset_password": ("user.account.reset_password",),
    "unlock": ("user.account.unlock",),
    "reset_factor": ("user.mfa.factor.deactivate",),
    "revoke_sessions": ("user.session.clear",),
    "change_email": ("user.account.update_profile",),
}
_CONTACT = (
    "user.lifecycle.create",
    "user.account.update_profile",
    "user.account.update_primary_email",
    "user.account.update_secondary_email",
    "user.mfa.factor.activate",
    "user.mfa.factor.update",
    "user.mfa.factor.deactivate",
    "user.mfa.factor.reset_all",
)
# The SDK overwrites a User-Agent given to a call, so ours travels under another name as far as `Wire`.
_AGENT = "X-Remit-Agent"
_CONTACT_FIELDS = {"email", "login", "secondEmail", "mobilePhone", "primaryPhone"}


class Missing(VendorRefused):
    """Okta's 404."""


class Okta:
    """One Okta org; the SDK is imported at the first call, in a thread, because that takes seconds."""

    vendor = "okta"

    def __init__(
        self,
        *,
        base_url: str,
        token: SecretStr,
        clock: Clock,
        timeout: httpx.Timeout = TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._carried = Carried()
        # The SDK's own header lacks the space after SSWS, so ours is the one that is sent.
        secret = SecretStr(f"SSWS {token.get_secret_value()}")
        auth = {"Authorization": secret}
        self._http = client("okta", base_url=base_url, auth=auth, timeout=timeout, transport=transport)
        self._wire = Wire(self._http, self._carried, base_url=base_url)
        self._sdk: Any = None
        self._loading = asyncio.Lock()

    async def warm_up(self) -> None:
        """Imports the SDK now rather than at the first call."""
        await self._loaded()

    async def close(self) -> None:
        """Closes the connections; the adapter cannot be used afterwards."""
        await self._http.aclose()

    async def find_account(self, external_id: str) -> Account | None:
        search = f"profile.externalId eq {json.dumps(external_id)}"
        users = await self._read("list_users", search=search, limit=2)
        # Okta compares without regard to case; two who answer to one id are nobody.
        exact = [u for u in users if _external_id(u) == external_id]
        return await self.account(exact[0].id) if len(exact) == 1 else None

    async def account(self, account: str) -> Account | None:
        try:
            user, factors, roles = await asyncio.gather(
                self._read("get_user", account),
                self._read("list_factors", account),
                self._read("list_assigned_roles_for_user", account),
            )
        except Missing:
            return None
        # Okta takes a login where it takes an id; only the id itself counts here.
        return readable(self.vendor, _account, user, factors, bool(roles)) if user.id == account else None

    async def contact_changed_at(self, account: str) -> datetime | None:
        try:
            user = await self._read("get_user", account)
        except Missing:
            return None
        start = self._clock.now() - LOG_KEPT
        async for event in self._events(account, _CONTACT, since=start, newest_first=True):
            if _touches_contact(event):
                return _utc(event.published)
        if user.created is None:
            return None
        # Nothing in the log: it was before the log begins, and the record was not touched later than it says.
        return max(_utc(user.created), min(start, _utc(user.last_updated or user.created)))

    async def send_password_reset(self, account: str, permit: Permit) -> Done:
        return await self._write(permit, "reset_password", account, True)

    async def unlock(self, account: str, permit: Permit) -> Done:
        return await self._write(permit, "unlock_user", account)

    async def reset_factor(self, account: str, factor: str, permit: Permit) -> Done:
        return await self._write(permit, "unenroll_factor", account, factor)

    async def revoke_sessions(self, account: str, permit: Permit) -> Done:
        return await self._write(permit, "revoke_user_sessions", account)

    async def change_email(self, account: str, email: str, permit: Permit) -> Done:
        profile = (await before_write(self.vendor, self._read("get_user", account))).profile
        wanted = {"email": email}
        if profile.login and profile.login.casefold() == (profile.email or "").casefold():
            wanted["login"] = email
        model = import_module("okta.models").UpdateUserRequest
        request = model.from_dict({"profile": wanted})
        return await self._write(permit, "update_user", account, request, answers=_has_email(email))

    async def changed_since(self, since: datetime) -> Sequence[Hint]:
        """Events of the system log that change who may sign in."""
        kinds = {*_CONTACT, *(kind for row in _WRITES.values() for kind in row)}
        query: dict[str, Any] = {
            "filter": " or ".join(f'eventType eq "{kind}"' for kind in sorted(kinds)),
            "since": since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "limit": _PAGE,
        }
        found: list[Hint] = []
        async for event in self._log(query):
            named = [t.id for t in event.target or () if t.type == "User"]
            at, kind = _utc(event.published), event.event_type
            one = hint(self.vendor, event.uuid, kind, "account", named[0] if named else "", at)
            found += [] if one is None else [one]
        return found

    async def find_done(
        self, account: str, what: IdentityWrite, since: datetime, action_id: ActionId
    ) -> Sequence[Done]:
        done: list[Done] = []
        async for event in self._events(account, _WRITES[what], since=since, newest_first=False):
            agent = _agent(event)
            if agent is None:
                raise VendorUnsure(self.vendor, f"{event.event_type} does not say who asked for it")
            if action_in(agent) == action_id:
                done.append(Done(vendor=self.vendor, reference=event.uuid, at=_utc(event.published)))
        return done

    async def _events(
        self, account: str, types: Iterable[str], *, since: datetime, newest_first: bool
    ) -> Any:
        kinds = " or ".join(f'eventType eq "{kind}"' for kind in types)
        query: dict[str, Any] = {
            "filter": f'target.id eq "{account}" and ({kinds})',
            "since": since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "limit": _PAGE,
            "sort_order": "DESCENDING" if newest_first else "ASCENDING",
        }
        async for event in self._log(query):
            yield event

    async def _log(self, query: dict[str, Any]) -> Any:
        for _ in range(_MOST_PAGES):
            events, answer = await self._paged("list_log_events", **query)
            for event in events:
                yield event
            query["after"] = _next_cursor(answer)
            if query["after"] is None:
                return
        raise VendorUnsure(self.vendor, "more log events than can be read")

    async def _read(self, method: str, *args: Any, **query: Any) -> Any:
        return (await self._paged(method, *args, **query))[0]

    async def _paged(self, method: str, *args: Any, **query: Any) -> tuple[Any, httpx.Response]:
        sdk = await self._loaded()

        async def call() -> tuple[Any, httpx.Response]:
            data, answer = await _parsed(getattr(sdk, method), *args, **query)
            if data is None:
                raise VendorUnsure(self.vendor, f"{method} gave an empty answer")
            return data, answer

        return await retrying(sleep=self._sleep)(call)

    async def _write(
        self, permit: Permit, method: str, *args: Any, answers: Callable[[Any], bool] | None = None
    ) -> Done:
        sdk = await self._loaded()
        with self._carried.carry(permit) as agent:
            data, answer = await _parsed(getattr(sdk, method), *args, _headers={_AGENT: agent})
        if answers is not None and not answers(data):
            raise VendorUnsure(self.vendor, f"{method} answered something else than was asked")
        return Done(
            vendor=self.vendor,
            reference=answer.headers.get("x-okta-request-id", permit.action_id),
            at=self._clock.now(),
        )

    async def _loaded(self) -> Any:
        async with self._loading:
            if self._sdk is None:
                self._sdk = await asyncio.to_thread(self._load)
        return self._sdk

    def _load(self) -> Any:
        config = {
            "orgUrl": self._wire.org,
            "authorizationMode": "SSWS",
            "token": "sent-by-our-client",
            "rateLimit": {"maxRetries": 0},
            "httpClient": lambda _: self._wire,
        }
        sdk = import_module("okta.client").Client(config)
        # Every client it makes adds another handler to one shared logger.
        logging.getLogger("okta-sdk-python").handlers.clear()
        return sdk


class Answer:
    """An HTTP answer in the form Okta's SDK reads."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.reason = response.reason_phrase
        self.headers = response.headers


class Wire:
    """What the SDK gets as its HTTP client: ours. Failures rise as our errors and never become a tuple."""

    def __init__(self, http: httpx.AsyncClient, carried: Carried, *, base_url: str) -> None:
        self._http = http
        self._carried = carried
        # The SDK insists on https, which a loopback door is not; only the path of what it builds is used.
        self.org = "https://" + base_url.partition("://")[2].rstrip("/")

    async def send_request(self, request: dict[str, Any]) -> tuple[None, Answer, str, None]:
        """Sends what the SDK built; 404 rises as Missing."""
        url, headers = request["url"].removeprefix(self.org), request["headers"]
        agent = headers.get(_AGENT, headers.get("User-Agent", ""))
        kept = {"Accept": "application/json", "User-Agent": agent}
        body = {"json": request["data"]} if request["data"] else {}
        response = await send(
            self._http,
            "okta",
            request["method"],
            url,
            permit=self._carried.of(agent),
            expect=frozenset(range(400, 500)) - {408, 429},
            headers=kept,
            **body,
        )
        if response.is_success:
            return None, Answer(response), _text(response), None
        kind = Missing if response.status_code == 404 else VendorRefused
        where = f"{request['method']} {path_template(url)}"
        raise kind("okta", f"{where} answered {response.status_code} {_error_code(response)}".rstrip())

    def check_response_for_error(self, url: str, answer: Answer, body: str) -> tuple[None, None]:
        """Nothing is left to find: `send_request` raised it."""
        return None, None


async def _parsed(
    call: Callable[..., Awaitable[tuple[Any, ...]]], *args: Any, **query: Any
) -> tuple[Any, httpx.Response]:
    """Data and headers of an SDK call; VendorUnsure when the SDK cannot read what came."""
    try:
        data, answer, *errors = await call(*args, **query)
    # pydantic's errors are ValueErrors; the others come from the SDK walking over unexpected JSON.
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise VendorUnsure("okta", f"unreadable answer ({type(error).__name__})") from None
    if any(errors):
        raise VendorUnsure("okta", f"unreadable answer ({type(errors[0]).__name__})")
    return data, httpx.Response(answer.status_code, headers=dict(answer.headers or {}))


def _next_cursor(answer: httpx.Response) -> str | None:
    """The `after` of the next page, when there is one."""
    link = answer.links.get("next", {}).get("url")
    return httpx.URL(link).params.get("after") if link else None


def _account(user: Any, factors: Sequence[Any], admin: bool) -> Account:
    return Account(
        vendor=Okta.vendor,
        id=user.id,
        external_id=_external_id(user),
        status=_STATUS.get(user.status.value, "other"),
        email=user.profile.email or "",
        admin=admin,
        factors=tuple(_factor(f) for f in factors if f.status is not None and f.status.value == "ACTIVE"),
        last_login_at=None if user.last_login is None else _utc(user.last_login),
    )


def _factor(factor: Any) -> Factor:
    kind = factor.factor_type.value
    return Factor(id=factor.id, kind=_FACTOR.get(kind, kind))


def _external_id(user: Any) -> str:
    known = user.profile.additional_properties if user.profile else {}
    return str(known.get("externalId") or "")


def _touches_contact(event: Any) -> bool:
    """False only for a profile change that names its attributes and none of them reaches the person."""
    if event.event_type != "user.account.update_profile" or event.debug_context is None:
        return True
    changed = (event.debug_context.debug_data or {}).get("changedAttributes")
    return not changed or bool(_CONTACT_FIELDS & set(str(changed).replace(" ", "").split(",")))


def _agent(event: Any) -> str | None:
    told = event.client.user_agent if event.client else None
    return told.raw_user_agent if told else None


def _has_email(email: str) -> Callable[[Any], bool]:
    return lambda user: user is not None and user.profile is not None and user.profile.email == email


def _error_code(response: httpx.Response) -> str:
    try:
        code = response.json().get("errorCode", "")
    except (ValueError, AttributeError):
        return ""
    return code if isinstance(code, str) and code.isalnum() else ""


def _text(response: httpx.Response) -> str:
    try:
        return response.content.decode()
    except UnicodeDecodeError:
        raise VendorUnsure("okta", "unreadable answer (UnicodeDecodeError)") from None


def _utc(at: datetime | None) -> datetime:
    """Okta's times carry a zone; one that does not is read as UTC, as its API says."""
    if at is None:
        raise VendorUnsure("okta", "a time is missing in the answer")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
