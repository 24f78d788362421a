"""The CRM at HubSpot, over its v3 object API."""

import asyncio
import html
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from core.actions import Permit
from core.clock import Clock, SystemClock
from core.errors import VendorUnsure
from core.ids import ActionId
from tools import http
from tools.crm.port import Address, Contact, Health, Note, Tier

VENDOR = "hubspot"
CONTACTS, NOTES, COMPANIES = "/crm/v3/objects/contacts", "/crm/v3/objects/notes", "/crm/v3/objects/companies"
SEARCH, READ_NOTES = f"{CONTACTS}/search", f"{NOTES}/batch/read"
OWNERS = "/crm/v3/owners"
EXTERNAL_ID, LAST_ACTION, ACTION_ID = "external_id", "remit_last_action", "remit_action_id"
PROPERTIES = (
    "firstname",
    "lastname",
    "email",
    "phone",
    "address",
    "city",
    "zip",
    "country",
    "hubspot_owner_id",
    EXTERNAL_ID,
    "remit_tier",
    "remit_health",
    LAST_ACTION,
)
# HubSpot's own number for "note to contact": https://developers.hubspot.com/docs/api/crm/associations
NOTE_TO_CONTACT = 202
NEWEST_NOTES = 100
NAMES_KEPT, MOST_NAMES = timedelta(minutes=10), 1000
_TIERS: Mapping[str, Tier] = {"standard": "standard", "plus": "plus", "vip": "vip"}
_HEALTH: Mapping[str, Health] = {"good": "good", "at_risk": "at_risk"}
_FOUND = frozenset({404})
M = TypeVar("M", bound=BaseModel)
Sleep = Callable[[float], Awaitable[None]]


class Wire(BaseModel):
    """Part of an answer: frozen, with fields we did not ask for ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Ref(Wire):
    id: str


class Refs(Wire):
    results: tuple[Ref, ...] = ()


class Was(Wire):
    value: str | None
    timestamp: AwareDatetime


class Thing(Wire):
    """Any CRM object."""

    id: str
    properties: Mapping[str, str | None]
    propertiesWithHistory: Mapping[str, tuple[Was, ...]] = Field(default_factory=dict)
    createdAt: AwareDatetime
    updatedAt: AwareDatetime
    archived: bool = False
    associations: Mapping[str, Refs] = Field(default_factory=dict)

    def text(self, name: str) -> str:
        """A property's text, "" when it is empty."""
        return self.properties.get(name) or ""


class Things(Wire):
    results: tuple[Thing, ...]


class Owner(Wire):
    firstName: str | None = None
    lastName: str | None = None


class Paging(Wire):
    next: Mapping[str, str] | None = None


class RefPage(Wire):
    results: tuple[Ref, ...]
    paging: Paging | None = None


def open_client(base_url: str, token: SecretStr, **options: Any) -> httpx.AsyncClient:
    """A client for one HubSpot account; the caller closes it."""
    bearer = SecretStr(f"Bearer {token.get_secret_value()}")
    return http.client(
        VENDOR,
        base_url=base_url,
        auth={"Authorization": bearer},
        is_read=http.post_reads(SEARCH, READ_NOTES),
        **options,
    )


class HubSpot:
    """The Crm port on one HubSpot account."""

    vendor = VENDOR

    def __init__(
        self, client: httpx.AsyncClient, *, clock: Clock | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._names: dict[str, tuple[datetime, str]] = {}

    async def find_contact(self, external_id: str) -> Contact | None:
        """The one contact with this external id; two with the same are none, because nobody knows which."""
        equal = {"propertyName": EXTERNAL_ID, "operator": "EQ", "value": external_id}
        asked = {"filterGroups": [{"filters": [equal]}], "properties": [EXTERNAL_ID], "limit": 10}
        found = (await self._read("POST", SEARCH, Things, json=asked)).results
        # HubSpot's search does not mind the case of letters; an id of ours does.
        exact = [row for row in found if row.text(EXTERNAL_ID) == external_id]
        return await self.contact(exact[0].id) if len(exact) == 1 else None

    async def contact(self, contact: str) -> Contact | None:
        asked = {"properties": ",".join(PROPERTIES), "associations": "companies"}
        found = await self._maybe(f"{CONTACTS}/{contact}", Thing, params=asked)
        if found is None or found.archived:
            return None
        return await self._whole(found, contact)

    async def update_phone(self, contact: str, phone: str, permit: Permit) -> Contact:
        return await self._update(contact, {"phone": phone}, permit)

    async def update_address(self, contact: str, address: Address, permit: Permit) -> Contact:
        place = {
            "address": address.line1,
            "city": address.city,
            "zip": address.zip,
            "country": address.country,
        }
        return await self._update(contact, place, permit)

    async def add_note(self, contact: str, text: str, permit: Permit) -> Note:
        """A note on the contact's timeline; the action id is a property of it."""
        properties = {
            "hs_timestamp": self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            # HubSpot shows a note's body as HTML; a customer's words must stay words.
            "hs_note_body": html.escape(text).replace("\n", "<br>"),
            ACTION_ID: permit.action_id,
        }
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": NOTE_TO_CONTACT}
        asked = {"properties": properties, "associations": [{"to": {"id": contact}, "types": [kind]}]}
        response = await http.send(self._client, VENDOR, "POST", NOTES, permit=permit, json=asked)
        made = http.parsed(VENDOR, response, Thing)
        if made.text(ACTION_ID) != permit.action_id:
            raise VendorUnsure(VENDOR, "the note was answered with another one")
        return _note(made, contact)

    async def find_note(self, contact: str, action_id: ActionId) -> Note | None:
        """The contact's note with this action id, among the newest hundred.

        By association and not by search: HubSpot's search may not know a note for some seconds.
        """
        newest = sorted(await self._note_ids(contact), key=_age, reverse=True)[:NEWEST_NOTES]
        if not newest:
            return None
        asked = {"properties": ["hs_note_body", ACTION_ID], "inputs": [{"id": note} for note in newest]}
        found = (await self._read("POST", READ_NOTES, Things, json=asked)).results
        ours = [note for note in found if note.text(ACTION_ID) == action_id]
        return _note(ours[0], contact) if ours else None

    async def find_update(self, contact: str, action_id: ActionId) -> datetime | None:
        asked = {"propertiesWithHistory": LAST_ACTION}
        found = await self._maybe(f"{CONTACTS}/{contact}", Thing, params=asked)
        history = () if found is None else found.propertiesWithHistory.get(LAST_ACTION, ())
        ours = [was.timestamp for was in history if was.value == action_id]
        return _utc(min(ours)) if ours else None

    async def _update(self, contact: str, properties: Mapping[str, str], permit: Permit) -> Contact:
        """Writes properties and our action id in one request, so that the id proves the change."""
        wanted = {**properties, LAST_ACTION: permit.action_id}
        url = f"{CONTACTS}/{contact}"
        response = await http.send(
            self._client, VENDOR, "PATCH", url, permit=permit, json={"properties": wanted}
        )
        after = http.parsed(VENDOR, response, Thing)
        if after.id != contact or any(after.text(name) != value for name, value in wanted.items()):
            raise VendorUnsure(VENDOR, "the update was answered with another contact or value")
        return _contact(after, owner="", company="")

    async def _whole(self, found: Thing, contact: str) -> Contact:
        if found.id != contact:
            raise VendorUnsure(VENDOR, "answered with another contact")
        companies = found.associations.get("companies", Refs()).results
        owner, company = await asyncio.gather(
            self._owner(found.text("hubspot_owner_id")), self._company(companies)
        )
        return _contact(found, owner=owner, company=company)

    async def _owner(self, owner: str) -> str:
        return await self._kept(f"{OWNERS}/{owner}", self._owner_name) if owner else ""

    async def _company(self, companies: tuple[Ref, ...]) -> str:
        return await self._kept(f"{COMPANIES}/{companies[0].id}", self._company_name) if companies else ""

    async def _kept(self, url: str, read: Callable[[str], Awaitable[str]]) -> str:
        """A name as read lately: owners and companies are seldom renamed, and nothing is decided by their names."""
        now, known = self._clock.now(), self._names.get(url)
        if known is not None and now - known[0] < NAMES_KEPT:
            return known[1]
        name = await read(url)
        if len(self._names) >= MOST_NAMES:
            self._names.clear()
        self._names[url] = (now, name)
        return name

    async def _owner_name(self, url: str) -> str:
        found = await self._maybe(url, Owner)
        return "" if found is None else f"{found.firstName or ''} {found.lastName or ''}".strip()

    async def _company_name(self, url: str) -> str:
        found = await self._maybe(url, Thing, params={"properties": "name"})
        return "" if found is None else found.text("name")

    async def _note_ids(self, contact: str) -> list[str]:
        url, after, ids = f"{CONTACTS}/{contact}/associations/notes", "", list[str]()
        while True:
            asked = {"limit": "500", **({"after": after} if after else {})}
            page = await self._maybe(url, RefPage, params=asked)
            ids += [] if page is None else [row.id for row in page.results]
            step = page.paging.next if page is not None and page.paging is not None else None
            if step is None or not step.get("after") or step["after"] == after:
                return ids
            after = step["after"]

    async def _maybe(self, url: str, model: type[M], **request: Any) -> M | None:
        """What is there, or None for 404."""
        return await self._retried("GET", url, model, expect=_FOUND, **request)

    async def _read(self, method: str, url: str, model: type[M], **request: Any) -> M:
        found = await self._retried(method, url, model, **request)
        if found is None:
            raise VendorUnsure(VENDOR, "answered 404 where something must be")
        return found

    async def _retried(self, method: str, url: str, model: type[M], **request: Any) -> M | None:
        async def once() -> M | None:
            response = await http.send(self._client, VENDOR, method, url, **request)
            return None if response.status_code == 404 else http.parsed(VENDOR, response, model)

        return await http.retrying(sleep=self._sleep)(once)


def _contact(found: Thing, *, owner: str, company: str) -> Contact:
    return Contact(
        id=found.id,
        external_id=found.text(EXTERNAL_ID),
        name=f"{found.text('firstname')} {found.text('lastname')}".strip(),
        email=found.text("email"),
        phone=found.text("phone"),
        address=_address(found),
        tier=_TIERS.get(found.text("remit_tier")),
        health=_HEALTH.get(found.text("remit_health"), "unknown"),
        owner=owner,
        company=company,
        updated_at=_utc(found.updatedAt),
    )


def _address(found: Thing) -> Address | None:
    """The address when its country is written as two letters; any other is not known to us."""
    country = found.text("country").strip().upper()
    if len(country) != 2 or not country.isascii() or not country.isalpha():
        return None
    return Address(
        line1=found.text("address"), city=found.text("city"), zip=found.text("zip"), country=country
    )


def _note(found: Thing, contact: str) -> Note:
    return Note(
        id=found.id,
        contact=contact,
        text=html.unescape(found.text("hs_note_body").replace("<br>", "\n")),
        action_id=found.text(ACTION_ID) or None,
        created_at=_utc(found.createdAt),
    )


def _age(note: str) -> int:
    """HubSpot's ids rise with time."""
    return int(note) if note.isascii() and note.isdigit() else 0


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
