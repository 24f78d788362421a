"""Background work: a job says "look at this row", and is deferred in the transaction that changed the row."""

from typing import Any

import procrastinate
from procrastinate import JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from store.work import Work

__all__ = ["JobContext", "Jobs", "connect"]


class Jobs:
    """Defers Procrastinate jobs on the unit of work's own connection."""

    def __init__(self, app: procrastinate.App) -> None:
        self.app = app

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
        """Runs `task(**ids)` after this transaction commits; `once` keeps one waiting job of that name."""
        raw = await work.conn.get_raw_connection()
        when: Any = {"seconds": in_seconds} if in_seconds else None
        deferrer = self.app.configure_task(
            task,
            lock=lock,
            queueing_lock=once,
            schedule_in=when,
            connection=raw.driver_connection,
        )
        if once is None:
            await deferrer.defer_async(**ids)
            return
        try:
            async with work.conn.begin_nested():
                await deferrer.defer_async(**ids)
        except AlreadyEnqueued:
            return


def connect(dsn: str, *, size: int = 4) -> procrastinate.App:
    """An app on the same database; open it with `async with app.open_async()`."""
    return procrastinate.App(
        connector=PsycopgConnector(
            conninfo=dsn, min_size=1, max_size=size, kwargs={"options": "-c timezone=utc"}
        )
    )
