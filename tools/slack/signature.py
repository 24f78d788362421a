"""Whether a request really comes from Slack: its v0 signature over the raw body, and a time of just now."""

import hashlib
import hmac
from datetime import datetime

from pydantic import SecretStr

from core.errors import Unauthorised

TOLERANCE = 300  # seconds, past and future, as Slack's documentation asks for
REFUSAL = "This request is not signed by Slack, or not of just now. Nothing was done."


def check_signature(secret: SecretStr, *, timestamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Nothing for a request of Slack's; raises Unauthorised for any other, always with the same sentence."""
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        raise Unauthorised(REFUSAL)
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE:
        raise Unauthorised(REFUSAL)
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), sign(secret, timestamp, body).encode()):
        raise Unauthorised(REFUSAL)


def sign(secret: SecretStr, timestamp: str, body: bytes) -> str:
    """`v0=` and the HMAC-SHA256 of `v0:timestamp:body`."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256).hexdigest()
