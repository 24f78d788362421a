"""Repeated refusals around sign-in in one conversation are one incident: in the audit log, and told to the contact on file."""

from sqlalchemy import func, select

from approvals.parts import Parts
from store import outbox
from store.columns import table
from store.tables.action import ActionRow, StepUpRow
from store.tables.conversation import ConversationRow
from store.tables.record import AuditRow, OutboxRow
from store.work import Work

_ACTION = table(ActionRow)
_AUDIT = table(AuditRow)
_STEP_UP = table(StepUpRow)
_CONVERSATION = table(ConversationRow)
_OUTBOX = table(OutboxRow)
# One wrong call is a slip and two are bad luck.
ENOUGH = 3
# Refusals are looked for among the newest entries only, so that a long log costs no more than a short one.
_NEWEST = 20_000
_SUBJECT = "Somebody tried to change how your account is signed in to"
_TEXT = (
    "Hello,\n\nin a support chat somebody tried several times to change the sign-in, password or second factor "
    "of your account. Nothing of what was refused has happened.\n\n"
    "If this was not you, answer this mail at once.\n"
)


def is_identity(tool: str, parts: Parts) -> bool:
    """True for writes that change who may sign in."""
    found = parts.write_tool(tool)
    return found is not None and found.spec.family == "identity"


async def count_refusal(
    work: Work, conversation_id: str, tool: str, parts: Parts, *, so_far: int = 1
) -> None:
    """Opens the conversation's one incident when there were enough refusals; call it where one is recorded.

    Args:
        so_far: refusals of this very transaction, which the log does not hold yet.
    """
    if not is_identity(tool, parts):
        return
    await work.lock(f"incident:{conversation_id}")
    key = f"incident:{conversation_id}"
    if await work.value(select(_OUTBOX.c.id).where(_OUTBOX.c.key == key)) is not None:
        return
    refusals = so_far + await _refusals(work, conversation_id, parts)
    if refusals < ENOUGH:
        return
    customer = await work.value(
        select(_CONVERSATION.c.customer_id).where(_CONVERSATION.c.id == conversation_id)
    )
    work.audit(
        "incident.opened",
        incident="account_takeover",
        conversation=conversation_id,
        customer=customer,
        refusals=refusals,
    )
    body = {"to_customer": customer, "subject": _SUBJECT, "text": _TEXT}
    await outbox.put(work, parts.jobs, "mail", key=key, conversation_id=conversation_id, body=body)


async def _refusals(work: Work, conversation_id: str, parts: Parts) -> int:
    """Calls refused before they became actions, actions refused by rules, and wrong codes."""
    identity = [name for name in parts.tools if is_identity(name, parts)]
    newest = select(func.max(_AUDIT.c.seq) - _NEWEST).scalar_subquery()
    calls = select(func.count()).where(
        _AUDIT.c.seq > newest,
        (_AUDIT.c.kind == "call.refused")
        | ((_AUDIT.c.kind == "read.refused") & (_AUDIT.c.body["check"].astext == "closed_set")),
        _AUDIT.c.body["conversation"].astext == conversation_id,
        _AUDIT.c.body["tool"].astext.in_(identity),
    )
    mine = (_ACTION.c.conversation_id == conversation_id) & _ACTION.c.tool.in_(identity)
    refused = select(func.count()).where(mine, _ACTION.c.state == "refused")
    tries = select(func.coalesce(func.sum(_STEP_UP.c.tries), 0)).where(
        _STEP_UP.c.action_id.in_(select(_ACTION.c.id).where(mine))
    )
    return sum([int(await work.value(query) or 0) for query in (calls, refused, tries)])
