"""Reading an action's world again: its tool, arguments, owner and facts as they are at this moment."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from approvals.context import Mandate, mandate_under
from approvals.judge import parse
from approvals.parts import Parts
from approvals.record import action_of, action_row
from core.actions import Action
from core.conversation import Principal
from core.errors import Conflict, NotFound
from core.facts import FactSet
from core.ids import CustomerId
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import CustomerRow, RequestRow
from store.work import Work
from tools.kit import Args, Scope, WriteTool

_CUSTOMER = table(CustomerRow)
_REQUEST = table(RequestRow)


@dataclass(frozen=True, slots=True)
class Seen:
    """An action with what its systems of record say now."""

    action: Action
    tool: WriteTool[Any]
    args: Args
    scope: Scope
    owned: bool
    facts: FactSet


async def see_again(action_id: str, parts: Parts) -> Seen:
    """Reads everything anew, outside any transaction; raises NotFound, Conflict or a VendorError."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        who = await principal_of(work, row.customer_id)
    return await see(row, row.args, who, parts)


async def see(row: ActionRow, args: object, who: Principal, parts: Parts) -> Seen:
    """The same for given arguments, as when a colleague edits them; raises Conflict when they do not parse."""
    action = action_of(row)
    tool = parts.write_tool(row.tool)
    if tool is None or tool.spec.version != row.tool_version:
        raise Conflict(f"The tool {row.tool!r} has changed since this was proposed.")
    parsed = parse(tool, args)
    if isinstance(parsed, str):
        raise Conflict(parsed)
    scope = parts.scope(who)
    owned = await tool.owned(parsed, scope)
    facts = await tool.facts(parsed, scope) if owned else FactSet()
    return Seen(action, tool, parsed, scope, owned, facts)


async def principal_of(work: Work, customer_id: str) -> Principal:
    """The customer as the gate knows them; raises NotFound."""
    row = await work.row(CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == customer_id))
    if row is None:
        raise NotFound(f"There is no customer {customer_id!r}.")
    return Principal(
        id=CustomerId(row.id), assurance="identified", links=row.links, name=row.name, email=row.email
    )


async def mandate_of(work: Work, row: ActionRow, parts: Parts) -> Mandate | None:
    """The request an action was proposed under, while its category still lists the tool; None otherwise."""
    request = await work.row(RequestRow, select(_REQUEST).where(_REQUEST.c.id == row.request_id))
    policy = parts.catalog.get(row.category)
    if request is None or policy is None or row.tool not in policy.tools or request.category != row.category:
        return None
    return await mandate_under(work, request, policy, row.agent_version, parts)
