"""The transcript as stored: appended under the conversation's lock, read back with every call answered."""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select

from agent.entries import ENTRY, VERSION, CallResult, Entry, Replied, Results
from core.errors import RemitError
from store.columns import table
from store.tables.conversation import StepRow
from store.work import Work

_STEP = table(StepRow)
INTERRUPTED = "This call was interrupted; nothing is known of it. Call again if it is still needed."


async def append(work: Work, conversation_id: str, turn_id: str | None, entries: Iterable[Entry]) -> None:
    """Adds entries at the end; the caller holds the conversation's row, so numbers never clash."""
    last = await work.value(select(func.max(_STEP.c.seq)).where(_STEP.c.conversation_id == conversation_id))
    rows = [
        StepRow(
            conversation_id=conversation_id,
            seq=seq,
            turn_id=turn_id,
            version=VERSION,
            role="assistant" if isinstance(entry, Replied) else "user",
            content=[entry.model_dump(mode="json")],
            at=work.now,
        )
        for seq, entry in enumerate(entries, start=int(last or 0) + 1)
    ]
    await work.add(*rows)


async def load(work: Work, conversation_id: str) -> tuple[Entry, ...]:
    """Every entry in order."""
    query = select(_STEP).where(_STEP.c.conversation_id == conversation_id).order_by(_STEP.c.seq)
    rows = await work.rows(StepRow, query)
    return tuple(answered([_read(row) for row in rows]))


def _read(row: StepRow) -> Entry:
    if row.version != VERSION:
        raise RemitError(
            f"step {row.seq} of {row.conversation_id!r} has version {row.version}, not {VERSION}"
        )
    # Through JSON, because strict types take tuples and times from JSON but not from lists and strings.
    return ENTRY.validate_json(json.dumps(row.content[0]))


def answered(entries: Sequence[Entry]) -> list[Entry]:
    """The same entries with a result for every call, right after it: a lost one says so."""
    whole: list[Entry] = []
    for index, entry in enumerate(entries):
        whole.append(entry)
        if not isinstance(entry, Replied) or not entry.calls:
            continue
        after = entries[index + 1] if index + 1 < len(entries) else None
        if not isinstance(after, Results):
            lost = tuple(
                CallResult(call_id=c.id, name=c.name, content=INTERRUPTED, ok=False) for c in entry.calls
            )
            whole.append(Results(results=lost, request_id=entry.request_id, at=entry.at))
    return whole


def used_ids(entries: Iterable[Entry]) -> set[str]:
    """Every call id that was ever used in this conversation."""
    return {call.id for entry in entries if isinstance(entry, Replied) for call in entry.calls}
