"""Which tickets are looked at afterwards: fixed by the ticket's own id before anything is known of the outcome."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import func, select, update

from approvals.parts import Parts
from core.standing import Standing
from store.columns import table
from store.tables.action import ActionRow
from store.tables.standing import StandingRow
from store.work import Work

SHARES: Mapping[Standing, float] = {"autonomous_20": 0.20, "autonomous_5": 0.05, "autonomous_2": 0.02}
# After an error every ticket is audited, for so many tickets.
BURST = 100
_STANDING = table(StandingRow)
_ACTION = table(ActionRow)
_BITS = 64


def is_chosen(secret: bytes, ticket: str, share: float) -> bool:
    """True for a share of all tickets that nobody without the secret can foresee or steer."""
    drawn = hmac.new(secret, f"audit:{ticket}".encode(), sha256).digest()[: _BITS // 8]
    return int.from_bytes(drawn, "big") < int(share * 2**_BITS)


async def is_audited(work: Work, category: str, ticket: str, standing: Standing, parts: Parts) -> bool:
    """Whether what runs alone in this ticket is looked at afterwards; a standing without a share always is."""
    began = await work.value(select(_STANDING.c.burst_from).where(_STANDING.c.category == category))
    if is_chosen(parts.secret, ticket, SHARES.get(standing, 1.0)):
        return True
    return began is not None and await _tickets_since(work, category, began) < BURST


async def begin_burst(work: Work, category: str) -> None:
    """From now on every ticket is audited, for the next hundred."""
    await work.run(update(_STANDING).where(_STANDING.c.category == category).values(burst_from=work.now))
    work.audit("standing.burst", category=category)


async def _tickets_since(work: Work, category: str, began: datetime) -> int:
    a = _ACTION.c
    query = select(func.count(a.conversation_id.distinct())).where(
        a.category == category, a.created_at > began, a.standing.in_(tuple(SHARES)), ~a.canary
    )
    return int(await work.value(query) or 0)
