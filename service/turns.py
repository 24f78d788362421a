"""The turns running in this process, so that none is lost to the garbage collector or to a hasty stop."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("remit.turns")


class Turns:
    """Tracks tasks; a turn that fails is logged and found again by its `finish_turn` job.

    At most `at_once` run, the others wait in the order they came; past `most` the door is closed (service/shed.py).
    """

    def __init__(self, *, at_once: int = 64, most: int = 256) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(at_once)
        self._most = most

    @property
    def is_full(self) -> bool:
        """True when one more would wait longer than a customer does."""
        return len(self._running) >= self._most

    def start(self, turn: Coroutine[Any, Any, None], *, name: str) -> None:
        """Runs it in the background."""
        task = asyncio.create_task(self._in_turn(turn), name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def _in_turn(self, turn: Coroutine[Any, Any, None]) -> None:
        try:
            async with self._room:
                await turn
        finally:
            turn.close()  # one that was cancelled while it waited

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
