"""Zendesk's wire format: compact records of the world as the objects its API answers with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tools.sandbox.world import Record

AGENT_ID = 900000001
"""The user behind the API token: the author of what we write."""
_VIA = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}


def stamp(at: datetime) -> str:
    """A time as Zendesk writes it: UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def user(record: Record) -> dict[str, Any]:
    """A user as an agent sees them."""
    return {
        "id": record["id"],
        "url": f"https://sandbox.example.com/api/v2/users/{record['id']}.json",
        "name": record["name"],
        "email": record["email"],
        "external_id": record["external_id"],
        "created_at": record["created_at"],
        "updated_at": record["created_at"],
        "role": "end-user",
        "active": True,
        "verified": True,
        "suspended": False,
        "shared": False,
        "locale": record["locale"],
        "phone": None,
        "organization_id": None,
        "tags": [],
        "user_fields": {},
    }


def ticket(record: Record) -> dict[str, Any]:
    """A ticket without its comments; `description` is the first one."""
    return {
        "id": record["id"],
        "url": f"https://sandbox.example.com/api/v2/tickets/{record['id']}.json",
        "external_id": record["external_id"],
        "via": _VIA,
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
        "type": None,
        "subject": record["subject"],
        "raw_subject": record["subject"],
        "description": record["comments"][0]["body"],
        "priority": record["priority"],
        "status": record["status"],
        "requester_id": record["requester"],
        "submitter_id": AGENT_ID,
        "assignee_id": record["assignee"],
        "organization_id": None,
        "group_id": None,
        "collaborator_ids": [],
        "follower_ids": [],
        "is_public": True,
        "has_incidents": False,
        "tags": record["tags"],
        "custom_fields": [],
        "brand_id": None,
    }


def comment(record: Record) -> dict[str, Any]:
    """One comment; its `metadata.custom` is what the writer left on the update."""
    return {
        "id": record["id"],
        "type": "Comment",
        "author_id": record["author"],
        "body": record["body"],
        "html_body": f'<div class="zd-comment" dir="auto">{_escaped(record["body"])}</div>',
        "plain_body": record["body"],
        "public": record["public"],
        "attachments": [],
        "audit_id": record["id"] + 1,
        "created_at": record["created_at"],
        "via": _VIA,
        "metadata": {"system": {}, "custom": record["custom"]},
    }


def audit(of: Record, written: Record | None) -> dict[str, Any]:
    """What one update changed; of the events, only a comment is told."""
    events: list[dict[str, Any]] = []
    if written is not None:
        events.append({"id": written["id"], "type": "Comment", "body": written["body"]})
    return {
        "id": (written or of)["id"] + 1,
        "ticket_id": of["id"],
        "created_at": of["updated_at"],
        "author_id": AGENT_ID,
        "metadata": {"system": {}, "custom": (written or {}).get("custom", {})},
        "via": _VIA,
        "events": events,
    }


def page(name: str, rows: Sequence[dict[str, Any]], *, number: int, size: int) -> dict[str, Any]:
    """One page of an offset-paged list."""
    first = (number - 1) * size
    more = first + size < len(rows)
    return {
        name: list(rows[first : first + size]),
        "count": len(rows),
        "next_page": f"https://sandbox.example.com/api/v2?page={number + 1}" if more else None,
        "previous_page": f"https://sandbox.example.com/api/v2?page={number - 1}" if number > 1 else None,
    }


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
