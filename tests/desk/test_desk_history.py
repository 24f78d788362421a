"""The one read of the desk family: the customer's own earlier tickets."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from core.conversation import Principal
from core.ids import CustomerId, TicketId
from tools.desk.port import Ticket
from tools.desk.reads import READS, History, NoArgs
from tools.kit import Scope
from tools.systems import Systems

NOW = datetime(2026, 11, 20, tzinfo=UTC)
(TICKET_HISTORY,) = READS


def ticket(number: str, requester: str) -> Ticket:
    return Ticket(
        id=TicketId(number),
        requester=requester,
        subject=f"Matter {number}",
        status="solved",
        tags=(),
        created_at=NOW,
        updated_at=NOW,
    )


class LeakyDesk:
    """A desk that returns other people's tickets too."""

    vendor = "zendesk"

    async def history(self, requester: str) -> Sequence[Ticket]:
        return (ticket("1", requester), ticket("2", "other"))


def scope(links: dict[str, str]) -> Scope:
    none: dict[str, object] = dict.fromkeys(("billing", "identity", "crm", "orders", "mail", "knowledge"))
    systems = Systems(**none, desk=LeakyDesk())  # type: ignore[arg-type]
    return Scope(
        who=Principal(id=CustomerId("u_a"), assurance="identified", links=links), systems=systems, now=NOW
    )


async def test_only_the_principals_own_tickets_are_shown() -> None:
    result = await TICKET_HISTORY.run(NoArgs(), scope({"zendesk": "77"}))
    assert isinstance(result, History)
    assert [t.subject for t in result.tickets] == ["Matter 1"]
    card = TICKET_HISTORY.card(result)
    assert card is not None
    assert card.rows == (("2026-11-20", "Matter 1", "solved"),)


async def test_customer_unknown_to_the_desk_has_no_history() -> None:
    result = await TICKET_HISTORY.run(NoArgs(), scope({}))
    assert result == History(tickets=())
    assert TICKET_HISTORY.card(result) is None


def test_no_argument_can_name_somebody_else() -> None:
    with pytest.raises(ValidationError):
        NoArgs.model_validate({"requester": "77"})
