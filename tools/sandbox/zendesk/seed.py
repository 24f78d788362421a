"""A persona's records in Zendesk: the end user and the tickets of the past."""

import hashlib
from datetime import timedelta

from tools.sandbox.persona import Persona
from tools.sandbox.world import Change
from tools.sandbox.zendesk import tickets
from tools.sandbox.zendesk.render import AGENT_ID, stamp


def user_id(persona_key: str) -> int:
    """A number that stays the same for a persona, in Zendesk's range."""
    return 10**9 + int.from_bytes(hashlib.sha256(f"zendesk:{persona_key}".encode()).digest()[:5])


def seed(change: Change, persona: Persona) -> None:
    """Writes the user and one solved ticket per past subject, the newest a week old."""
    number = user_id(persona.key)
    change.put(
        "zendesk.user",
        str(number),
        {
            "id": number,
            "owner": persona.external_id,
            "external_id": persona.external_id,
            "name": persona.name,
            "email": persona.email,
            "locale": {"en": "en-US"}.get(persona.language, persona.language),
            "created_at": stamp(change.now - timedelta(days=400)),
        },
    )
    for weeks, subject in enumerate(reversed(persona.past_tickets), start=1):
        _past_ticket(change, persona, number, subject, days_ago=7 * weeks)


def _past_ticket(change: Change, persona: Persona, requester: int, subject: str, *, days_ago: int) -> None:
    asked = change.now - timedelta(days=days_ago)
    texts = (
        (requester, f"{subject}: can you help?"),
        (AGENT_ID, "This is done. Write again if anything is left."),
    )
    number = tickets.take_number(change, "ticket")
    change.put(
        "zendesk.ticket",
        str(number),
        {
            "id": number,
            "owner": persona.external_id,
            "requester": requester,
            "subject": subject,
            "external_id": None,
            "priority": None,
            "status": "solved" if days_ago < 28 else "closed",
            "assignee": AGENT_ID,
            "tags": [],
            "comments": [
                {
                    "id": tickets.take_number(change, "event"),
                    "author": author,
                    "body": body,
                    "public": True,
                    "custom": {},
                    "created_at": stamp(asked + timedelta(hours=step)),
                }
                for step, (author, body) in enumerate(texts)
            ],
            "created_at": stamp(asked),
            "updated_at": stamp(asked + timedelta(hours=1)),
        },
    )
