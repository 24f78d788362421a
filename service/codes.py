"""A new one-time code, when the first one did not arrive."""

from sqlalchemy import select

from approvals import consent
from approvals.parts import Parts
from core.actions import Outcome
from core.conversation import Principal
from core.errors import Conflict, NotFound
from store.columns import table
from store.tables.action import ActionRow

_ACTION = table(ActionRow)


async def send_again(action_id: str, who: Principal, parts: Parts) -> Outcome:
    """Mails a new code for an action that waits for one; the old code no longer works."""
    mine = select(_ACTION).where(_ACTION.c.id == action_id, _ACTION.c.customer_id == who.id)
    async with parts.store.begin() as work:
        row = await work.row(ActionRow, mine)
    if row is None:
        raise NotFound(f"There is no action {action_id!r}.")
    if row.state != "asked" or row.because != ["step_up"]:
        raise Conflict("No code is needed for this now.")
    return await consent.send_code(action_id, who=who, parts=parts)
