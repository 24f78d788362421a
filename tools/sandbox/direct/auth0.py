"""Accounts straight on the world: Auth0's users, methods and log, without HTTP and without the SDK."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from core.actions import Permit
from core.errors import VendorRefused
from core.ids import ActionId
from tools.identity.auth0 import PREFIX
from tools.identity.carried import action_in, user_agent
from tools.identity.port import Account, AccountStatus, Done, Factor, IdentityWrite
from tools.sandbox.auth0 import changes
from tools.sandbox.auth0.log import EVENT, Caller
from tools.sandbox.auth0.refusals import Auth0Refusal
from tools.sandbox.auth0.seed import USER
from tools.sandbox.direct.line import Line
from tools.sandbox.world import Change, Record

_DATABASE = "auth0|"
_WRITES: Mapping[IdentityWrite, tuple[str, str]] = {
    "reset_password": ("scpr", "Change password request"),
    "unlock": ("sapi", "Unblock a user"),
    "reset_factor": ("sapi", "Delete an authentication method by ID"),
    "revoke_sessions": ("sapi", "Delete sessions for user"),
    "change_email": ("sapi", "Update a User"),
}
_ALWAYS_CONTACT = frozenset({"ss", "sce"})
_CONTACT_FIELDS = frozenset({"email", "phone_number"})


class DirectAuth0:
    """The Identity port on Auth0's records."""

    vendor = "auth0"

    def __init__(self, line: Line) -> None:
        self._line = line

    async def warm_up(self) -> None:
        """Nothing to import."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def find_account(self, external_id: str) -> Account | None:
        records = self._line.ask(f'GET /api/v2/users?q=app_metadata.external_id:"{external_id}"')
        found = records.find(USER, owner=external_id)
        return _account(found[0]) if len(found) == 1 else None

    async def account(self, account: str) -> Account | None:
        row = self._line.ask(f"GET /api/v2/users/{_inside(account)}?").get(USER, _inside(account))
        return None if row is None else _account(row)

    async def contact_changed_at(self, account: str) -> datetime | None:
        records = self._line.ask(f"GET /api/v2/users/{_inside(account)}/logs?")
        row = records.get(USER, _inside(account))
        if row is None:
            return None
        dated = [_at(event) for event in self._events(row["id"]) if _touches_contact(event)]
        if dated:
            return max(dated)
        kept = [_at(event) for event in records.world.peek(EVENT).values()]
        return max(_time(row["created"]), min(kept)) if kept else None

    async def send_password_reset(self, account: str, permit: Permit) -> Done:
        def mail(change: Change, row: Record, caller: Caller) -> None:
            if not row["email"]:
                raise VendorRefused(self.vendor, "the account has no e-mail to send it to")
            changes.mail_reset(change, row["email"], caller)

        return await self._write("POST", "/dbconnections/change_password", account, permit, mail)

    async def unlock(self, account: str, permit: Permit) -> Done:
        def lift(change: Change, row: Record, caller: Caller) -> None:
            changes.unblock(change, row["id"], caller)

        return await self._write("DELETE", f"/api/v2/user-blocks/{_inside(account)}", account, permit, lift)

    async def reset_factor(self, account: str, factor: str, permit: Permit) -> Done:
        method = factor.replace("--", "|", 1)

        def drop(change: Change, row: Record, caller: Caller) -> None:
            changes.drop_method(change, row["id"], method, caller)

        path = f"/api/v2/users/{_inside(account)}/authentication-methods/{method}"
        return await self._write("DELETE", path, account, permit, drop)

    async def revoke_sessions(self, account: str, permit: Permit) -> Done:
        def end(change: Change, row: Record, caller: Caller) -> None:
            changes.drop_sessions(change, row["id"], caller)

        return await self._write("DELETE", f"/api/v2/users/{_inside(account)}/sessions", account, permit, end)

    async def change_email(self, account: str, email: str, permit: Permit) -> Done:
        def move(change: Change, row: Record, caller: Caller) -> None:
            changes.update(change, row["id"], {"email": email, "verify_email": True}, caller)

        return await self._write("PATCH", f"/api/v2/users/{_inside(account)}", account, permit, move)

    async def find_done(
        self, account: str, what: IdentityWrite, since: datetime, action_id: ActionId
    ) -> Sequence[Done]:
        kind = _WRITES[what]
        events = [e for e in self._events(_inside(account)) if (e["type"], e["description"]) == kind]
        ours = [e for e in sorted(events, key=_at) if _at(e) >= since and _agent(e) == action_id]
        return [Done(vendor=self.vendor, reference=e["log_id"], at=_at(e)) for e in ours]

    def _events(self, user: str) -> list[Record]:
        rows = self._line.records.world.peek(EVENT).values()
        return [row for row in rows if row["user_id"] == user]

    async def _write(
        self,
        method: str,
        path: str,
        account: str,
        permit: Permit,
        do: Callable[[Change, Record, Caller], None],
    ) -> Done:
        caller = Caller(agent=user_agent(permit.action_id), method=method.lower(), path=path)
        async with self._line.write(f"{method} {path}?", permit) as change:
            try:
                do(change, changes.known(change, _inside(account)), caller)
            except Auth0Refusal as refusal:
                raise VendorRefused(self.vendor, str(refusal)) from None
        return Done(vendor=self.vendor, reference=permit.action_id, at=self._line.records.now)


def _account(row: Record) -> Account:
    status: AccountStatus = "suspended" if row["blocked"] else "locked" if row["blocks"] else "active"
    return Account(
        vendor="auth0",
        id=PREFIX + row["id"].removeprefix(_DATABASE),
        external_id=row["owner"],
        status=status,
        email=row["email"] or "",
        admin=row["admin"],
        factors=tuple(Factor(id=m["id"].replace("|", "--", 1), kind=m["kind"]) for m in row["methods"]),
        last_login_at=_time(row["last_login"]),
    )


def _touches_contact(event: Record) -> bool:
    if event["type"] in _ALWAYS_CONTACT:
        return True
    told = (event["details"] or {}).get("request", {})
    if "/authentication-methods" in told.get("path", ""):
        return bool(told["method"] != "get")
    return event["description"] == "Update a User" and bool(_CONTACT_FIELDS & set(told.get("body") or ()))


def _agent(event: Record) -> str | None:
    return action_in((event["details"] or {}).get("request", {}).get("userAgent", ""))


def _at(event: Record) -> datetime:
    return _time(event["at"])


def _time(text: str) -> datetime:
    # Auth0 writes milliseconds; the rest is cut off, not rounded.
    at = datetime.fromisoformat(text)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _inside(account: str) -> str:
    return _DATABASE + account.removeprefix(PREFIX)
