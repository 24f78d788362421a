"""What was done in a conversation, by its receipts."""

from sqlalchemy import select

from store.columns import table
from store.tables.action import ActionRow
from store.work import Work

_ACTION = table(ActionRow)


async def receipt_kinds(work: Work, conversation_id: str) -> frozenset[str]:
    """The kinds of effects that were done in this conversation; an answer is none."""
    a = _ACTION.c
    query = select(a.receipt["kind"].as_string()).where(
        a.conversation_id == conversation_id, a.state == "executed", a.tool != "answer"
    )
    return frozenset(str(kind) for kind in (await work.conn.execute(query)).scalars())
