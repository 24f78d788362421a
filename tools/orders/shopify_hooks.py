"""Shopify's webhooks: base64 HMAC-SHA256 over the raw body alone.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook-to-ensure-its-coming-from-shopify
No time is signed, and a failed delivery is repeated for hours, so an old one is no forgery; what makes a repeat
harmless is that its only effect is to read the order anew.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr

from tools.hooks import Hint, base64_mac, document, hint, moment, require_any

VENDOR = "shopify"


def verified(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[SecretStr], now: datetime
) -> Sequence[Hint]:
    """What the webhook hints at; raises Invalid when it was not signed by one of `secrets`."""
    given = headers.get("x-shopify-hmac-sha256", "")
    require_any([given], [base64_mac(secret, raw) for secret in secrets])
    topic, body = headers.get("x-shopify-topic", ""), document(raw)
    order = {"orders": body.get("id"), "fulfillments": body.get("order_id")}.get(topic.partition("/")[0])
    if order is None:
        return ()
    at = moment(headers.get("x-shopify-triggered-at"))
    found = hint(VENDOR, headers.get("x-shopify-webhook-id", ""), topic, "order", order, at)
    return () if found is None else (found,)
