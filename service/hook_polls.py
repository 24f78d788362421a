"""Asking vendors what changed, for webhooks that never came: every five minutes, with an overlap, one row per vendor."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from approvals.parts import Parts
from core.errors import VendorError
from service.webhooks import keep
from store.columns import table
from store.tables.hooks import WebhookCursorRow
from store.work import Work
from tools.hooks import Feed
from tools.systems import Systems

log = logging.getLogger("remit.hooks")
_CURSOR = table(WebhookCursorRow)
# An event may become readable a little after its time; what is read twice is known by its id.
OVERLAP = timedelta(minutes=5)
# The first time, and after a long pause: what vendors keep is longer, but nobody waits for older news here.
LONGEST = timedelta(days=3)


async def poll(parts: Parts) -> int:
    """Asks every vendor that can say so what changed; how many new events. One that fails is asked again next time."""
    return sum([await _ask(feed, parts) for feed in feeds(parts.systems)])


def feeds(systems: Systems) -> Sequence[Feed]:
    """The adapters that can be asked."""
    every: tuple[object, ...] = (systems.billing, systems.identity, systems.orders, systems.desk)
    return [one for one in every if isinstance(one, Feed)]


async def _ask(feed: Feed, parts: Parts) -> int:
    async with parts.store.begin() as work:
        since, now = await _since(work, feed.vendor), work.now
    try:
        hints = await feed.changed_since(since)
    except VendorError as error:
        log.warning("%s could not be asked what changed: %s", feed.vendor, type(error).__name__)
        async with parts.store.begin() as work:
            await _move(work, feed.vendor, since + OVERLAP, type(error).__name__)
        return 0
    found = await keep(hints, parts, came_by="poll")
    async with parts.store.begin() as work:
        await _move(work, feed.vendor, now, None)
    return found


async def _since(work: Work, vendor: str) -> datetime:
    until = await work.value(select(_CURSOR.c.asked_until).where(_CURSOR.c.vendor == vendor))
    start = until if until is not None else work.now
    # Never later than now, should the clock have stepped back.
    return max(min(start, work.now) - OVERLAP, work.now - LONGEST)


async def _move(work: Work, vendor: str, until: datetime, problem: str | None) -> None:
    row = {"vendor": vendor, "asked_until": until, "problem": problem}
    statement = insert(WebhookCursorRow).values(**row)
    await work.run(
        statement.on_conflict_do_update(
            index_elements=["vendor"], set_={"asked_until": until, "problem": problem}
        )
    )
