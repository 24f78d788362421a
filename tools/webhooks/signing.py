"""Signatures after the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from pydantic import SecretStr

from core.errors import SettingsError

PREFIX = "whsec_"


def key_of(secret: SecretStr) -> bytes:
    """The 24 to 64 bytes behind a `whsec_…` secret; raises SettingsError."""
    text = secret.get_secret_value()
    try:
        if not text.startswith(PREFIX):
            raise ValueError
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        if not 24 <= len(key) <= 64:
            raise ValueError
    except (ValueError, binascii.Error):
        raise SettingsError("a webhook's secret is whsec_ and the base64 of 24 to 64 random bytes") from None
    return key


def headers(event_id: str, timestamp: int, body: bytes, secrets: Sequence[SecretStr]) -> dict[str, str]:
    """The three headers of a signed event; one signature per secret, space-separated."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    made = [base64.b64encode(hmac.new(key_of(s), signed, hashlib.sha256).digest()).decode() for s in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }
