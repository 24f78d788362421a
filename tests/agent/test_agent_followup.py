"""After a decision outside a turn: the customer is told once, by code, and everything that follows is in order."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from agent.closing import reopen
from agent.followup import follow_up
from agent.handover import hand_over, taken_over
from agent.lease import release, take
from agent.silence import close_silent
from agent.told import ANSWER_HELD
from agent.turn import run_turn
from approvals import consent
from approvals.settle import sweep
from core.clock import StillClock
from store.work import Store
from tests.agent.chat_bench import Chat, chat

# Whole conversations on real parts: `make test` runs them, `make check` does not.
pytestmark = pytest.mark.slow

TWICE = "I was charged twice for order 1042, I want my money back"
BUG = "the export button does nothing when I click it, I get a blank page"
Open = Callable[[str], Any]


@pytest.fixture
def talk(store: Store, database: str, clock: StillClock, tmp_path: Path) -> Open:
    return lambda person: chat(store, database, clock, tmp_path, person)


async def test_a_rejection_is_told_and_nothing_is_closed(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        await made.confirm()
        await made.decide("reject", reason_code="insufficient_evidence")
        assert "Nothing was changed" in (await made.replies())[-1]
        assert made.effects() == []
        assert await made.requests() == [("duplicate_charge", "dropped")]
        assert (await made.conversation()).state == "open"


async def test_following_up_twice_tells_once(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        await made.confirm()
        await made.decide("approve")
        said = await made.replies()
        [action] = await made.actions()
        await follow_up(action.id, made.parts)
        assert await made.replies() == said
        assert len(await made.closures()) == 1


async def test_who_watches_gets_no_mail_and_who_left_does(talk: Open) -> None:
    async with talk("mara") as made:
        made.screen.watched = False
        await made.say(TWICE)
        await made.confirm()
        await made.decide("approve")
        [mail] = await made.outbox("mail")
        assert "$49.00" in mail.body["text"]
    async with talk("noor") as made:
        await made.say("I want a refund for order 1101")
        await made.confirm()
        await made.decide("approve")
        assert await made.outbox("mail") == []


async def test_a_follow_up_waits_for_a_running_turn(talk: Open, clock: StillClock) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        await made.confirm()
        [action] = await made.actions()
        async with made.parts.approvals.store.begin() as work:
            lease = await take(work, made.id, seconds=60)
        before = await made.replies()
        await made.decide("approve")
        assert await made.replies() == before
        async with made.parts.approvals.store.begin() as work:
            assert lease is not None
            await release(work, lease)
        await follow_up(action.id, made.parts)
        assert "$49.00" in (await made.replies())[-1]


async def test_what_waited_too_long_is_told(talk: Open, clock: StillClock) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        clock.move(timedelta(hours=80))
        await sweep(made.parts.approvals)
        await made.drain()
        assert "waited too long" in (await made.replies())[-1]
        assert await made.requests() == [("duplicate_charge", "dropped")]


async def test_a_procedure_goes_on_after_its_first_write_was_approved(talk: Open) -> None:
    async with talk("ella") as made:
        await made.say(BUG)
        await made.decide("approve")
        assert [(a.tool, a.state) for a in await made.actions()] == [
            ("add_note", "executed"),
            ("answer", "held"),
        ]
        assert (await made.replies())[-1] == ANSWER_HELD
        await made.decide("approve")
        assert "Your report goes to the product team" in (await made.replies())[-1]
        assert await made.requests() == [("bug_report", "done")]
        assert [c.how for c in await made.closures()] == ["assisted"]
        assert [effect[1] for effect in made.effects()] == ["note"]


async def test_a_held_answer_is_not_shown_before_it_is_approved(talk: Open) -> None:
    async with talk("ella") as made:
        await made.say(BUG)
        await made.decide("approve")
        assert not any("product team" in said for said in await made.replies())
        await made.decide("reject", reason_code="wrong_text")
        assert not any("product team" in said for said in await made.replies())
        assert (await made.conversation()).state == "with_person"


async def test_a_colleague_who_takes_over_silences_the_agent(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        await made.confirm()
        await made.decide("take_over")
        assert (await made.conversation()).state == "with_person"
        [handoff] = await made.handoffs()
        assert handoff.taken_by == "usr_ines"
        before = await made.replies()
        await made.say("are you there?")
        assert await made.replies() == before


async def test_what_is_written_to_a_person_reaches_the_ticket(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say("I want to talk to a human")
        await made.say("it is about order 1042")
        await made.drain()
        [ticket] = made.tickets()
        comments = [row.body["text"] for row in await made.outbox("ticket_comment")]
        assert comments == ["Customer: it is about order 1042"]
        assert ticket["status"] == "open"
        [note] = await made.outbox("ticket_note")
        assert "Why: The customer asked for a person." in note.body["text"]
        assert [row.state for row in await made.outbox()] == ["sent"] * 4


async def test_a_packet_has_facts_attempts_and_what_to_do_next(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        await made.confirm()
        await made.say("I want to talk to a human")
        [handoff] = await made.handoffs()
        packet = handoff.packet
        assert packet["facts"]["charge.amount"] == "4900"
        assert packet["attempts"][0]["what"].startswith("Refund $49.00")
        assert packet["next_step"].startswith("Decide first on: Refund $49.00")
        assert [line["author"] for line in packet["conversation"]] == ["customer", "agent", "customer"]


async def test_a_handover_happens_once(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say("I want to talk to a human")
        await taken_over(made.id, "usr_ines", made.parts)
        [handoff] = await made.handoffs()
        assert handoff.taken_by == "usr_ines"


async def test_wait_stop_withdraws_even_what_waits_for_a_colleague(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        await made.confirm()
        assert "stopped" in await made.say("wait, stop!")
        assert [a.state for a in await made.actions()] == ["withdrawn"]
        assert made.effects() == []


async def test_a_no_on_the_card_is_known_to_the_next_turn(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        [row] = await consent.open_proposals(made.id, made.parts.approvals)
        await consent.decline(row.id, who=made.who, parts=made.parts.approvals)
        assert "delivered" in await made.say("so where is my order 1042?")
        assert await made.requests() == [("duplicate_charge", "dropped"), ("order_status", "done")]


async def test_after_a_confirmation_the_agent_knows_that_it_waits(talk: Open) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        await made.confirm()
        assert "colleague checks this" in await made.say("how long will it take?")
        assert "still waits" in await made.say("thanks")
        assert (await made.conversation()).state == "open"


async def test_a_closed_conversation_comes_back_with_its_ticket(talk: Open) -> None:
    async with talk("xavi") as made:
        await made.say("where is my order 1143?")
        await made.drain()
        assert [t["status"] for t in made.tickets()] == ["solved"]
        async with made.parts.approvals.store.begin() as work:
            await reopen(work, made.id)
        [closure] = await made.closures()
        assert closure.reopened_at is not None
        await made.say("cancel order 1143 please")
        await made.drain()
        assert (await made.conversation()).state == "open"
        assert [t["status"] for t in made.tickets()] == ["open"]
        assert [e.kind for e in await made.events("closed", "reopened")] == ["closed", "reopened"]


async def test_two_wishes_are_two_requests(talk: Open) -> None:
    async with talk("xavi") as made:
        await made.say("I want a refund for order 1143")
        await made.say("also please change the shipping address of my order 1143")
        assert await made.requests() == [("refund_request", "open"), ("address_change", "open")]


async def test_a_turn_of_words_alone_is_two_durable_commits(talk: Open) -> None:
    async with talk("ella") as made:
        await made.write("hi")
        async with _durable_commits(made) as commits:
            await run_turn(made.id, "", made.parts)
        # The last one looks for what is still unheard and gives the lease back.
        assert len(commits) <= 3


async def test_a_turn_with_a_look_and_a_proposal_adds_one_commit_per_call(talk: Open) -> None:
    async with talk("mara") as made:
        await made.write(TWICE)
        async with _durable_commits(made) as commits:
            await run_turn(made.id, "", made.parts)
        # Begin, end, lease back; per call its step; the gate's own: given ids, the action with its card.
        assert len(commits) <= 3 + 2 + 2


@asynccontextmanager
async def _durable_commits(made: Chat) -> AsyncIterator[list[str]]:
    """The numbers of the transactions that wrote something."""
    engine = made.parts.approvals.store.engine
    assert engine is not None
    found: list[str] = []

    def note(conn: Connection) -> None:
        written = conn.exec_driver_sql("select pg_current_xact_id_if_assigned()::text").scalar()
        found.extend([written] if written else [])

    event.listen(engine.sync_engine, "commit", note)
    try:
        yield found
    finally:
        event.remove(engine.sync_engine, "commit", note)


async def test_a_silent_conversation_is_abandoned_and_not_resolved(talk: Open, clock: StillClock) -> None:
    async with talk("ella") as made:
        await made.say("hi")
        assert await close_silent(made.parts) == 0
        clock.move(timedelta(hours=73))
        assert await close_silent(made.parts) == 1
        assert [c.how for c in await made.closures()] == ["abandoned"]
        assert await made.requests() == [("other", "dropped")]


async def test_what_waits_for_somebody_is_not_abandoned(talk: Open, clock: StillClock) -> None:
    async with talk("mara") as made:
        await made.say(TWICE)
        clock.move(timedelta(hours=73))
        assert await close_silent(made.parts) == 0


async def test_a_person_asked_for_at_the_button_gets_a_ticket(talk: Open) -> None:
    async with talk("mara") as made:
        await hand_over(made.id, "The customer asked for a person.", made.parts)
        await made.drain()
        assert [t["status"] for t in made.tickets()] == ["open"]


async def test_thanks_after_the_end_do_not_count_as_coming_back(talk: Open) -> None:
    async with talk("xavi") as made:
        await made.say("where is my order 1143?")
        made.clock.move(timedelta(seconds=1))
        async with made.parts.approvals.store.begin() as work:
            await reopen(work, made.id)
        assert "welcome" in await made.say("great, thanks!")
        await made.drain()
        assert [(c.how, c.reopened_at) for c in await made.closures()] == [("agent", None)]
        assert (await made.conversation()).state == "closed"
        assert [t["status"] for t in made.tickets()] == ["solved"]


async def test_thanks_after_it_came_back_close_it_once_more(talk: Open) -> None:
    async with talk("xavi") as made:
        await made.say("where is my order 1143?")
        async with made.parts.approvals.store.begin() as work:
            await reopen(work, made.id)
        await made.say("cancel order 1143 please")
        await made.say("ok thanks")
        assert [c.reopened_at is None for c in sorted(await made.closures(), key=lambda c: c.at)] == [
            False,
            True,
        ]
