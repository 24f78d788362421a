"""Service messages: written with the state change that causes them, sent afterwards, at least once."""

from typing import Any, Literal

from sqlalchemy.dialects.postgresql import insert

from core.ids import new_id
from store.jobs import Jobs
from store.tables.record import OutboxRow
from store.work import Work

Kind = Literal["ticket_open", "ticket_comment", "ticket_note", "ticket_status", "mail", "slack", "webhook"]


async def put(
    work: Work,
    jobs: Jobs,
    kind: Kind,
    *,
    key: str,
    conversation_id: str | None,
    body: dict[str, Any],
    lock: str | None = None,
) -> None:
    """Queues one message in this transaction; the same key again changes nothing. One `lock` keeps its messages in order."""
    row = {
        "id": new_id("out"),
        "key": key,
        "kind": kind,
        "conversation_id": conversation_id,
        "body": body,
        "state": "waiting",
        "tries": 0,
        "at": work.now,
    }
    if await work.insert_once(insert(OutboxRow).values(**row)):
        # One lock per conversation keeps "ticket opened" before "comment" before "solved".
        await jobs.defer(work, "send_outbox", lock=lock or f"outbox:{conversation_id}", outbox_id=row["id"])
