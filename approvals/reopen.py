"""What was done and is no longer so: the action comes back, the customer hears of it and a person takes it."""

from approvals import cards
from approvals.again import principal_of
from approvals.judge import parse
from approvals.ladder.weighing import note_late
from approvals.parts import Parts
from approvals.record import action_row, move
from core.ids import ActionId
from tools.kit import Args


async def reopen_undone(action_id: str, parts: Parts) -> bool:
    """Asks the vendor whether an executed action still stands, and reopens it if not; True when it was reopened."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        who = await principal_of(work, row.customer_id)
    tool = parts.write_tool(row.tool)
    args = parse(tool, row.args) if tool else "gone"
    if row.state != "executed" or tool is None or not isinstance(args, Args):
        return False
    why = await tool.undone(args, ActionId(row.id), parts.scope(who))
    return False if why is None else await _reopen(action_id, why, parts)


async def _reopen(action_id: str, why: str, parts: Parts) -> bool:
    """Once: by compare-and-set, with the customer's card and the job that tells them and brings a person."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if row.state != "executed":
            return False
        await move(work, row, "needs_person", failure=why)
        # Whatever its category has earned, it has earned with one error more.
        await note_late(work, row.id, "refund_failed", by="vendor", parts=parts)
        work.audit("action.undone", action=row.id, digest=row.digest, category=row.category)
        await cards.show(work, row, "waiting", text=f"{why} A colleague is looking into it.")
        await parts.jobs.defer(work, "follow_up", once=f"follow:{row.id}:undone", action_id=row.id)
        await work.notify("remit_queue", row.id)
    return True
