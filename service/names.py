"""Names of colleagues by id, for pages that say who did something."""

from collections.abc import Mapping

from sqlalchemy import select

from store.columns import table
from store.tables.people import UserRow
from store.work import Store

_USER = table(UserRow)


async def names_of(store: Store) -> Mapping[str, str]:
    """Id -> name of every colleague; `agent`, `customer` and `system` speak for themselves."""
    async with store.begin() as work:
        return {row.id: row.name for row in await work.rows(UserRow, select(_USER))}
