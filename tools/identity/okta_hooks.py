"""Okta's event hooks: a secret in the Authorization header, several events in one delivery.

https://developer.okta.com/docs/concepts/event-hooks/
Okta signs nothing; the secret says that Okta speaks, and the only effect of a repeat is to read the account anew.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from tools.hooks import Hint, document, hint, moment, require_any

VENDOR = "okta"
# Events that change who may sign in, or with what.
_PREFIXES = ("user.account.", "user.mfa.factor.", "user.lifecycle.", "user.session.clear")


def require_secret(headers: Mapping[str, str], secrets: Sequence[SecretStr]) -> None:
    """Raises Invalid unless the Authorization header is exactly one of `secrets`."""
    require_any([headers.get("authorization", "")], [s.get_secret_value().encode() for s in secrets])


def verified(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[SecretStr], now: datetime
) -> Sequence[Hint]:
    """What the events of one delivery hint at; raises Invalid when it does not carry one of `secrets`."""
    require_secret(headers, secrets)
    data = document(raw).get("data")
    events = data.get("events") if isinstance(data, dict) else None
    return of_events(events if isinstance(events, list) else [])


def of_events(events: Sequence[Any]) -> Sequence[Hint]:
    """The hints of events in the shape of Okta's system log."""
    return [found for event in events if isinstance(event, dict) for found in _of(event)]


def _of(event: Mapping[str, Any]) -> Sequence[Hint]:
    kind = str(event.get("eventType", ""))
    if not kind.startswith(_PREFIXES):
        return ()
    targets = event.get("target")
    users = [t for t in targets if isinstance(t, dict)] if isinstance(targets, list) else []
    at = moment(event.get("published"))
    named = [
        hint(VENDOR, event.get("uuid"), kind, "account", user.get("id"), at)
        for user in users
        if user.get("type") == "User"
    ]
    # One event of the log is about one user; a second would share its id.
    return [found for found in named if found is not None][:1]
