"""The turns running in this process, so that none is lost to the garbage collector or to a hasty stop."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("remit.turns")


class Turns:
    """Tracks tasks; a turn that fails is logged and found again by its `finish_turn` job."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, turn: Coroutine[Any, Any, None], *, name: str) -> None:
        """Runs it in the background."""
        task = asyncio.create_task(turn, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def ended(self, name: str) -> None:
        """Waits until no turn of that name runs here; what it raised is logged, not raised again."""
        while running := [task for task in self._running if task.get_name() == name]:
            await asyncio.wait(running)

    async def drain(self, seconds: float) -> None:
        """Waits for the running ones, then cancels what is left; their jobs take them up again."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed; its job will finish it", task.get_name(), exc_info=error)
