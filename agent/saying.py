"""A line to the customer: stored once under its key, shown as an event, copied to the ticket where wanted."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from core.conversation import Author
from core.ids import new_id
from store.columns import table
from store.events import emit
from store.tables.conversation import MessageRow
from store.work import Work

_MESSAGE = table(MessageRow)


async def say(
    work: Work, conversation_id: str, text: str, *, key: str, turn_id: str | None, author: Author = "agent"
) -> bool:
    """Says it; False when this key was said before, in which case nothing changes."""
    row: dict[str, Any] = {
        "id": new_id("msg"),
        "conversation_id": conversation_id,
        "key": key,
        "author": author,
        "text": text,
        "turn_id": turn_id,
        "at": work.now,
    }
    added = await work.insert_once(insert(_MESSAGE).values(**row))
    if added:
        body = {
            "id": row["id"],
            "author": author,
            "text": text,
            "at": work.now.isoformat(timespec="milliseconds"),
        }
        await emit(work, conversation_id, "message", body)
    return added
