"""Auth0's log in the sandbox: one record per event, listed per user or searched by user id."""

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request

from core.ids import new_id
from tools.sandbox.world import Change, Record

EVENT = "auth0.event"
_ACTION = re.compile(r"\bact_[0-9a-z]+")


@dataclass(frozen=True)
class Caller:
    """Who called, as Auth0 notes it: the user agent and the decoded Auth0-Client header."""

    agent: str
    method: str
    path: str
    client: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> "Caller":
        """Who sent this request."""
        return cls(
            agent=request.headers.get("user-agent", ""),
            method=request.method.lower(),
            path=request.url.path,
            client=_decoded(request.headers.get("auth0-client", "")),
        )

    @property
    def action_id(self) -> str | None:
        """Our action id, when the caller left it in what Auth0 records."""
        told = _ACTION.search(f"{self.agent} {json.dumps(self.client)}")
        return told.group() if told else None


def _decoded(header: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.b64decode(header, validate=True))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def note(
    change: Change, user: Record, event_type: str, description: str, caller: Caller, *, body: object = None
) -> None:
    """Writes that a call changed a user now."""
    request = {
        "method": caller.method,
        "path": caller.path,
        "userAgent": caller.agent,
        "channel": "api",
        "body": body,
    }
    write_event(
        change,
        user,
        event_type,
        description,
        at=change.now,
        details={"request": request},
        client=caller.client,
    )


def write_event(
    change: Change,
    user: Record,
    event_type: str,
    description: str,
    *,
    at: datetime,
    details: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
) -> None:
    """Writes one event at the time given (seeds date the past)."""
    log_id = new_id("log")
    event: Record = {
        "log_id": log_id,
        "owner": user["owner"],
        "user_id": user["id"],
        "user_name": user["email"],
        "type": event_type,
        "description": description,
        "at": at.isoformat(),
        "details": details,
        "client": client,
    }
    change.put(EVENT, log_id, event)
