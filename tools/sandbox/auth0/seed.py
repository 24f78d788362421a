"""A persona's Auth0 user, its authentication methods, blocks and what the log remembers of it."""

from datetime import timedelta

from tools.sandbox.auth0.log import write_event
from tools.sandbox.auth0.render import CONNECTION, METHOD_TYPES
from tools.sandbox.persona import Persona
from tools.sandbox.world import Change, Record

USER = "auth0.user"


def seed(change: Change, persona: Persona) -> None:
    """Writes the user if the persona's account is Auth0's."""
    account = persona.account
    if account is None or account.vendor != "auth0":
        return
    created = change.now - timedelta(days=account.created_days_ago)
    locked = account.status == "locked"
    record: Record = {
        "id": f"auth0|{persona.key}",
        "owner": persona.external_id,
        "email": persona.email,
        "email_verified": True,
        "name": persona.name,
        "phone": persona.phone.replace(" ", ""),
        "created": created.isoformat(),
        "updated": (change.now - timedelta(days=1)).isoformat(),
        "last_login": (change.now - timedelta(days=1)).isoformat(),
        "blocked": account.status in ("suspended", "deactivated"),
        "blocks": [{"identifier": persona.email, "ip": "192.0.2.66", "connection": CONNECTION}]
        if locked
        else [],
        "methods": [
            {
                "id": f"{METHOD_TYPES[kind]}|dev_{persona.key}",
                "kind": kind,
                "created": created.isoformat(),
            }
            for kind in account.factors
        ],
        "admin": account.admin,
        "sessions": 1,
    }
    change.put(USER, record["id"], record)
    write_event(change, record, "ss", "Successful signup", at=created)
    if account.contact_changed_days_ago is not None:
        at = change.now - timedelta(days=account.contact_changed_days_ago)
        write_event(change, record, "sce", "Change email", at=at)
    if locked:
        write_event(change, record, "limit_wc", "Blocked account", at=change.now - timedelta(hours=1))
