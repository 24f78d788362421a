"""What the agent may look up in the CRM: the customer's own contact."""

from typing import Any

from core.errors import ToolFailed
from core.tool_spec import ToolSpec
from tools.crm.contact_details import masked_phone, one_line
from tools.crm.customer_facts import own_contact
from tools.kit import Args, Card, ContactId, ReadTool, Result, Scope


class GetContact(Args):
    """Takes nothing: the contact is the customer's own."""


class ContactRow(Result):
    id: ContactId
    name: str
    tier: str | None
    health: str
    owner: str
    phone_masked: str
    address: str


async def _get_contact(args: GetContact, scope: Scope) -> ContactRow:
    found = await own_contact(scope)
    if found is None:
        raise ToolFailed("There is no contact on file for this customer.")
    return ContactRow(
        id=found.id,
        name=found.name,
        tier=found.tier,
        health=found.health,
        owner=found.owner,
        phone_masked=masked_phone(found.phone),
        address=one_line(found.address),
    )


def _card(result: Any) -> Card:
    rows = (("Name", result.name), ("Phone", result.phone_masked), ("Address", result.address))
    return Card(title="Your contact details", rows=tuple(row for row in rows if row[1]))


READS: tuple[ReadTool[Any], ...] = (
    ReadTool(
        spec=ToolSpec(
            name="get_contact",
            version=1,
            kind="read",
            family="crm",
            risk="none",
            description=(
                "Looks up the customer's own contact record: name, masked phone, address, "
                "and for your judgement only their tier, health and account owner."
            ),
            schema=GetContact.model_json_schema(),
        ),
        args=GetContact,
        run=_get_contact,
        looking="Looking at your contact details",
        card=_card,
    ),
)
