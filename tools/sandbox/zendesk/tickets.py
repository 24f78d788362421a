"""What may happen to a ticket: creation, comments, tags and status, with Zendesk's own validations."""

from collections.abc import Mapping
from typing import Any, get_args

from tools.desk.port import TicketStatus
from tools.sandbox.world import Change, Record
from tools.sandbox.zendesk.render import AGENT_ID, stamp

STATUSES = get_args(TicketStatus)
PRIORITIES = ("urgent", "high", "normal", "low")


class Invalid(Exception):
    """A value Zendesk would not take; becomes its RecordInvalid."""

    def __init__(self, field: str, description: str, error: str) -> None:
        super().__init__(description)
        self.details = {field: [{"description": description, "error": error}]}


class Stale(Exception):
    """Another update came first; becomes its UpdateConflict."""


def create(change: Change, sent: Mapping[str, Any]) -> Record:
    """A new ticket from the request's `ticket` object."""
    requester = _requester(change, sent.get("requester_id"))
    first = _comment(change, sent, required=True)
    made: Record = {
        "id": take_number(change, "ticket"),
        "owner": requester["owner"],
        "requester": requester["id"],
        "subject": str(sent.get("subject") or first["body"][:80]),
        "external_id": sent.get("external_id"),
        "priority": _one_of(sent, "priority", PRIORITIES),
        "status": _one_of(sent, "status", STATUSES) or "new",
        "assignee": None,
        "tags": tags_of(sent.get("tags")),
        "comments": [first],
        "created_at": stamp(change.now),
        "updated_at": stamp(change.now),
    }
    change.put("zendesk.ticket", str(made["id"]), made)
    return made


def update(change: Change, record: Record, sent: Mapping[str, Any]) -> Record | None:
    """Applies the request's `ticket` object; the new comment, if it held one."""
    _require_open(record, sent)
    written = _comment(change, sent, required=False) if sent.get("comment") else None
    if written is not None:
        record["comments"].append(written)
    if "tags" in sent:
        record["tags"] = tags_of(sent["tags"])
    record["tags"] = _joined(record["tags"], tags_of(sent.get("additional_tags")))
    record["status"] = _one_of(sent, "status", STATUSES) or record["status"]
    record["priority"] = _one_of(sent, "priority", PRIORITIES) or record["priority"]
    record["subject"] = str(sent.get("subject") or record["subject"])
    if record["status"] == "solved" and record["assignee"] is None:
        record["assignee"] = AGENT_ID
    save(change, record)
    return written


def add_tags(change: Change, record: Record, sent: Mapping[str, Any]) -> list[str]:
    """Adds to the ticket's tags; all of them afterwards."""
    _require_open(record, sent)
    record["tags"] = _joined(record["tags"], tags_of(sent.get("tags")))
    save(change, record)
    return list(record["tags"])


def save(change: Change, record: Record) -> None:
    """Keeps the ticket as updated now."""
    record["updated_at"] = stamp(change.now)
    change.put("zendesk.ticket", str(record["id"]), record)


def take_number(change: Change, kind: str) -> int:
    """The next number of "ticket" or "event"; events step by two, their audit takes the odd one."""
    counter = change.get("zendesk.counter", kind) or {"next": 35 if kind == "ticket" else 5000}
    change.put("zendesk.counter", kind, {"next": counter["next"] + (1 if kind == "ticket" else 2)})
    return int(counter["next"])


def tags_of(value: object) -> list[str]:
    """Tags from a list or a text with spaces, lower-case, each once."""
    words = (
        value.split()
        if isinstance(value, str)
        else [str(v) for v in value]
        if isinstance(value, list)
        else []
    )
    return _joined([], [part.lower() for word in words for part in word.split()])


def _joined(old: list[str], new: list[str]) -> list[str]:
    return sorted(dict.fromkeys([*old, *new]))


def _require_open(record: Record, sent: Mapping[str, Any]) -> None:
    if record["status"] == "closed":
        raise Invalid("status", "Status: closed prevents ticket update", "UpdateNotAllowed")
    if sent.get("safe_update") and sent.get("updated_stamp") != record["updated_at"]:
        raise Stale


def _requester(change: Change, given: object) -> Record:
    found = change.get("zendesk.user", str(given)) if given is not None else None
    if found is None:
        raise Invalid("requester", "Requester: is invalid", "InvalidValue")
    return found


def _one_of(sent: Mapping[str, Any], field: str, allowed: tuple[str, ...]) -> str | None:
    value = sent.get(field)
    if value is None:
        return None
    if value not in allowed:
        raise Invalid(field, f"{field.capitalize()}: is not valid", "InvalidValue")
    return str(value)


def _comment(change: Change, sent: Mapping[str, Any], *, required: bool) -> Record:
    given = sent.get("comment")
    body = given.get("body") if isinstance(given, dict) else given
    if not isinstance(body, str) or not body.strip():
        field = "Description" if required else "Comment"
        raise Invalid("base", f"{field}: cannot be blank", "BlankValue")
    rest = given if isinstance(given, dict) else {}
    metadata = sent.get("metadata")
    return {
        "id": take_number(change, "event"),
        "author": rest.get("author_id") or AGENT_ID,
        "body": body,
        "public": rest.get("public", True) is not False,
        "custom": dict(metadata) if isinstance(metadata, dict) else {},
        "created_at": stamp(change.now),
    }
