"""What the agent may read at the help desk: the requester's earlier tickets."""

from collections.abc import Mapping
from typing import Any

from core.tool_spec import ToolSpec
from tools.kit import Args, Card, ReadTool, Result, Scope


class NoArgs(Args):
    """Nothing to say: it is always about the customer themselves."""


class TicketRow(Result):
    subject: str
    status: str
    created_at: str


class History(Result):
    """Newest first."""

    tickets: tuple[TicketRow, ...]


async def _ticket_history(args: NoArgs, scope: Scope) -> History:
    desk = scope.systems.desk
    requester = scope.who.links.get(desk.vendor)
    found = await desk.history(requester) if requester else ()
    return History(
        tickets=tuple(
            TicketRow(subject=t.subject, status=t.status, created_at=t.created_at.isoformat())
            for t in found
            if t.requester == requester
        )
    )


def _card(history: History) -> Card | None:
    if not history.tickets:
        return None
    rows = tuple((t.created_at[:10], t.subject, t.status) for t in history.tickets[:5])
    return Card("Your earlier requests", rows)


def _schema(args: type[Args]) -> Mapping[str, Any]:
    return args.model_json_schema()


READS: tuple[ReadTool[Any], ...] = (
    ReadTool(
        spec=ToolSpec(
            name="ticket_history",
            version=1,
            kind="read",
            family="desk",
            risk="none",
            description="The customer's earlier support tickets: subject, status and date, newest first.",
            schema=_schema(NoArgs),
        ),
        args=NoArgs,
        run=_ticket_history,
        looking="Looking at your earlier requests",
        card=_card,
    ),
)
WRITES: tuple[()] = ()
