"""Okta's system log in the sandbox: one record per event, and the two filters the API is asked with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.ids import new_id
from tools.sandbox.world import Change, Record

EVENT = "okta.event"
_CLAUSE = re.compile(r'\(?\s*(target\.id|eventType|actor\.id)\s+eq\s+"([^"]*)"\s*\)?')


def note(
    change: Change, user: Record, event_type: str, *, agent: str | None, changed: Sequence[str] = ()
) -> None:
    """Writes that something happened to a user now; `changed` names profile attributes."""
    write_event(change, user, event_type, at=change.now, agent=agent, changed=changed)


def write_event(
    change: Change,
    user: Record,
    event_type: str,
    *,
    at: datetime,
    agent: str | None,
    changed: Sequence[str] = (),
) -> None:
    """Writes one event of the log at the time given (seeds date the past)."""
    uuid = new_id("evt")
    event: Record = {
        "uuid": uuid,
        "owner": user["owner"],
        "user": user["id"],
        "login": user["login"],
        "type": event_type,
        "at": at.isoformat(),
        "agent": agent,
        "changed": list(changed),
    }
    change.put(EVENT, uuid, event)


@dataclass(frozen=True)
class Wanted:
    """What a log query asks for; an empty set of types means any."""

    user: str | None
    types: frozenset[str]

    def fits(self, event: Record) -> bool:
        return (self.user in (None, event["user"])) and (not self.types or event["type"] in self.types)


def parse_filter(text: str) -> Wanted | None:
    """The filter, or None when it is not of the form the sandbox knows: ids and types with and/or/eq."""
    bare = _CLAUSE.sub("x", text)
    if text and not re.fullmatch(r"[\s()x]*(?:(?:and|or)[\s()x]+)*", bare):
        return None
    clauses = _CLAUSE.findall(text)
    users = [value for name, value in clauses if name == "target.id"]
    types = frozenset(value for name, value in clauses if name == "eventType")
    return Wanted(users[0] if users else None, types) if len(users) < 2 else None
