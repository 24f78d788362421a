"""What a webhook leads to: its object is read from the vendor now, and our state follows what is true there."""

from agent.desk_says import adopt
from agent.late import disputed, refund_failed
from agent.parts import AgentParts
from approvals.rejudge import rejudge
from core.ids import TicketId
from service.webhooks import done

_FAILED = frozenset({"failed", "canceled"})


async def look(vendor: str, thing: str, parts: AgentParts) -> None:
    """Looks at one object (`kind:id`); a function of what the vendor says now, so order and repeats change nothing.

    Raises a VendorError when it cannot be read; the job tries again.
    """
    house = parts.approvals
    began = house.clock.now()
    kind, _, key = thing.partition(":")
    match kind:
        case "ticket":
            await _ticket(key, parts)
        case "charge":
            await _charge(key, parts)
            await rejudge(thing, house)
        case _:
            await rejudge(thing, house)
    await done(vendor, thing, began, house)


async def _ticket(key: str, parts: AgentParts) -> None:
    ticket = await parts.approvals.systems.desk.ticket(TicketId(key))
    if ticket is not None:
        await adopt(ticket, parts)


async def _charge(key: str, parts: AgentParts) -> None:
    billing = parts.approvals.systems.billing
    charge = await billing.charge(key)
    if charge is None:
        return
    for refund in await billing.refunds(key):
        if refund.status in _FAILED:
            await refund_failed(refund, parts)
    if charge.disputed:
        await disputed(key, parts)
