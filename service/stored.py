"""Stored actions as the policy workbench reads them: facts, verdict and money, straight from the rows."""

from datetime import datetime

from sqlalchemy import select

from approvals.record import facts_of, verdict_of
from core.clock import SystemClock
from policies.diff import Stored
from service.database import opened
from service.settings import load
from store.columns import table
from store.tables.action import ActionRow
from store.work import Store, engine_for

_ACTION = table(ActionRow)
_AT_ONCE = 500


async def stored_actions(since: datetime | None = None) -> list[Stored]:
    """Every stored action, the oldest first; of those since a time if one is given."""
    with opened(load()) as database:
        store = Store(clock=SystemClock(), engine=engine_for(database.dsn, size=2))
        try:
            return await read_actions(store, since)
        finally:
            await store.close()


async def read_actions(store: Store, since: datetime | None = None) -> list[Stored]:
    """The same from a store that is open, a few hundred at a time."""
    found: list[Stored] = []
    last: tuple[datetime, str] | None = None
    while True:
        query = select(_ACTION).order_by(_ACTION.c.created_at, _ACTION.c.id).limit(_AT_ONCE)
        if since is not None:
            query = query.where(_ACTION.c.created_at >= since)
        if last is not None:
            after = (_ACTION.c.created_at > last[0]) | (
                (_ACTION.c.created_at == last[0]) & (_ACTION.c.id > last[1])
            )
            query = query.where(after)
        async with store.begin() as work:
            rows = await work.rows(ActionRow, query)
        found += [_stored(row) for row in rows]
        if len(rows) < _AT_ONCE:
            return found
        last = (rows[-1].created_at, rows[-1].id)


def _stored(row: ActionRow) -> Stored:
    return Stored(
        id=row.id,
        category=row.category,
        tool=row.tool,
        facts=facts_of(row.facts).values(),
        verdict=verdict_of(row),
        amount=row.amount,
        currency=row.currency,
        at=row.created_at,
    )
