"""Listens on one connection for new events written by any process, and wakes their readers here."""

import asyncio
import logging
from collections.abc import AsyncIterator

import psycopg
from psycopg import sql

from service.live import Hub
from store.events import CHANNEL

log = logging.getLogger("remit.wake")
_LONGEST_PAUSE = 5.0


class Wake:
    """The process's one listener; while it is away, streams still look at the table now and then."""

    def __init__(self, dsn: str, hub: Hub) -> None:
        self._dsn = dsn
        self._hub = hub
        self._task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    def start(self) -> None:
        """Starts listening in the background."""
        self._task = asyncio.create_task(self._run(), name="wake")

    async def stop(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pause = 0.1
        while True:
            try:
                async for conversation_id in self._heard():
                    pause = 0.1
                    self._hub.wake(conversation_id)
            except (psycopg.Error, OSError) as error:
                log.warning("not listening for events: %s; again in %.1f s", type(error).__name__, pause)
            self.ready.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _heard(self) -> AsyncIterator[str]:
        connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, connect_timeout=5)
        async with connection:
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
            # Rows written while nobody listened are found by looking once.
            self._hub.wake_all()
            self.ready.set()
            async for notice in connection.notifies():
                yield notice.payload
