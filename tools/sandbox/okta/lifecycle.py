"""What Okta changes when it is told to: status, factors, sessions, profile, each with its log event and effect."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tools.sandbox.okta.log import note
from tools.sandbox.okta.refusals import OktaRefusal
from tools.sandbox.okta.seed import USER
from tools.sandbox.world import Change, Record

_ACTION = re.compile(r"\bact_[0-9a-z]+")
_PROFILE = {
    "email": "email",
    "login": "login",
    "mobilePhone": "phone",
    "firstName": "first",
    "lastName": "last",
}


def known(change: Change, user: str) -> Record:
    """The user's record, or Okta's 404."""
    record = change.get(USER, user)
    if record is None:
        raise OktaRefusal("E0000007", f"{user} (User)")
    return record


def reset_password(change: Change, record: Record, agent: str) -> None:
    """Starts recovery: the mail goes to the address on file, the status becomes RECOVERY."""
    _require(record, {"ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}, "E0000038")
    _move(change, record, "RECOVERY")
    _done(change, record, "password_reset", "user.account.reset_password", agent)


def expire_password(change: Change, record: Record, agent: str) -> None:
    """The next sign-in must set a new password."""
    _require(record, {"ACTIVE", "RECOVERY", "PASSWORD_EXPIRED"}, "E0000038")
    _move(change, record, "PASSWORD_EXPIRED")
    _done(change, record, "password_expire", "user.account.expire_password", agent)


def unlock(change: Change, record: Record, agent: str) -> None:
    """Back to ACTIVE; only a locked-out user can be unlocked."""
    _require(record, {"LOCKED_OUT"}, "E0000032")
    _move(change, record, "ACTIVE")
    _done(change, record, "unlock", "user.account.unlock", agent)


def reset_factors(change: Change, record: Record, agent: str) -> None:
    """Drops every factor."""
    _require(record, {"ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}, "E0000038")
    record["factors"] = []
    _done(change, record, "factor_reset", "user.mfa.factor.reset_all", agent)


MOVES: Mapping[str, Callable[[Change, Record, str], None]] = {
    "reset_password": reset_password,
    "expire_password": expire_password,
    "unlock": unlock,
    "reset_factors": reset_factors,
}


def drop_factor(change: Change, record: Record, factor: str, *, agent: str) -> None:
    """Unenrols one factor."""
    kept = [f for f in record["factors"] if f["id"] != factor]
    if len(kept) == len(record["factors"]):
        raise OktaRefusal("E0000007", f"{factor} (UserFactor)")
    record["factors"] = kept
    _done(change, record, "factor_reset", "user.mfa.factor.deactivate", agent, factor=factor)


def clear_sessions(change: Change, record: Record, *, agent: str) -> None:
    """Ends every session of the user; without one nothing changes but the log."""
    if record["sessions"]:
        record["sessions"] = 0
        _done(change, record, "sessions_revoked", "user.session.clear", agent)
    else:
        note(change, record, "user.session.clear", agent=agent)


def update(change: Change, record: Record, profile: dict[str, Any], *, agent: str) -> None:
    """A partial update of the profile, with Okta's checks of e-mail and login."""
    if record["status"] == "DEPROVISIONED":
        raise OktaRefusal("E0000038")
    wrong = [name for name in profile if name not in _PROFILE and name != "externalId"]
    wrong += [n for n in ("email", "login") if n in profile and not _is_mail(profile[n])]
    if wrong:
        cause = f"{wrong[0]}: Does not match required pattern"
        raise OktaRefusal("E0000001", wrong[0], causes=(cause,))
    login = str(profile.get("login", record["login"])).lower()
    if any(r["login"].lower() == login and r["id"] != record["id"] for r in change.find(USER)):
        cause = "login: An object with this field already exists in the current organization"
        raise OktaRefusal("E0000001", "login", causes=(cause,))
    changed = [n for n in profile if n in _PROFILE and record[_PROFILE[n]] != profile[n]]
    for name in changed:
        record[_PROFILE[name]] = profile[name]
    record["updated"] = change.now.isoformat()
    if "email" in changed:
        _done(
            change,
            record,
            "email_change",
            "user.account.update_profile",
            agent,
            changed=changed,
            email=record["email"],
        )
    else:
        change.put(USER, record["id"], record)
        note(change, record, "user.account.update_profile", agent=agent, changed=changed)


def _done(
    change: Change,
    record: Record,
    effect: str,
    event: str,
    agent: str,
    *,
    changed: list[str] | None = None,
    **detail: Any,
) -> None:
    change.put(USER, record["id"], record)
    note(change, record, event, agent=agent, changed=changed or ())
    told = _ACTION.search(agent)
    change.effect(
        "okta",
        effect,
        record["id"],
        owner=record["owner"],
        action_id=told.group() if told else None,
        **detail,
    )


def _require(record: Record, allowed: set[str], code: str) -> None:
    if record["status"] not in allowed:
        raise OktaRefusal(code)


def _move(change: Change, record: Record, status: str) -> None:
    record["status"] = status
    record["status_changed"] = record["updated"] = change.now.isoformat()


def _is_mail(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value))
