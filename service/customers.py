"""Customers we meet: linked to each system of record by the host app's stable id, never by an e-mail."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from approvals.parts import Parts
from core.conversation import Principal
from core.errors import VendorError
from core.ids import CustomerId
from store.columns import table
from store.tables.conversation import CustomerRow
from tools.systems import Systems

log = logging.getLogger("remit.customers")
_CUSTOMER = table(CustomerRow)
# Systems that did not answer when a customer was linked; no vendor has this name.
_UNREAD = "unread"


async def principal(sub: str, parts: Parts) -> Principal:
    """The customer with this stable id; who is new, or could not be linked everywhere, is looked up now."""
    async with parts.store.begin() as work:
        row = await work.row(CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == sub))
    if row is None or row.links.get(_UNREAD):
        row = await _linked(sub, parts)
    return as_principal(row)


def as_principal(row: CustomerRow) -> Principal:
    """The row as the gate knows it."""
    links = {vendor: str(found) for vendor, found in row.links.items() if vendor != _UNREAD}
    return Principal(
        id=CustomerId(row.id), assurance="identified", links=links, name=row.name, email=row.email
    )


async def _linked(sub: str, parts: Parts) -> CustomerRow:
    links, contact, unread = await _look_up(sub, parts.systems)
    values: dict[str, Any] = {
        "id": sub,
        "name": contact.name if contact else "",
        "email": contact.email if contact else "",
        "tier": contact.tier if contact else None,
        "language": "en",
        "links": {**links, _UNREAD: ",".join(unread)} if unread else links,
        "created_at": parts.clock.now(),
    }
    known = {key: values[key] for key in ("links", "name", "email", "tier")}
    async with parts.store.begin() as work:
        await work.run(
            insert(CustomerRow).values(**values).on_conflict_do_update(index_elements=["id"], set_=known)
        )
        row = await work.row(CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == sub))
    assert row is not None  # written above
    return row


async def _look_up(sub: str, systems: Systems) -> tuple[dict[str, str], Any, list[str]]:
    """Vendor ids, the CRM contact, and the systems that did not answer."""
    asked: dict[str, Awaitable[Any]] = {
        systems.billing.vendor: systems.billing.find_customer(sub),
        systems.identity.vendor: systems.identity.find_account(sub),
        systems.crm.vendor: systems.crm.find_contact(sub),
        systems.orders.vendor: systems.orders.find_customer(sub),
        systems.desk.vendor: systems.desk.find_requester(sub),
    }
    answers = dict(zip(asked, await asyncio.gather(*asked.values(), return_exceptions=True), strict=True))
    links: dict[str, str] = {}
    unread: list[str] = []
    for vendor, found in answers.items():
        if isinstance(found, VendorError):
            unread.append(vendor)
            log.warning("%s did not answer; a customer's link to it is looked up again next time", vendor)
        elif isinstance(found, BaseException):
            raise found
        elif found is not None:
            links[vendor] = found if isinstance(found, str) else found.id
    contact = answers[systems.crm.vendor]
    return links, None if isinstance(contact, BaseException) else contact, unread
