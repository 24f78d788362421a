"""A persona's Okta user, its factors and what the system log remembers of it."""

from datetime import datetime, timedelta

from tools.sandbox.okta.log import write_event
from tools.sandbox.persona import Persona, PersonaAccount
from tools.sandbox.world import Change, Record

USER = "okta.user"
_STATUS = {
    "active": "ACTIVE",
    "locked": "LOCKED_OUT",
    "suspended": "SUSPENDED",
    "password_expired": "PASSWORD_EXPIRED",
    "deactivated": "DEPROVISIONED",
}


def seed(change: Change, persona: Persona) -> None:
    """Writes the user if the persona's account is Okta's."""
    account = persona.account
    if account is None or account.vendor != "okta":
        return
    created = change.now - timedelta(days=account.created_days_ago)
    record = _user(persona, account, created, now=change.now)
    change.put(USER, record["id"], record)
    write_event(change, record, "user.lifecycle.create", at=created, agent=None)
    if account.contact_changed_days_ago is not None:
        at = change.now - timedelta(days=account.contact_changed_days_ago)
        write_event(
            change,
            record,
            "user.account.update_profile",
            at=at,
            agent="Mozilla/5.0 (sandbox)",
            changed=("email",),
        )
    if account.status == "locked":
        write_event(
            change, record, "user.account.lock", at=change.now - timedelta(hours=1), agent="Mozilla/5.0"
        )


def _user(persona: Persona, account: PersonaAccount, created: datetime, *, now: datetime) -> Record:
    first, _, last = persona.name.partition(" ")
    touched = account.contact_changed_days_ago
    updated = created if touched is None else now - timedelta(days=touched)
    return {
        "id": f"00u{persona.key}",
        "owner": persona.external_id,
        "status": _STATUS[account.status],
        "email": persona.email,
        # Okta has no user without a login; somebody without an e-mail signs in by another name.
        "login": persona.email or f"{persona.key}@login.example.com",
        "first": first,
        "last": last or first,
        "phone": persona.phone,
        "created": created.isoformat(),
        "updated": updated.isoformat(),
        "status_changed": created.isoformat(),
        "password_changed": created.isoformat(),
        "last_login": (now - timedelta(days=1)).isoformat(),
        "sessions": 1,
        "admin": account.admin,
        "factors": [
            {"id": f"mfa{persona.key}_{kind}", "kind": kind, "created": created.isoformat()}
            for kind in account.factors
        ],
    }
