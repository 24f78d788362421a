"""I37: the facts and the policy version that are stored give the stored verdict again, bit for bit."""

import json
from datetime import timedelta

from sqlalchemy import select, update

from approvals.record import facts_of, stored_facts, stored_verdict, verdict_of
from core.clock import StillClock
from policies.check import check
from policies.diff import replay
from service.stored import read_actions
from store.columns import table
from store.tables.action import ActionRow
from store.work import Store
from tests.agent.chat_bench import catalog
from tests.gate.gate_bench import Gate, gate_on, person
from tests.gate.test_noninterference import CASES, judged

_ACTION = table(ActionRow)


async def _a_run(store: Store, clock: StillClock) -> Gate:
    gate = gate_on(store, clock)
    for number, case in enumerate(CASES):
        await judged(gate, case, f"r{number}", None)
    answers = await gate.customer(person("ask"), "how_to")
    await answers.submit("answer", text="In Settings, under Export.", closes=True)
    return gate


async def test_every_stored_verdict_repeats_bit_for_bit(store: Store, clock: StillClock) -> None:
    gate = await _a_run(store, clock)
    async with gate.parts.store.begin() as work:
        rows = await work.rows(ActionRow, select(_ACTION))
    assert len(rows) == len(CASES) + 1
    assert {verdict_of(row).kind for row in rows} == {"allow", "escalate", "deny"}
    for row in rows:
        facts = facts_of(row.facts)
        policy = catalog().categories[row.category]  # type: ignore[index]
        again = stored_verdict(check(policy, row.tool, facts.values()), ())
        kept = {**row.verdict, "breaches": []}
        assert json.dumps(again, sort_keys=True) == json.dumps(kept, sort_keys=True)
        assert stored_facts(facts) == row.facts
    found = replay(catalog(), await read_actions(gate.parts.store))
    assert (found.actions, found.same_version, found.mismatches, found.moves) == (
        len(rows),
        len(rows),
        (),
        (),
    )


async def test_a_stored_fact_that_was_changed_is_found(store: Store, clock: StillClock) -> None:
    gate = await _a_run(store, clock)
    async with gate.parts.store.begin() as work:
        rows = await work.rows(ActionRow, select(_ACTION))
        changed = next(row for row in rows if "opened" in str(row.verdict) and row.tool == "refund_charge")
        facts = {**changed.facts, "order.opened": {**changed.facts["order.opened"], "value": False}}
        await work.run(update(_ACTION).where(_ACTION.c.id == changed.id).values(facts=facts))
    found = replay(catalog(), await read_actions(gate.parts.store))
    assert found.mismatches == (changed.id,)


async def test_actions_are_read_from_a_time_on(store: Store, clock: StillClock) -> None:
    gate = await _a_run(store, clock)
    now = clock.now()
    assert len(await read_actions(gate.parts.store, now)) == len(CASES) + 1
    assert await read_actions(gate.parts.store, now + timedelta(seconds=1)) == []
