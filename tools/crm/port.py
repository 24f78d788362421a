"""What the CRM can tell and do; HubSpot is one adapter of it."""

from datetime import datetime
from typing import Literal, Protocol

from core.actions import Permit
from core.frozen import Frozen
from core.ids import ActionId

Tier = Literal["standard", "plus", "vip"]
Health = Literal["good", "at_risk", "unknown"]


class Address(Frozen):
    line1: str
    city: str
    zip: str
    country: str
    """ISO 3166 two letters."""


class Contact(Frozen):
    id: str
    external_id: str
    name: str
    email: str
    phone: str
    address: Address | None
    tier: Tier | None
    health: Health
    owner: str
    company: str
    updated_at: datetime


class Note(Frozen):
    id: str
    contact: str
    text: str
    action_id: str | None
    created_at: datetime


class Crm(Protocol):
    vendor: str

    async def find_contact(self, external_id: str) -> Contact | None: ...
    async def contact(self, contact: str) -> Contact | None: ...
    async def update_phone(self, contact: str, phone: str, permit: Permit) -> Contact: ...
    async def update_address(self, contact: str, address: Address, permit: Permit) -> Contact: ...
    async def add_note(self, contact: str, text: str, permit: Permit) -> Note: ...
    async def find_note(self, contact: str, action_id: ActionId) -> Note | None: ...
    async def find_update(self, contact: str, action_id: ActionId) -> datetime | None:
        """When this action changed the contact, by the CRM's own history; None if it surely did not."""
