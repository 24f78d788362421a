"""What thanks end and how it counts, a person after the end, and words that are for colleagues only."""

from pathlib import Path

from agent.handover import hand_over
from agent.told import told
from approvals.reviews import REASONS
from core.actions import HandedOver, Held, Preview
from core.clock import StillClock
from core.ids import ActionId
from service.api_chat import outcome
from store.work import Store
from tests.agent.chat_bench import chat

TWICE = "I was charged twice for order 1042, I want my money back"
INTERNAL = "Requests of customers we may lose are decided by a person."


async def test_thanks_for_nothing_are_no_success(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "xavi") as made:
        await made.say("I want to change my address")
        await made.say("ok thanks")
        assert [state for _, state in await made.requests()] == ["dropped"]
        assert [c.how for c in await made.closures()] == ["abandoned"]


async def test_thanks_after_a_rejection_are_no_success(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        await made.say(TWICE)
        await made.confirm()
        await made.decide("reject", reason_code=REASONS[0])
        await made.say("ok thanks")
        assert [c.how for c in await made.closures()] == ["abandoned"]


async def test_a_person_asked_for_after_the_end_reopens_it(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "xavi") as made:
        await made.say("where is my order 1143?")
        await hand_over(made.id, "The customer asked for a person.", made.parts)
        row = await made.conversation()
        assert (row.state, row.closed_at, row.reopened) == ("with_person", None, 1)
        [closure] = await made.closures()
        assert closure.reopened_at is not None


def test_why_it_is_held_is_for_colleagues_only() -> None:
    held = Held(action_id=ActionId("act_a"), because=(INTERNAL,), preview=Preview(title="Refund"))
    given = HandedOver(because=INTERNAL, action_id=ActionId("act_a"))
    for one in (held, given):
        assert INTERNAL not in told(one).model_dump_json()
        assert INTERNAL not in outcome(one).text
