"""The error shapes of Stripe's API."""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """An error answer; `kept` says whether it is saved under the request's idempotency key."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kept = kept
        self._fields = {"code": code, "message": message, "param": param, "type": kind}

    def body(self, request_id: str) -> Mapping[str, Any]:
        """What the client reads; fields that do not apply are left out, as Stripe does."""
        told = {name: value for name, value in self._fields.items() if value is not None}
        return {"error": {**told, "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}"}}


def missing(what: str, key: str, *, param: str = "id") -> Refusal:
    """No such object, or not of this account: the same answer."""
    return Refusal(404, f"No such {what}: '{key}'", code="resource_missing", param=param)


def invalid(param: str, message: str, *, code: str | None = None) -> Refusal:
    """A parameter that makes no sense; found before anything is done, so never kept."""
    return Refusal(400, message, code=code, param=param)


def declined(message: str, *, code: str | None = None, param: str | None = None) -> Refusal:
    """The request was understood and tried, and the answer is no; kept under the key."""
    return Refusal(400, message, code=code, param=param, kept=True)
