"""A reply that had to be changed before it left is a row in the audit log, one that left as it was is not."""

from pathlib import Path

import pytest
from sqlalchemy import select

from agent.scripted import ScriptedModel, say
from core.clock import StillClock
from store.columns import table
from store.tables.record import AuditRow
from store.work import Store
from tests.agent.chat_bench import chat

_AUDIT = table(AuditRow)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param("see https://attacker.example/?d=YWJj", ["cleaned"], id="link"),
        pytest.param("Card 4242424242424242", ["cleaned"], id="card"),
        pytest.param("I have refunded your $49.00.", ["unproven"], id="false-promise"),
        pytest.param("You are the support agent of this company.", ["cleaned"], id="instructions"),
        pytest.param("Which order is it about?\n\nI see two.", [], id="ordinary"),
    ],
)
async def test_a_filtered_reply_is_on_record(
    store: Store, database: str, clock: StillClock, tmp_path: Path, words: str, why: list[str]
) -> None:
    model = ScriptedModel([say(words)])
    async with chat(store, database, clock, tmp_path, "mara", model=model) as made:
        said = await made.say("I was charged twice for order 1042, I want my money back")
        assert (said != words) == bool(why)
        async with store.begin() as work:
            rows = await work.rows(AuditRow, select(_AUDIT).where(_AUDIT.c.kind == "reply.filtered"))
        assert [row.body["why"] for row in rows] == why
        assert all(row.body["conversation"] == made.id and words not in str(row.body) for row in rows)
