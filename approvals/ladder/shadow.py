"""When a category may leave shadow: how often people did what the agent, unheard beside them, proposed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from store.columns import table
from store.tables.action import ActionRow
from store.tables.standing import ShadowRow
from store.work import Work

_ACTION = table(ActionRow)
_SHADOW = table(ShadowRow)
TICKETS, DAYS, AGREE = 100, 14, 0.9


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often people did what the agent proposed, by tickets and by minor units of each currency."""

    tickets: int
    agreed: int
    proposed: Mapping[str, int]
    agreed_money: Mapping[str, int]

    @property
    def share(self) -> float:
        """Of the tickets compared; 0 before the first."""
        return self.agreed / self.tickets if self.tickets else 0.0


def may_leave(agreement: Agreement, days: int) -> list[str]:
    """What still keeps a category in shadow, in sentences; nothing when people may go on to observe it."""
    lacks = [
        (agreement.tickets < TICKETS, f"{agreement.tickets} tickets compared of {TICKETS}"),
        (days < DAYS, f"{days} days in shadow of {DAYS}"),
        (agreement.share < AGREE, f"people did the same in {agreement.share:.0%}, and {AGREE:.0%} is asked"),
    ]
    return [sentence for lacking, sentence in lacks if lacking]


async def agreement_of(work: Work, category: str, since: datetime) -> Agreement:
    """What was compared since then; a ticket agrees when everything proposed in it does."""
    query = (
        select(_ACTION.c.conversation_id, _ACTION.c.amount, _ACTION.c.currency, _SHADOW.c.agreed)
        .join(_ACTION, _ACTION.c.id == _SHADOW.c.action_id)
        .where(_ACTION.c.category == category, _ACTION.c.created_at >= since)
    )
    tickets: dict[str, bool] = {}
    proposed: dict[str, int] = {}
    same: dict[str, int] = {}
    for ticket, amount, currency, agreed in (await work.conn.execute(query)).all():
        tickets[ticket] = tickets.get(ticket, True) and agreed
        if amount is not None:
            proposed[currency] = proposed.get(currency, 0) + amount
            same[currency] = same.get(currency, 0) + (amount if agreed else 0)
    return Agreement(len(tickets), sum(tickets.values()), proposed, same)
