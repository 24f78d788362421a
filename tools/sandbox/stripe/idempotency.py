"""Stripe's promise about keys: the first answer is saved with its status, 500s included, and given again."""

import hashlib
import json
from dataclasses import dataclass

from tools.sandbox.stripe.errors import Refusal
from tools.sandbox.world import Change

# Stripe prunes a key once it is at least a day old.
KEPT_SECONDS = 86_400
_KIND = "stripe.idempotency"


@dataclass(frozen=True)
class Saved:
    """The answer that a key will get from now on."""

    status: int
    body: str
    request_id: str


class Keys:
    """The keys in use and the answers saved under the others."""

    def __init__(self) -> None:
        self._in_use: set[str] = set()

    def take(self, key: str) -> None:
        """Marks a key as in use; a second request with it meanwhile gets a 409."""
        if key in self._in_use:
            raise Refusal(
                409,
                "There is currently another in-progress request using this Idempotent Key. Please try again later.",
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        self._in_use.add(key)

    def release(self, key: str) -> None:
        self._in_use.discard(key)

    def saved(self, change: Change, key: str, request: str) -> Saved | None:
        """The answer of the first request with this key; other parameters under it are an error."""
        row = change.get(_KIND, key)
        if row is None or change.now.timestamp() - row["at"] >= KEPT_SECONDS:
            return None
        if row["request"] != _hash(request):
            raise Refusal(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        return Saved(row["status"], row["body"], row["request_id"])

    def save(self, change: Change, key: str, request: str, answer: Saved) -> None:
        change.put(
            _KIND,
            key,
            {
                "request": _hash(request),
                "status": answer.status,
                "body": answer.body,
                "request_id": answer.request_id,
                "at": change.now.timestamp(),
            },
        )


def request_text(method: str, path: str, params: object) -> str:
    """What of a request must be the same for its key to be good again."""
    return json.dumps([method, path, params], sort_keys=True)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
