"""What Auth0 changes when it is told to, each with its log event and effect."""

import re
from typing import Any

from tools.sandbox.auth0.log import Caller, note
from tools.sandbox.auth0.refusals import Auth0Refusal
from tools.sandbox.auth0.render import CONNECTION
from tools.sandbox.auth0.seed import USER
from tools.sandbox.world import Change, Record

_FIELDS: dict[str, type] = {
    "email": str,
    "email_verified": bool,
    "verify_email": bool,
    "connection": str,
    "client_id": str,
    "blocked": bool,
    "name": str,
    "phone_number": str,
    "app_metadata": dict,
    "user_metadata": dict,
}


def known(change: Change, user: str) -> Record:
    """The user's record, or Auth0's 404."""
    record = change.get(USER, user)
    if record is None:
        raise Auth0Refusal(404, "inexistent_user", "The user does not exist.")
    return record


def update(change: Change, user: str, wanted: dict[str, Any], caller: Caller) -> Record:
    """A PATCH: the fields it names, with Auth0's checks of an e-mail change."""
    record = known(change, user)
    for name, value in wanted.items():
        if not isinstance(value, _FIELDS.get(name, type(None))):
            raise Auth0Refusal(400, "invalid_body", f"Payload validation error: property {name}")
    email = wanted.get("email")
    moved = email is not None and email != record["email"]
    if moved:
        _check_email(change, record, wanted)
        record |= {"email": email, "email_verified": wanted.get("email_verified", False)}
    record["name"] = wanted.get("name", record["name"])
    record["phone"] = wanted.get("phone_number", record["phone"])
    record["blocked"] = wanted.get("blocked", record["blocked"])
    record["updated"] = change.now.isoformat()
    change.put(USER, record["id"], record)
    note(change, record, "sapi", "Update a User", caller, body=wanted)
    if moved:
        _effect(change, record, "email_change", caller, email=email)
    return record


def _check_email(change: Change, record: Record, wanted: dict[str, Any]) -> None:
    email = wanted["email"]
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise Auth0Refusal(
            400,
            "invalid_body",
            "Payload validation error: 'Object didn't pass validation for format email' on property email",
        )
    if wanted.get("connection", CONNECTION) != CONNECTION:
        raise Auth0Refusal(400, "inexistent_connection", "The connection does not exist.")
    if any(r["id"] != record["id"] for r in change.find(USER, email=email)):
        raise Auth0Refusal(400, "auth0_idp_error", "The specified new email already exists")


def mail_reset(change: Change, email: str, caller: Caller) -> None:
    """Mails the reset link to the address on file; an unknown address gets no mail and the same answer."""
    for record in change.find(USER, email=email) if email else ():
        note(change, record, "scpr", "Change password request", caller)
        _effect(change, record, "password_reset", caller)


def unblock(change: Change, user: str, caller: Caller) -> None:
    """Lifts every brute-force block of the user."""
    record = known(change, user)
    was_blocked = bool(record["blocks"])
    record["blocks"] = []
    change.put(USER, record["id"], record)
    note(change, record, "sapi", "Unblock a user", caller)
    if was_blocked:
        _effect(change, record, "unlock", caller)


def drop_method(change: Change, user: str, method: str, caller: Caller) -> None:
    """Deletes one authentication method; one that is not there is a 404."""
    record = known(change, user)
    kept = [m for m in record["methods"] if m["id"] != method]
    if len(kept) == len(record["methods"]):
        raise Auth0Refusal(404, "inexistent_authentication_method", "Authentication method not found")
    record["methods"] = kept
    change.put(USER, record["id"], record)
    note(change, record, "sapi", "Delete an authentication method by ID", caller)
    _effect(change, record, "factor_reset", caller, factor=method)


def drop_sessions(change: Change, user: str, caller: Caller) -> None:
    """Ends every session of the user; without one nothing changes but the log."""
    record = known(change, user)
    had = bool(record["sessions"])
    record["sessions"] = 0
    change.put(USER, record["id"], record)
    note(change, record, "sapi", "Delete sessions for user", caller)
    if had:
        _effect(change, record, "sessions_revoked", caller)


def note_ticket(change: Change, record: Record, caller: Caller) -> None:
    """A password-change ticket was made: whoever holds its link can set the password."""
    note(change, record, "sapi", "Create a password change ticket", caller)
    _effect(change, record, "password_reset", caller)


def _effect(change: Change, record: Record, kind: str, caller: Caller, **detail: Any) -> None:
    change.effect("auth0", kind, record["id"], owner=record["owner"], action_id=caller.action_id, **detail)
