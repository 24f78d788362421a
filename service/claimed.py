"""Who has an action open right now, and until when that is shown to colleagues."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from approvals.parts import Parts
from store.columns import table
from store.tables.action import ActionRow

_ACTION = table(ActionRow)


@dataclass(frozen=True, slots=True)
class Claim:
    """A colleague's look at a waiting action; it ends by itself."""

    by: str
    until: datetime


async def claims(parts: Parts) -> Mapping[str, Claim]:
    """The claims that still hold, by action."""
    a = _ACTION.c
    query = select(_ACTION).where(a.state == "held", a.claimed_until > parts.clock.now())
    async with parts.store.begin() as work:
        rows = await work.rows(ActionRow, query)
    return {r.id: Claim(r.claimed_by, r.claimed_until) for r in rows if r.claimed_by and r.claimed_until}
