"""What a vendor's webhook may tell us: that something happened to an object, which is then read anew."""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

from pydantic import SecretStr

from core.errors import Invalid
from core.frozen import Frozen
from core.ids import is_id

# How far the time under a signature may be from ours, in both directions.
TOLERANCE = timedelta(seconds=300)
UNSIGNED = "This webhook is not signed with a secret of ours."


class Hint(Frozen):
    """One event: `event_id` is the vendor's own (a repeat has the same), `object` is `kind:id` as in an action's targets.

    Nothing else of the body is kept or believed.
    """

    vendor: str
    event_id: str
    kind: str
    object: str
    at: datetime | None = None


@runtime_checkable
class Feed(Protocol):
    """An adapter that can be asked what changed, for webhooks that never came."""

    vendor: str

    async def changed_since(self, since: datetime) -> Sequence[Hint]: ...


def hint(
    vendor: str, event_id: object, kind: object, thing: str, key: object, at: datetime | None = None
) -> Hint | None:
    """The hint, None when the event or the object has no id that could be one."""
    ids = (str(event_id), str(key))
    if not all(is_id(one) for one in ids) or not isinstance(kind, str):
        return None
    return Hint(vendor=vendor, event_id=ids[0], kind=kind[:80], object=f"{thing}:{ids[1]}", at=at)


def hex_mac(secret: SecretStr, signed: bytes) -> bytes:
    """HMAC-SHA256 in lower-case hex."""
    return hmac.new(secret.get_secret_value().encode(), signed, sha256).hexdigest().encode()


def base64_mac(secret: SecretStr, signed: bytes) -> bytes:
    """HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.new(secret.get_secret_value().encode(), signed, sha256).digest())


def require_any(given: Sequence[str], expected: Sequence[bytes]) -> None:
    """Raises Invalid unless one of `given` is one of `expected`; takes as long whichever it is."""
    matches = [
        hmac.compare_digest(one.encode("utf-8", "replace"), other) for one in given for other in expected
    ]
    if not any(matches):
        raise Invalid(UNSIGNED)


def require_fresh(at: datetime, now: datetime) -> None:
    """Raises Invalid for a time more than five minutes away, past or future."""
    if abs(now - at) > TOLERANCE:
        raise Invalid("The time under this signature is more than five minutes away from ours.")


def document(raw: bytes) -> Mapping[str, Any]:
    """The body as an object; raises Invalid."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid("The body of this webhook is not JSON.") from None
    if not isinstance(body, dict):
        raise Invalid("The body of this webhook is not an object.")
    return body


def moment(text: object) -> datetime | None:
    """An ISO time with its zone, None for anything else."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
