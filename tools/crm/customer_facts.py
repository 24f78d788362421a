"""What every write is judged on about its customer: tier and health, from the CRM."""

from collections.abc import Mapping

from core.errors import VendorError
from core.facts import FactSet, FactType, read_facts
from tools.crm.port import Contact
from tools.kit import Scope

CUSTOMER_FACTS: Mapping[str, FactType] = {
    "customer.tier": "string",
    "customer.tier_known": "bool",
    "customer.health": "string",
}


async def customer_facts(scope: Scope) -> FactSet:
    """Tier and health of the principal; a CRM that is down or has no contact leaves the tier unknown."""
    try:
        found = await own_contact(scope)
    except VendorError:
        # Rules decide what an unknown tier means; a CRM that is down must not look like a standard customer.
        found = None
    return facts_of(found, scope)


def facts_of(contact: Contact | None, scope: Scope) -> FactSet:
    """The customer's facts from a contact that was read just now."""
    tier = None if contact is None else contact.tier
    return read_facts(
        scope.systems.crm.vendor,
        scope.now,
        customer__tier=tier,
        customer__tier_known=tier is not None,
        customer__health="unknown" if contact is None else contact.health,
    )


async def own_contact(scope: Scope) -> Contact | None:
    """The principal's own contact, read now: the one linked to them, else by external id; never by e-mail."""
    if scope.who.assurance == "anonymous":
        return None
    crm = scope.systems.crm
    linked = scope.who.links.get(crm.vendor)
    return await (crm.find_contact(scope.who.id) if linked is None else crm.contact(linked))
