"""What a write at HubSpot changes in the world; only our own properties and standard ones exist there."""

from collections.abc import Mapping
from typing import Any

from tools.sandbox.hubspot.bodies import NewNote, Patch, Wrong
from tools.sandbox.world import Change, Record

CONTACT_PROPERTIES = frozenset(
    {"firstname", "lastname", "email", "phone", "address", "city", "zip", "country", "hubspot_owner_id"}
    | {"external_id", "remit_tier", "remit_health", "remit_last_action"}
)
NOTE_PROPERTIES = frozenset({"hs_timestamp", "hs_note_body", "hubspot_owner_id", "remit_action_id"})
_PLACE = frozenset({"address", "city", "zip", "country"})
NOTE_TO_CONTACT = 202
KEPT_HISTORY = 20


def patch_contact(change: Change, key: str, asked: Patch) -> Record:
    """The contact after the update; notes an effect for a changed phone or address."""
    given = _properties(asked, CONTACT_PROPERTIES)
    found = change.get("hubspot.contact", key)
    if found is None:
        raise LookupError(key)
    before = dict(found["properties"])
    now = change.now.isoformat(timespec="milliseconds")
    for name, value in given.items():
        found["properties"][name] = value or None
        was = {"value": value, "timestamp": now.replace("+00:00", "Z"), "sourceType": "INTEGRATION"}
        found["history"][name] = [was, *found["history"].get(name, [])][:KEPT_HISTORY]
    found["updated_at"] = now
    change.put("hubspot.contact", key, found)
    _note_effects(change, found, before, given)
    return found


def _note_effects(change: Change, found: Record, before: Mapping[str, Any], given: Mapping[str, str]) -> None:
    action_id = given.get("remit_last_action")
    kinds = {"phone_change": {"phone"}, "address_change": _PLACE}
    for kind, names in kinds.items():
        # The same value written again changes nothing for the customer.
        touched = sorted(names & given.keys())
        if any(before.get(name) != found["properties"][name] for name in touched):
            now = {name: found["properties"][name] for name in touched}
            change.effect("hubspot", kind, found["id"], owner=found["owner"], action_id=action_id, **now)


def create_note(change: Change, asked: NewNote) -> Record:
    """The new note on exactly one contact, with its effect."""
    given = _properties(asked, NOTE_PROPERTIES)
    if not given.get("hs_timestamp"):
        raise Wrong("Property values were not valid: hs_timestamp is required")
    key = _contact_of(asked)
    contact = change.get("hubspot.contact", key)
    if contact is None:
        raise Wrong(f"No contact with ID {key} exists")
    count = len(change.find("hubspot.note")) + 1
    now = change.now.isoformat(timespec="milliseconds")
    # Ids rise with time, as HubSpot's do.
    made: Record = {"id": str(3 * 10**10 + count), "contact": key, "properties": dict(given)}
    made |= {"owner": contact["owner"], "created_at": now, "updated_at": now}
    change.put("hubspot.note", made["id"], made)
    change.effect(
        "hubspot",
        "note",
        key,
        owner=contact["owner"],
        action_id=given.get("remit_action_id"),
        note_id=made["id"],
        text=given.get("hs_note_body"),
    )
    return made


def _contact_of(asked: NewNote) -> str:
    if len(asked.associations) != 1:
        raise Wrong("the sandbox puts a note on exactly one contact")
    (row,) = asked.associations
    if [kind.associationTypeId for kind in row.types] != [NOTE_TO_CONTACT]:
        raise Wrong(f"the sandbox knows association type {NOTE_TO_CONTACT} (note to contact) only")
    return row.to.id


def _properties(asked: Patch, known: frozenset[str]) -> dict[str, str]:
    unknown = sorted(asked.properties.keys() - known)
    if unknown:
        raise Wrong(f'Property values were not valid: Property "{unknown[0]}" does not exist')
    return asked.properties
