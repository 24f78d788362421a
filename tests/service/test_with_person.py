"""A conversation with a person: who sees it, who answers, and how its end is written down."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from core.errors import Conflict
from service.actors import Colleague, Customer, Refused
from service.app import create_app
from service.build import house
from service.database import Database
from service.demo import ensure_logins, host_app
from service.run import work_off
from service.settings import load

Play = Callable[[Any, Customer, Colleague], Awaitable[None]]


async def _played(database: str, sandbox_database: str, home: Any, play: Play) -> None:
    settings = load({"REMIT_HOME": str(home), "REMIT_UNDO_SECONDS": "0"})
    built_on = Database(database, sandbox_database)
    async with house(settings, demo=host_app(settings), database=built_on) as built:
        ines = (await ensure_logins(built))[0]
        app = create_app(built.service)
        async with (
            Customer(app, built, "u_mara") as customer,
            Colleague(app, ines.login, ines.password) as colleague,
        ):
            await play(built, customer, colleague)


@pytest.mark.parametrize("needed", [True, False])
async def test_a_person_answers_and_says_whether_one_was_needed(
    database: str, sandbox_database: str, tmp_path: Any, needed: bool
) -> None:
    async def play(built: Any, customer: Customer, colleague: Colleague) -> None:
        await customer.ask_for_person()
        [one] = await colleague.handed()
        assert one["conversation_id"] == customer.conversation_id
        assert one["packet"]["next_step"]
        await colleague.reply(customer.conversation_id, "I have looked at it: all is well.")
        shown = [(e.kind, e.body.get("author"), e.body.get("text")) for e in await customer.events()]
        assert ("message", "person", "I have looked at it: all is well.") in shown
        await colleague.close(customer.conversation_id, needed_person=needed)
        assert await colleague.handed() == []
        await work_off(built)
        async with built.service.store.begin() as work:
            found = (await work.conn.execute(text("select how, handover_needed_person from closure"))).all()
            tickets = await work.value(text("select ticket_id from conversation"))
        assert [tuple(row) for row in found] == [("person", needed)]
        ticket = await built.service.approvals.systems.desk.ticket(tickets)
        assert ticket.status == "solved"
        with pytest.raises(Refused) as refused:
            await colleague.close(customer.conversation_id, needed_person=needed)
        assert refused.value.status == Conflict.status

    await _played(database, sandbox_database, tmp_path, play)


async def test_what_the_agent_still_has_cannot_be_closed_by_a_person(
    database: str, sandbox_database: str, tmp_path: Any
) -> None:
    async def play(built: Any, customer: Customer, colleague: Colleague) -> None:
        with pytest.raises(Refused) as refused:
            await colleague.close(customer.conversation_id, needed_person=True)
        assert refused.value.status == Conflict.status
        with pytest.raises(Refused) as missing:
            await colleague.reply("con_nobody", "hello")
        assert missing.value.status == 404

    await _played(database, sandbox_database, tmp_path, play)
