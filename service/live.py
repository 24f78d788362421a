"""What is shown but not kept: typing, what is being looked at, words as they are written."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_MOST_WAITING = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """One transient event."""

    kind: str
    body: dict[str, Any]


@dataclass(eq=False)
class Reader:
    """One open stream: what was shown since it last looked, and whether new rows wait for it."""

    _waiting: list[Shown] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, shown: Shown | None) -> None:
        """Adds one, or only wakes (None); a reader too slow for its words misses some, never a row."""
        if shown is not None and len(self._waiting) < _MOST_WAITING:
            self._waiting.append(shown)
        self._wake.set()

    async def wait(self, seconds: float) -> bool:
        """True as soon as something happened, False when nothing did for that long."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def take(self) -> list[Shown]:
        """What was shown since the last time."""
        taken, self._waiting = self._waiting, []
        return taken


class Hub:
    """Every open stream of this process, by conversation; one process, one event loop."""

    def __init__(self) -> None:
        self._readers: dict[str, set[Reader]] = {}
        self.is_closed = False

    def show(self, conversation_id: str, kind: str, body: dict[str, Any]) -> None:
        """Shows something transient to whoever reads this conversation now."""
        for reader in self._readers.get(conversation_id, ()):
            reader.put(Shown(kind, body))

    def wake(self, conversation_id: str) -> None:
        """Says that there are new rows."""
        for reader in self._readers.get(conversation_id, ()):
            reader.put(None)

    def wake_all(self) -> None:
        """Says that there may be new rows anywhere (the listener was away)."""
        for conversation_id in self._readers:
            self.wake(conversation_id)

    def close(self) -> None:
        """Ends every stream, so that the process can stop; clients come back to another one."""
        self.is_closed = True
        self.wake_all()

    def is_watched(self, conversation_id: str) -> bool:
        """True when somebody reads this conversation in this process."""
        return bool(self._readers.get(conversation_id))

    @contextmanager
    def reading(self, conversation_id: str) -> Iterator[Reader]:
        """A reader, for as long as the block runs."""
        reader = Reader()
        self._readers.setdefault(conversation_id, set()).add(reader)
        try:
            yield reader
        finally:
            readers = self._readers[conversation_id]
            readers.discard(reader)
            if not readers:
                del self._readers[conversation_id]
