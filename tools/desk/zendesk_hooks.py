"""Zendesk's webhooks: base64 HMAC-SHA256 over timestamp and raw body, both named in headers.

https://developer.zendesk.com/documentation/webhooks/verifying/
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr

from core.errors import Invalid
from tools.hooks import UNSIGNED, Hint, base64_mac, document, hint, moment, require_any, require_fresh

VENDOR = "zendesk"


def verified(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[SecretStr], now: datetime
) -> Sequence[Hint]:
    """What the webhook hints at; raises Invalid when it was not signed by one of `secrets` within five minutes."""
    stamp = headers.get("x-zendesk-webhook-signature-timestamp", "")
    signed = stamp.encode("utf-8", "replace") + raw
    given = headers.get("x-zendesk-webhook-signature", "")
    require_any([given], [base64_mac(secret, signed) for secret in secrets])
    at = moment(stamp)
    if at is None:
        raise Invalid(UNSIGNED)
    require_fresh(at, now)
    body = document(raw)
    # Such as "zen:ticket:35"; events about users, articles or calls are none of ours.
    spoken, _, ticket = str(body.get("subject", "")).rpartition(":")
    if spoken != "zen:ticket" or not ticket.isdecimal():
        return ()
    found = hint(VENDOR, body.get("id"), body.get("type"), "ticket", ticket, moment(body.get("time")))
    return () if found is None else (found,)
