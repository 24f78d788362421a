"""Stripe's webhooks: `Stripe-Signature: t=…,v1=…` over the raw body, several v1 while a secret is rolled.

https://docs.stripe.com/webhooks#verify-manually
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from core.errors import Invalid
from tools.hooks import UNSIGNED, Hint, document, hex_mac, hint, require_any, require_fresh

VENDOR = "stripe"
# What an event is about -> which of our objects it may have changed, and the field that names it.
_ABOUT: Mapping[str, tuple[str, str]] = {
    "charge": ("charge", "id"),
    "refund": ("charge", "charge"),
    "dispute": ("charge", "charge"),
    "subscription": ("subscription", "id"),
    "invoice": ("invoice", "id"),
}


def verified(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[SecretStr], now: datetime
) -> Sequence[Hint]:
    """What the webhook hints at; raises Invalid when it was not signed by one of `secrets` within five minutes."""
    stamp, given = _parts(headers.get("stripe-signature", ""))
    signed = f"{stamp}.".encode() + raw
    require_any(given, [hex_mac(secret, signed) for secret in secrets])
    require_fresh(datetime.fromtimestamp(stamp, UTC), now)
    found = of_event(document(raw))
    return () if found is None else (found,)


def _parts(header: str) -> tuple[int, Sequence[str]]:
    pairs = [part.partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name.strip() == "t"]
    given = [value for name, _, value in pairs if name.strip() == "v1"]
    if len(stamps) != 1 or not re.fullmatch(r"\d{1,11}", stamps[0]) or not given:
        raise Invalid(UNSIGNED)
    return int(stamps[0]), given


def of_event(event: Mapping[str, Any]) -> Hint | None:
    """The hint of one event object, None for events about nothing of ours."""
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict) or about.get("object") not in _ABOUT:
        return None
    thing, field = _ABOUT[str(about["object"])]
    created = event.get("created")
    at = datetime.fromtimestamp(created, UTC) if type(created) is int and 0 < created < 10**11 else None
    return hint(VENDOR, event.get("id"), event.get("type"), thing, about.get(field), at)
