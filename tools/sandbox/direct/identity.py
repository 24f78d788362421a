"""Accounts straight on the world: Okta's users, factors and system log, without the SDK."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from core.actions import Permit
from core.errors import VendorRefused, VendorUnsure
from core.ids import ActionId
from tools.identity.carried import action_in, user_agent
from tools.identity.port import Account, AccountStatus, Done, Factor, IdentityWrite
from tools.sandbox.direct.line import Line
from tools.sandbox.okta import lifecycle
from tools.sandbox.okta.log import EVENT
from tools.sandbox.okta.refusals import OktaRefusal
from tools.sandbox.okta.seed import USER
from tools.sandbox.world import Change, Record

_LOG_KEPT = timedelta(days=90)
_STATUS: Mapping[str, AccountStatus] = {
    "ACTIVE": "active",
    "LOCKED_OUT": "locked",
    "SUSPENDED": "suspended",
    "PASSWORD_EXPIRED": "password_expired",
    "RECOVERY": "password_expired",
    "DEPROVISIONED": "deactivated",
}
_WRITES: Mapping[IdentityWrite, str] = {
    "reset_password": "user.account.reset_password",
    "unlock": "user.account.unlock",
    "reset_factor": "user.mfa.factor.deactivate",
    "revoke_sessions": "user.session.clear",
    "change_email": "user.account.update_profile",
}
_ALWAYS_CONTACT = frozenset(
    {"user.lifecycle.create", "user.mfa.factor.deactivate", "user.mfa.factor.reset_all"}
)
_CONTACT_FIELDS = frozenset({"email", "login", "mobilePhone"})


class DirectIdentity:
    """The Identity port on Okta's records."""

    vendor = "okta"

    def __init__(self, line: Line) -> None:
        self._line = line

    async def warm_up(self) -> None:
        """Nothing to import."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def find_account(self, external_id: str) -> Account | None:
        found = self._line.records.find(USER, owner=external_id)
        return _account(found[0]) if len(found) == 1 else None

    async def account(self, account: str) -> Account | None:
        row = self._line.records.get(USER, account)
        return None if row is None else _account(row)

    async def contact_changed_at(self, account: str) -> datetime | None:
        records = self._line.records
        row = records.get(USER, account)
        if row is None:
            return None
        start = records.now - _LOG_KEPT
        dated = [at for e in self._events(account) if _touches_contact(e) and (at := _at(e)) >= start]
        if dated:
            return max(dated)
        return max(_time(row["created"]), min(start, _time(row["updated"])))

    async def send_password_reset(self, account: str, permit: Permit) -> Done:
        return await self._write("lifecycle/reset_password", account, permit, lifecycle.reset_password)

    async def unlock(self, account: str, permit: Permit) -> Done:
        return await self._write("lifecycle/unlock", account, permit, lifecycle.unlock)

    async def reset_factor(self, account: str, factor: str, permit: Permit) -> Done:
        def drop(change: Change, row: Record, agent: str) -> None:
            lifecycle.drop_factor(change, row, factor, agent=agent)

        return await self._write("factors", account, permit, drop)

    async def revoke_sessions(self, account: str, permit: Permit) -> Done:
        def clear(change: Change, row: Record, agent: str) -> None:
            lifecycle.clear_sessions(change, row, agent=agent)

        return await self._write("sessions", account, permit, clear)

    async def change_email(self, account: str, email: str, permit: Permit) -> Done:
        def update(change: Change, row: Record, agent: str) -> None:
            wanted = {"email": email}
            if row["login"].casefold() == row["email"].casefold():
                wanted["login"] = email
            lifecycle.update(change, row, wanted, agent=agent)

        return await self._write("users", account, permit, update)

    async def find_done(
        self, account: str, what: IdentityWrite, since: datetime, action_id: ActionId
    ) -> Sequence[Done]:
        events = [e for e in self._events(account) if e["type"] == _WRITES[what] and _at(e) >= since]
        if any(e["agent"] is None for e in events):
            raise VendorUnsure(self.vendor, f"{_WRITES[what]} does not say who asked for it")
        ours = [e for e in sorted(events, key=_at) if action_in(e["agent"]) == action_id]
        return [Done(vendor=self.vendor, reference=e["uuid"], at=_at(e)) for e in ours]

    def _events(self, account: str) -> list[Record]:
        rows = self._line.records.world.peek(EVENT).values()
        return [row for row in rows if row["user"] == account]

    async def _write(
        self, what: str, account: str, permit: Permit, do: Callable[[Change, Record, str], None]
    ) -> Done:
        async with self._line.write(f"POST /api/v1/users/{account}/{what}", permit) as change:
            try:
                do(change, lifecycle.known(change, account), user_agent(permit.action_id))
            except OktaRefusal as refusal:
                raise VendorRefused(self.vendor, str(refusal)) from None
        return Done(vendor=self.vendor, reference=permit.action_id, at=self._line.records.now)


def _account(row: Record) -> Account:
    return Account(
        vendor="okta",
        id=row["id"],
        external_id=row["owner"],
        status=_STATUS.get(row["status"], "other"),
        email=row["email"] or "",
        admin=row["admin"],
        factors=tuple(Factor(id=f["id"], kind=f["kind"]) for f in row["factors"]),
        last_login_at=_time(row["last_login"]) if row["last_login"] else None,
    )


def _touches_contact(event: Record) -> bool:
    if event["type"] != "user.account.update_profile":
        return event["type"] in _ALWAYS_CONTACT
    return not event["changed"] or bool(_CONTACT_FIELDS & set(event["changed"]))


def _at(event: Record) -> datetime:
    return _time(event["at"])


def _time(text: str) -> datetime:
    # Okta writes milliseconds; the rest is cut off, not rounded.
    at = datetime.fromisoformat(text)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
