"""Turns a persona into HubSpot's records: a contact, its company and its owner."""

import hashlib
from datetime import timedelta

from tools.sandbox.persona import Persona
from tools.sandbox.world import Change


def number_of(*parts: str) -> str:
    """An eleven-digit id that is always the same for the same parts."""
    return str(10**10 + int(hashlib.sha256("/".join(parts).encode()).hexdigest(), 16) % (9 * 10**10))


def seed(change: Change, persona: Persona) -> None:
    """Writes the persona's contact; owners and companies are shared by name."""
    now = persona.seeded_at or change.now
    made = (now - timedelta(days=400)).isoformat(timespec="milliseconds")
    contact, owner = number_of("contact", persona.key), number_of("owner", persona.owner)
    company = number_of("company", persona.company)
    first, _, last = persona.name.partition(" ")
    properties = {
        "firstname": first,
        "lastname": last,
        "email": persona.email,
        "phone": persona.phone,
        "address": persona.address.line1,
        "city": persona.address.city,
        "zip": persona.address.zip,
        "country": persona.address.country,
        "hubspot_owner_id": owner,
        "external_id": persona.external_id,
        "remit_tier": persona.tier,
        "remit_health": None if persona.health == "unknown" else persona.health,
    }
    change.put(
        "hubspot.contact",
        contact,
        {
            "id": contact,
            "owner": persona.external_id,
            "properties": properties,
            "history": {},
            "company": company,
            "created_at": made,
            "updated_at": made,
        },
    )
    owner_first, _, owner_last = persona.owner.partition(" ")
    change.put(
        "hubspot.owner", owner, {"id": owner, "first": owner_first, "last": owner_last, "made_at": made}
    )
    change.put("hubspot.company", company, {"id": company, "name": persona.company, "made_at": made})
