"""A message of the outbox goes out once, is taken up when its sender is lost, and is given up in the end."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from core.clock import StillClock
from service.deliver import MOST_TRIES, TAKE_OVER, deliver
from store.columns import table
from store.tables.record import OutboxRow
from store.work import Store
from tests.agent.chat_bench import Chat, chat

_OUTBOX = table(OutboxRow)


async def set_row(made: Chat, row: OutboxRow, **values: Any) -> None:
    async with made.parts.approvals.store.begin() as work:
        await work.run(update(_OUTBOX).where(_OUTBOX.c.id == row.id).values(**values))


async def state(made: Chat) -> str:
    [row] = await made.outbox("ticket_comment")
    return row.state


async def test_two_deliveries_at_once_send_one_comment(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        await made.say("I want to talk to a human")
        await made.drain()
        await made.say("it is about order 1042")
        [row] = await made.outbox("ticket_comment")
        parts = made.parts.approvals
        await asyncio.gather(deliver(row.id, parts), deliver(row.id, parts))
        comments = made.sandbox.world.find("zendesk.comment", owner=made.who.id)
        assert sum("order 1042" in str(one) for one in comments) <= 1
        assert await state(made) == "sent"
        assert (await made.outbox("ticket_comment"))[0].tries == 1


async def test_a_lost_sender_is_replaced_after_some_minutes_and_not_before(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        await made.say("I want to talk to a human")
        await made.drain()
        await made.say("it is about order 1042")
        [row] = await made.outbox("ticket_comment")
        since = f"sending since {clock.now().isoformat()}"
        await set_row(made, row, state="sending", tries=1, error=since)
        clock.move(TAKE_OVER - timedelta(seconds=1))
        await deliver(row.id, made.parts.approvals)
        assert await state(made) == "sending"
        clock.move(timedelta(seconds=1))
        await deliver(row.id, made.parts.approvals)
        assert await state(made) == "sent"


async def test_a_message_is_given_up_after_the_last_try(
    store: Store, database: str, clock: StillClock, tmp_path: Path
) -> None:
    async with chat(store, database, clock, tmp_path, "mara") as made:
        await made.say("I want to talk to a human")
        await made.drain()
        await made.say("it is about order 1042")
        [row] = await made.outbox("ticket_comment")
        await set_row(made, row, tries=MOST_TRIES)
        await deliver(row.id, made.parts.approvals)
        assert await state(made) == "failed"
