"""Contacts straight on the world: HubSpot's records, without HTTP."""

import html
from datetime import datetime

from core.actions import Permit
from core.errors import VendorRefused
from core.ids import ActionId
from tools.crm.port import Address, Contact, Health, Note, Tier
from tools.sandbox.direct.line import Line
from tools.sandbox.hubspot import writes
from tools.sandbox.hubspot.bodies import Association, Kind, NewNote, Patch, Ref, Wrong
from tools.sandbox.world import Change, Record

_TIERS: dict[str, Tier] = {"standard": "standard", "plus": "plus", "vip": "vip"}
_HEALTH: dict[str, Health] = {"good": "good", "at_risk": "at_risk"}
_ACTION = "remit_last_action"


class DirectCrm:
    """The Crm port on HubSpot's records."""

    vendor = "hubspot"

    def __init__(self, line: Line) -> None:
        self._line = line

    async def find_contact(self, external_id: str) -> Contact | None:
        rows = self._line.records.find("hubspot.contact", owner=external_id)
        exact = [row for row in rows if row["properties"]["external_id"] == external_id]
        return _contact(self._line.records, exact[0]) if len(exact) == 1 else None

    async def contact(self, contact: str) -> Contact | None:
        row = self._line.records.get("hubspot.contact", contact)
        return None if row is None else _contact(self._line.records, row)

    async def update_phone(self, contact: str, phone: str, permit: Permit) -> Contact:
        return await self._update(contact, {"phone": phone}, permit)

    async def update_address(self, contact: str, address: Address, permit: Permit) -> Contact:
        place = {"address": address.line1, "city": address.city, "zip": address.zip}
        return await self._update(contact, {**place, "country": address.country}, permit)

    async def _update(self, contact: str, properties: dict[str, str], permit: Permit) -> Contact:
        asked = Patch(properties={**properties, _ACTION: permit.action_id})
        async with self._line.write(f"PATCH /crm/v3/objects/contacts/{contact}", permit) as change:
            try:
                row = writes.patch_contact(change, contact, asked)
            except (LookupError, Wrong) as wrong:
                raise VendorRefused(self.vendor, str(wrong)) from None
        return _contact(self._line.records, row).model_copy(update={"owner": "", "company": ""})

    async def add_note(self, contact: str, text: str, permit: Permit) -> Note:
        kind = Kind(associationCategory="HUBSPOT_DEFINED", associationTypeId=writes.NOTE_TO_CONTACT)
        properties = {
            "hs_timestamp": self._line.records.now.isoformat(),
            "hs_note_body": html.escape(text).replace("\n", "<br>"),
            "remit_action_id": permit.action_id,
        }
        asked = NewNote(properties=properties, associations=[Association(to=Ref(id=contact), types=[kind])])
        what = f"POST /crm/v3/objects/notes?\n{asked.model_dump_json()}"
        async with self._line.write(what, permit) as change:
            try:
                row = writes.create_note(change, asked)
            except Wrong as wrong:
                raise VendorRefused(self.vendor, str(wrong)) from None
        return _note(row)

    async def find_note(self, contact: str, action_id: ActionId) -> Note | None:
        rows = self._line.records.find("hubspot.note", contact=contact)
        ours = [row for row in rows if row["properties"].get("remit_action_id") == action_id]
        return _note(ours[0]) if ours else None

    async def find_update(self, contact: str, action_id: ActionId) -> datetime | None:
        row = self._line.records.get("hubspot.contact", contact)
        history = [] if row is None else row["history"].get(_ACTION, [])
        ours = [datetime.fromisoformat(was["timestamp"]) for was in history if was["value"] == action_id]
        return min(ours) if ours else None


def _contact(records: Change, row: Record) -> Contact:
    told = row["properties"]
    owner = records.get("hubspot.owner", told["hubspot_owner_id"] or "") or {"first": "", "last": ""}
    company = records.get("hubspot.company", row["company"] or "") or {"name": ""}
    country = (told["country"] or "").strip().upper()
    known = len(country) == 2 and country.isascii() and country.isalpha()
    place = {name: told[ours] or "" for name, ours in _PLACE.items()}
    return Contact(
        id=row["id"],
        external_id=told["external_id"] or "",
        name=f"{told['firstname'] or ''} {told['lastname'] or ''}".strip(),
        email=told["email"] or "",
        phone=told["phone"] or "",
        address=Address(**place, country=country) if known else None,
        tier=_TIERS.get(told["remit_tier"] or ""),
        health=_HEALTH.get(told["remit_health"] or "", "unknown"),
        owner=f"{owner['first']} {owner['last']}".strip(),
        company=company["name"],
        updated_at=datetime.fromisoformat(row["updated_at"]),
    )


_PLACE = {"line1": "address", "city": "city", "zip": "zip"}


def _note(row: Record) -> Note:
    told = row["properties"]
    return Note(
        id=row["id"],
        contact=row["contact"],
        text=html.unescape(told["hs_note_body"].replace("<br>", "\n")),
        action_id=told.get("remit_action_id") or None,
        created_at=datetime.fromisoformat(row["created_at"]),
    )
