"""Jobs in this process and in virtual time: what was deferred waits in memory and runs when somebody lets it."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import procrastinate
from procrastinate.testing import InMemoryConnector

from core.clock import StillClock
from core.errors import Unavailable
from store.jobs import Jobs
from store.work import Work

log = logging.getLogger("remit.inline")
# What is due this soon belongs to what just happened; later ones are there in case a process dies.
_SOON = timedelta(seconds=20)
_PATIENCE = timedelta(seconds=120)
_MOST_TRIES = 12
Task = Callable[..., Awaitable[Any]]


@dataclass(order=True)
class _Waiting:
    due: datetime
    number: int
    task: str = field(compare=False)
    ids: Mapping[str, Any] = field(compare=False)
    once: str | None = field(compare=False, default=None)
    tries: int = field(compare=False, default=0)


class InlineJobs(Jobs):
    """Takes jobs as the queue does (after the commit, one of a name at a time) and runs them in order of their time."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(procrastinate.App(connector=InMemoryConnector()))
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._taken = 0

    async def defer(
        self,
        work: Work,
        task: str,
        *,
        lock: str | None = None,
        once: str | None = None,
        in_seconds: int = 0,
        **ids: Any,
    ) -> None:
        due = work.now + timedelta(seconds=in_seconds)

        async def take() -> None:
            if once is None or all(job.once != once for job in self._waiting):
                self._taken += 1
                self._waiting.append(_Waiting(due, self._taken, task, ids, once))

        work.after_commit(take)

    async def drain(self) -> None:
        """Runs what is due soon and what follows from it, the clock going along; raises Unavailable when it never ends."""
        began = self._clock.now()
        while job := self._next():
            self._waiting.remove(job)
            if (wait := job.due - self._clock.now()) > timedelta(0):
                self._clock.move(wait)
            if self._clock.now() - began > _PATIENCE:
                raise Unavailable(f"did not come to rest: {job.task} is still being tried")
            await self._run(job)

    def _next(self) -> _Waiting | None:
        soon = self._clock.now() + _SOON
        due = [job for job in self._waiting if job.due <= soon and job.task != "finish_turn"]
        return min(due, default=None)

    async def _run(self, job: _Waiting) -> None:
        run: Task = self.app.tasks[job.task].func
        try:
            await run(**job.ids)
        except Exception as error:  # noqa: BLE001 - as the queue does: whatever it was, it is tried again later
            log.info("%s failed and is tried again: %s", job.task, type(error).__name__)
            job.tries += 1
            job.due = self._clock.now() + timedelta(seconds=2**job.tries)
            if job.tries < _MOST_TRIES:
                self._waiting.append(job)
