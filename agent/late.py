"""What was done and turned out wrong afterwards: the customer hears it from us, a person takes it, the record keeps it."""

from sqlalchemy import select

from agent.handover import give
from agent.lease import locked
from agent.parts import AgentParts
from agent.saying import say
from approvals import cards
from approvals.ladder.weighing import note_late
from approvals.record import action_row, move, receipt_of
from core.money import Money
from store import outbox
from store.columns import table
from store.tables.action import ActionRow
from store.work import Work
from tools.billing.port import Refund

_ACTION = table(ActionRow)
_BY = "webhook"
_FAILED = (
    "The refund of {money} did not arrive: the bank sent it back. I am sorry. A colleague finds another way "
    "and tells you; you need not do anything."
)


async def refund_failed(refund: Refund, parts: AgentParts) -> bool:
    """Reopens the action whose refund failed after it was reported done; False when there is none (or it is known)."""
    if refund.action_id is None:
        return False
    async with parts.approvals.store.begin() as work:
        if await work.value(select(_ACTION.c.id).where(_ACTION.c.id == refund.action_id)) is None:
            return False
        row = await action_row(work, refund.action_id, lock=True)
        # Anybody may write our mark into a refund's metadata: only the receipt says which refund was ours.
        if row.state != "executed" or receipt_of(row).reference != refund.id:
            return False
        await _reopen(work, row, refund, parts)
        return True


async def _reopen(work: Work, row: ActionRow, refund: Refund, parts: AgentParts) -> None:
    text = _FAILED.format(money=Money(refund.amount, refund.currency))
    # The limits go on counting it: what replaces it is a colleague's decision.
    await move(work, row, "needs_person", failure="The refund failed at the bank after it was made.")
    await note_late(work, row.id, "refund_failed", by=_BY, parts=parts.approvals)
    await cards.show(work, row, "refused", text=text, state="failed")
    conversation = await locked(work, row.conversation_id)
    await say(work, conversation.id, text, key=f"late:{row.id}", turn_id=None)
    await give(work, conversation, f"A refund failed later: {row.preview['title']}", parts.approvals.jobs)
    key, jobs = f"late:{row.id}", parts.approvals.jobs
    await outbox.put(
        work,
        jobs,
        "ticket_comment",
        key=f"comment:{key}",
        conversation_id=conversation.id,
        body={"text": text},
    )
    mail = {"to_customer": conversation.customer_id, "subject": "About your refund", "text": text}
    await outbox.put(work, jobs, "mail", key=f"mail:{key}", conversation_id=conversation.id, body=mail)
    await work.notify("remit_queue", row.id)


async def disputed(charge: str, parts: AgentParts) -> int:
    """Notes on every refund we made of this charge that the customer went to the bank afterwards; how many were new."""
    a = _ACTION.c
    ours = select(a.id).where(a.state == "executed", a.targets.contains([f"charge:{charge}"]))
    async with parts.approvals.store.begin() as work:
        ids = list((await work.conn.execute(ours)).scalars())
        notes = [await note_late(work, found, "dispute", by=_BY, parts=parts.approvals) for found in ids]
    return sum(notes)
