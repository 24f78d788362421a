"""How each vendor signs what it sends, written from the vendors' own pages and not from how we check it."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from tools.sandbox.webhooks.events import Notice


def secret_for(key: str, vendor: str) -> str:
    """The secret under which a sandbox of this key signs for a vendor."""
    return "whsec_" + hmac.new(key.encode(), f"webhooks of {vendor}".encode(), hashlib.sha256).hexdigest()


def headers(notice: Notice, raw: bytes, *, secret: str, now: datetime) -> Mapping[str, str]:
    """The headers with which the vendor would send this body now."""
    sent = {"content-type": "application/json"}
    match notice.vendor:
        case "stripe":
            stamp = str(int(now.timestamp()))
            mac = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
            return {**sent, "stripe-signature": f"t={stamp},v1={mac}"}
        case "zendesk":
            stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
            names = ("x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp")
            return {**sent, names[0]: _base64(secret, stamp.encode() + raw), names[1]: stamp}
        case "shopify":
            return {
                **sent,
                "x-shopify-topic": notice.kind,
                "x-shopify-hmac-sha256": _base64(secret, raw),
                "x-shopify-webhook-id": notice.event_id,
                "x-shopify-triggered-at": now.isoformat(),
            }
        case _:
            return {**sent, "authorization": secret}


def _base64(secret: str, signed: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
