"""`queue`: the approvers' list with ten thousand actions waiting, and from an approval to the call it allows."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select, text

from approvals import queue as waiting_list
from approvals.consent import confirm
from approvals.detail import detail
from approvals.execute import execute
from approvals.look import look
from approvals.parts import Asking, Parts, Reviewer
from approvals.queue import Wanted
from approvals.reviews import Decided, decide
from approvals.submit import submit
from core.actions import Asked, Held, ToolCall
from core.clock import SystemClock
from core.conversation import Principal
from core.ids import ConversationId, CustomerId, new_id
from evals.perf.benchmark import Options, Row, row
from evals.perf.timing import timed_async
from policies.load import load_catalog
from store.columns import table
from store.jobs import Jobs, connect
from store.tables.action import ActionRow, AttemptRow
from store.tables.conversation import ConversationRow, CustomerRow, RequestRow
from store.work import Store, Work, engine_for
from tools.sandbox.direct.systems import direct_systems
from tools.sandbox.people import PEOPLE, seed_person
from tools.sandbox.world import World
from tools.toolset import toolset

MANY, FEW, APPROVED = 10_000, 100, 60
UNDO = timedelta(seconds=1)
# As service/run.py has it.
_POLLING, _AT_ONCE = 0.1, 8
_ACTION, _ATTEMPT = table(ActionRow), table(AttemptRow)
_NUMBERED = (CustomerRow, ConversationRow, RequestRow, ActionRow)


async def queue(options: Options) -> list[Row]:
    """The list at ten thousand waiting, memory for each of them, and approval to execution after the undo window."""
    async with options.database() as dsn, _house(options, dsn) as (parts, world):
        template = await _held(parts, world, 0)
        await _clone(parts, template, 1, FEW - 1)
        small = await _listed(parts, options)
        resident_few = _resident()
        await _clone(parts, template, FEW, MANY - FEW)
        large = await _listed(parts, options)
        grown = _resident() - resident_few
        lags = await _approvals(parts, world)
    return [
        row("waiting", MANY, "actions"),
        *small,
        *large,
        row("resident memory for each more that waits", round(grown / (MANY - FEW)), "bytes", most=100),
        row("approved", len(lags), "actions"),
        row("undo window to execution, p50", round(_at(lags, 0.5) * 1000), "ms"),
        row("undo window to execution, p95", round(_at(lags, 0.95) * 1000), "ms", most=300),
    ]


class _OnlyExecutions(Jobs):
    """What follows an execution (weighing, telling) is no part of this."""

    async def defer(self, work: Work, task: str, **more: Any) -> None:
        if task == "execute_action":
            await super().defer(work, task, **more)


@asynccontextmanager
async def _house(options: Options, dsn: str) -> AsyncIterator[tuple[Parts, World]]:
    """The real gate, queue and worker on an empty database; the vendors answer at once."""
    clock, tools, app = SystemClock(), toolset(), connect(dsn)
    world = World(clock=clock)
    store = Store(clock=clock, engine=engine_for(dsn))
    parts = Parts(
        store=store,
        clock=clock,
        catalog=load_catalog(options.catalog, {name: tool.spec for name, tool in tools.items()}),
        tools=tools,
        systems=direct_systems(world),
        jobs=_OnlyExecutions(app),
        secret=b"for measuring only",
    )

    @app.task(name="execute_action")
    async def execute_action(action_id: str) -> None:
        await execute(action_id, parts)

    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=_AT_ONCE, install_signal_handlers=False, fetch_job_polling_interval=_POLLING
            )
        )
        try:
            yield parts, world
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await store.close()


async def _held(parts: Parts, world: World, number: int) -> str:
    """A real refund, proposed, confirmed and waiting."""
    person = PEOPLE[0].model_copy(update={"key": f"bench{number}", "email": f"bench{number}@example.com"})
    await seed_person(world, person)
    who = Principal(id=CustomerId(person.external_id), assurance="identified")
    now, conversation = parts.clock.now(), f"con_bench_{number}_real"
    async with parts.store.begin() as work:
        await work.add(
            CustomerRow(id=who.id, name=person.name, email=person.email, links={}, created_at=now),
            ConversationRow(id=conversation, customer_id=who.id, opened_at=now, last_at=now),
            RequestRow(
                id=f"req_bench_{number}_real",
                conversation_id=conversation,
                message_id="msg_none",
                category="duplicate_charge",
                confidence=0.95,
                slots={},
                opened_at=now,
            ),
        )
    asking = Asking(ConversationId(conversation), who)
    await look(ToolCall(id=new_id("call"), name="find_charges", args={}), asking, parts)
    args = {"charge_id": f"ch_{person.key}_second", "amount": 4_900, "currency": "usd", "reason": "duplicate"}
    asked = await submit(ToolCall(id=new_id("call"), name="refund_charge", args=args), asking, parts)
    assert isinstance(asked, Asked), asked
    async with parts.store.begin() as work:
        digest = await work.value(select(_ACTION.c.digest).where(_ACTION.c.id == asked.action_id))
    held = await confirm(asked.action_id, digest=digest, who=who, event="button", parts=parts)
    assert isinstance(held, Held), held
    return str(asked.action_id)


async def _clone(parts: Parts, action_id: str, first: int, count: int) -> None:
    """As many more like this one, each with a customer, a conversation and a request of its own, due one after the other."""
    numbered: Mapping[str, str] = {
        "id": "{name}.id || '_' || n",
        "customer_id": "{name}.customer_id || '_' || n",
        "conversation_id": "{name}.conversation_id || '_' || n",
        "request_id": "{name}.request_id || '_' || n",
        "digest": "md5(n::text) || md5(n::text)",
        "due_at": "{name}.due_at + n * interval '1 second'",
        "risk": "(array['low', 'medium', 'high'])[1 + n % 3]",
    }
    async with parts.store.begin() as work:
        for one in _NUMBERED:
            await work.run(_cloned(table(one), numbered), {"a": action_id, "first": first, "count": count})
    async with parts.store.begin() as work:
        await work.run(text("analyze"))


def _cloned(into: Table, numbered: Mapping[str, str]) -> Any:
    names = [c.name for c in into.columns if c.computed is None]
    shown = [numbered[n].format(name=into.name) if n in numbered else f"{into.name}.{n}" for n in names]
    source = {
        "customer": "customer.id = (select customer_id from action where id = :a)",
        "conversation": "conversation.id = (select conversation_id from action where id = :a)",
        "request": "request.id = (select request_id from action where id = :a)",
        "action": "action.id = :a",
    }[into.name]
    # Names of our own tables and columns.
    return text(
        f"insert into {into.name} ({', '.join(names)}) select {', '.join(shown)} "  # noqa: S608
        f"from {into.name}, generate_series((:first)::int, (:first)::int + (:count)::int - 1) n where {source}"
    )


async def _listed(parts: Parts, options: Options) -> list[Row]:
    """The list as a page asks for it: its beginning, one part further in, and narrowed."""
    found = await waiting_list.waiting(parts)
    calls = {
        "first part": lambda: waiting_list.waiting(parts, me="usr_bench"),
        "a later part": lambda: waiting_list.waiting(parts, after=found.next, me="usr_bench"),
        "narrowed by risk, amount and tier": lambda: waiting_list.waiting(
            parts, Wanted(risk="low", tier="standard", at_least=10), me="usr_bench"
        ),
    }
    rows = []
    for what, call in calls.items():
        times = await timed_async(call, seconds=options.seconds / 3)
        rows.append(row(f"list of {found.total:,}: {what}, p50", round(times.at(0.5) * 1000, 1), "ms"))
        rows.append(
            row(f"list of {found.total:,}: {what}, p95", round(times.at(0.95) * 1000, 1), "ms", most=150)
        )
    return rows


async def _approvals(parts: Parts, world: World) -> list[float]:
    """Sorted seconds from the end of each undo window to the recorded intent, for approvals one after the other."""
    with_undo = replace(parts, undo=UNDO)
    by = Reviewer("usr_bench", "Bench", frozenset({"approver"}), parts.clock.now())
    ids = [await _held(parts, world, number) for number in range(1, APPROVED + 1)]
    for action_id in ids:
        shown = await detail(action_id, by, with_undo)
        await decide(Decided(action_id, shown.digest, "approve"), by, with_undo)
        await asyncio.sleep(0.05)
    ended = time.monotonic() + 60
    query = (
        select(_ATTEMPT.c.first_sent_at - _ACTION.c.runs_at)
        .join(_ACTION, _ACTION.c.id == _ATTEMPT.c.action_id)
        .where(_ATTEMPT.c.action_id.in_(ids))
    )
    while True:
        await asyncio.sleep(0.5)
        async with parts.store.begin() as work:
            lags = [lag.total_seconds() for lag in (await work.conn.execute(query)).scalars()]
        if len(lags) == len(ids) or time.monotonic() > ended:
            return sorted(lags)


def _at(seconds: list[float], share: float) -> float:
    return seconds[min(int(len(seconds) * share), len(seconds) - 1)]


def _resident() -> int:
    """Bytes of this process in memory now; 0 where the system does not say."""
    gc.collect()
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(one for one in status.read_text().splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
