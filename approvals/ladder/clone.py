"""Copies of a past action's surroundings, so that a canary reads like a ticket and touches none."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from approvals.context import waiting_times
from approvals.record import stored_facts, stored_verdict
from core.actions import Action, Verdict
from core.facts import FactSet
from core.ids import ActionId, ConversationId, CustomerId, RequestId, new_id
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.action import ActionRow, ConfirmationRow
from store.tables.conversation import ConversationRow, CustomerRow, MessageRow, RequestRow
from store.work import Work
from tools.kit import Args, WriteTool

_CUSTOMER = table(CustomerRow)
_CONVERSATION = table(ConversationRow)
_MESSAGE = table(MessageRow)
_REQUEST = table(RequestRow)
_CONFIRMATION = table(ConfirmationRow)
# Counted nowhere: no customer opened it and none will read it.
CHANNEL = "canary"
WHY_HELD = "A colleague checks every action of this kind."


async def clone(
    work: Work,
    row: ActionRow,
    policy: CategoryPolicy,
    *,
    tool: WriteTool[Any],
    args: Args,
    facts: FactSet,
    verdict: Verdict,
) -> str:
    """Adds a held canary with these arguments beside copies of the customer, the chat and the request; its id."""
    ages = work.now - row.created_at
    customer_id = await _customer(work, row.customer_id)
    conversation_id = await _conversation(work, row, customer_id, ages)
    request_id = await _request(work, row, conversation_id, ages)
    money = tool.money(args)
    action = Action(
        id=ActionId(new_id("act")),
        conversation_id=ConversationId(conversation_id),
        request_id=RequestId(request_id),
        customer_id=CustomerId(customer_id),
        category=policy.category,
        tool=row.tool,
        tool_version=row.tool_version,
        args=args.model_dump(mode="json"),
        targets=tool.targets(args),
        amount=money.amount if money else None,
        currency=money.currency if money else None,
    )
    made = ActionRow(
        **action.model_dump(mode="json"),
        digest=action.digest,
        state="held",
        state_at=work.now,
        facts=stored_facts(_of_now(facts, work.now)),
        verdict=stored_verdict(verdict, ()),
        preview=tool.preview(args, facts).model_dump(mode="json"),
        because=[WHY_HELD],
        risk=row.risk,
        allowed_by_rules=True,
        standing=row.standing,
        canary=True,
        # Where real ones are looked at after they ran, this one reads as if it had.
        review_after=row.review_after,
        receipt=_receipt(row, action.id) if row.review_after else None,
        created_at=work.now,
        **waiting_times(policy, work.now),
    )
    await work.add(made)
    await _confirmation(work, row, made)
    return made.id


def _receipt(row: ActionRow, made: str) -> dict[str, Any] | None:
    if row.receipt is None:
        return None
    return {n: made if value == row.id else value for n, value in row.receipt.items()}


async def _customer(work: Work, customer_id: str) -> str:
    found = await work.row(CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == customer_id))
    assert found is not None
    # Erasing a customer finds the copies by this link.
    links = {"canary_of": customer_id}
    made = found.model_copy(update={"id": new_id("can"), "email": "", "links": links, "created_at": work.now})
    await work.add(made)
    return made.id


async def _conversation(work: Work, row: ActionRow, customer_id: str, ages: timedelta) -> str:
    made = ConversationRow(
        id=new_id("con"),
        customer_id=customer_id,
        channel=CHANNEL,
        state="closed",
        opened_at=work.now,
        last_at=work.now,
        closed_at=work.now,
    )
    await work.add(made)
    said = select(_MESSAGE).where(
        _MESSAGE.c.conversation_id == row.conversation_id, _MESSAGE.c.at <= row.created_at
    )
    for message in await work.rows(MessageRow, said):
        moved = {"id": f"{made.id}_{message.id}", "conversation_id": made.id, "at": message.at + ages}
        await work.add(message.model_copy(update=moved | {"turn_id": message.turn_id or "canary"}))
    return made.id


async def _request(work: Work, row: ActionRow, conversation_id: str, ages: timedelta) -> str:
    found = await work.row(RequestRow, select(_REQUEST).where(_REQUEST.c.id == row.request_id))
    assert found is not None
    made = found.model_copy(
        update={
            "id": new_id("req"),
            "conversation_id": conversation_id,
            "message_id": f"{conversation_id}_{found.message_id}",
            "state": "done",
            "opened_at": found.opened_at + ages,
        }
    )
    await work.add(made)
    return made.id


async def _confirmation(work: Work, row: ActionRow, made: ActionRow) -> None:
    """Where a customer confirms, the history of the real one shows it, so this one shows it too."""
    query = select(_CONFIRMATION).where(_CONFIRMATION.c.action_id == row.id)
    found = await work.row(ConfirmationRow, query)
    if found is not None:
        at = min(work.now, found.at + (work.now - row.created_at))
        await work.add(ConfirmationRow(action_id=made.id, digest=made.digest, event=found.event, at=at))


def _of_now(facts: FactSet, now: datetime) -> FactSet:
    """The facts as if they had been read when the canary was shown."""
    return FactSet({name: replace(fact, read_at=now) for name, fact in facts.facts.items()})
