"""What a customer sees, as server-sent events: rows replayed from any number, then live."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from service.live import Reader
from service.parts import ServiceParts
from store import events

HEARTBEAT = 15.0
_BATCH = 1000


async def stream(
    conversation_id: str, after: int, until: datetime, parts: ServiceParts, *, heartbeat: float = HEARTBEAT
) -> AsyncIterator[bytes]:
    """Events above `after`, then everything new, until the token of the reader ends."""
    yield b"retry: 1000\n\n"
    with parts.hub.reading(conversation_id) as reader:
        seen = after
        while parts.clock.now() < until and not parts.hub.is_closed:
            # Shown first, rows after: words of a reply come before the message that replaces them.
            for chunk in _taken(reader):
                yield chunk
            async for seq, chunk in _rows(conversation_id, seen, parts):
                seen = seq
                yield chunk
            if not await reader.wait(heartbeat):
                # Also the moment at which a row whose notice was lost is found.
                yield b": still here\n\n"


def _taken(reader: Reader) -> list[bytes]:
    return [_event(shown.kind, shown.body) for shown in reader.take()]


async def _rows(conversation_id: str, seen: int, parts: ServiceParts) -> AsyncIterator[tuple[int, bytes]]:
    while True:
        async with parts.store.begin() as work:
            rows = await events.after(work, conversation_id, seen)
        for row in rows:
            seen = row.seq
            yield seen, _event(row.kind, row.body, seq=row.seq)
        if len(rows) < _BATCH:
            return


def _event(kind: str, body: dict[str, Any], *, seq: int | None = None) -> bytes:
    number = "" if seq is None else f"id: {seq}\n"
    # One line whatever the text holds: JSON escapes line breaks, and ASCII leaves no other separators.
    return f"{number}event: {kind}\ndata: {json.dumps(body)}\n\n".encode()
