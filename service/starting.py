"""What is looked at before anything runs: is the record the one that was anchored, and do the vendors agree with it?"""

import logging
from contextlib import suppress

from procrastinate.exceptions import AlreadyEnqueued

from approvals.switches import stop_restored
from store.audit import Anchor, strayed
from store.jobs import Jobs
from store.work import Store

log = logging.getLogger("remit.start")


async def look_before_running(store: Store, jobs: Jobs, anchor: Anchor) -> str | None:
    """Stops all execution when the database is older than its anchor, and has everything compared; why it was stopped."""
    async with store.begin() as work:
        problem = await strayed(work.conn, anchor)
        if problem is not None:
            log.critical("nothing is executed: %s; see `remit reconcile` and `remit audit reanchor`", problem)
            await stop_restored(work, f"{problem}. Run remit reconcile, then remit audit reanchor.")
    with suppress(AlreadyEnqueued):
        await jobs.app.configure_task("reconcile", queueing_lock="reconcile").defer_async(timestamp=0)
    return problem
