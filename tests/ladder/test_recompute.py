"""Whatever happened, in whatever order and by however many workers: what is stored is what the raw rows say."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from approvals.ladder.bars import Canaries, alpha_of, weigh
from approvals.ladder.versions import agent_version, begin_version
from approvals.ladder.weighing import note_late, weigh_category
from approvals.parts import Parts
from core.clock import StillClock
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.conversation import ConversationRow, CustomerRow, RequestRow
from store.tables.standing import CanaryRow, EvidenceRow
from store.work import Store, engine_for
from tests.gate.gate_bench import gate_on
from tests.ladder.conftest import _ALL

_EVIDENCE = table(EvidenceRow)
CATEGORY = "refund_request"
BEGAN = timedelta(days=20)


@dataclass
class Told:
    """One action of a history, and what an independent reading makes of it."""

    ticket: int
    what: str
    by: str = "ines"


WHAT = (
    "approve",
    "approve",
    "approve",
    "reject",
    "withdrew",
    "edit_wording",
    "edit_amount",
    "take_over",
    "waits",
    "waited_long",
    "expired",
    "declined",
    "late",
    "not_allowed",
)
ACTIONS = st.builds(
    Told,
    ticket=st.integers(0, 7),
    what=st.sampled_from(WHAT),
    by=st.sampled_from(["ines", "ines", "omar", "rubber", "hasty"]),
)
HISTORIES = st.lists(ACTIONS, min_size=1, max_size=14)


def read(history: list[Told]) -> tuple[int, int]:
    """n and k by the words of the specification, without any of the code under test."""
    tickets: dict[int, list[Told]] = {}
    for told in history:
        if told.what != "not_allowed":
            tickets.setdefault(told.ticket, []).append(told)
    n = k = 0
    for of in tickets.values():
        said = {_says(told) for told in of}
        if "error" in said:
            n, k = n + 1, k + 1
        elif "waits" in said:
            break
        elif "aside" not in said and "clean" in said:
            n += 1
    return n, k


def _says(told: Told) -> str:
    if told.what == "waited_long":
        return "error"
    if told.what in ("waits", "expired"):
        return "waits"
    if told.what == "declined":
        return "void"
    if told.what == "late":
        return "error"
    # rubber lets every canary pass, hasty decides faster than anybody reads.
    if told.by in ("rubber", "hasty"):
        return "aside"
    return {"approve": "clean", "edit_wording": "clean", "withdrew": "void"}.get(told.what, "error")


@dataclass
class Written:
    """Writes a history as the raw rows that the gate and the reviews leave behind."""

    parts: Parts
    used: str
    n: int = 0
    late: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        now = self.parts.clock.now()
        async with self.parts.store.begin() as work:
            await work.add(CustomerRow(id="cus", name="", email="", links={}, created_at=now))
            await begin_version(work, CATEGORY, self.used, why="a test")
        for by, shown, missed in (("ines", 9, 0), ("rubber", 9, 9), ("hasty", 2, 0)):
            for i in range(shown):
                await self._canary(by, i < missed)

    async def add(self, told: Told, at: datetime) -> None:
        state = {
            "waits": "held",
            "waited_long": "held",
            "expired": "expired",
            "declined": "withdrawn",
            "reject": "rejected",
            "withdrew": "rejected",
            "take_over": "withdrawn",
        }.get(told.what, "replaced" if told.what.startswith("edit") else "executed")
        first = at - timedelta(days=8) if told.what == "waited_long" else at
        row = await self._action(f"con_{told.ticket}", state, first, allowed=told.what != "not_allowed")
        decision = {"reject": "reject", "withdrew": "reject", "take_over": "take_over"}.get(
            told.what, "approve"
        )
        if told.what in ("waits", "waited_long", "expired", "declined"):
            return
        if told.what.startswith("edit"):
            row, decision = await self._action(f"con_{told.ticket}", "executed", at, replaces=row), "edit"
        await self._review(row, told, decision, at)
        if told.what == "late":
            self.late.append(row)

    async def _action(
        self,
        ticket: str,
        state: str,
        at: datetime,
        *,
        allowed: bool = True,
        replaces: str | None = None,
        canary: bool = False,
    ) -> str:
        self.n += 1
        name = f"act_{self.n:04d}"
        async with self.parts.store.begin() as work:
            if (
                await work.value(
                    select(table(ConversationRow).c.id).where(table(ConversationRow).c.id == ticket)
                )
                is None
            ):
                await work.add(
                    ConversationRow(id=ticket, customer_id="cus", opened_at=at, last_at=at),
                    RequestRow(
                        id=f"req_{ticket}",
                        conversation_id=ticket,
                        message_id="m",
                        category=CATEGORY,
                        confidence=1.0,
                        slots={},
                        opened_at=at,
                    ),
                )
            await work.add(
                ActionRow(
                    id=name,
                    conversation_id=ticket,
                    request_id=f"req_{ticket}",
                    customer_id="cus",
                    category=CATEGORY,
                    tool="refund_charge",
                    tool_version=1,
                    args={},
                    targets=[],
                    digest=name,
                    state=state,
                    state_at=at,
                    facts={},
                    verdict={},
                    preview={},
                    because=["A colleague checks every action of this kind."],
                    allowed_by_rules=allowed,
                    agent_version=self.used,
                    canary=canary,
                    created_at=at,
                    due_at=at,
                    expires_at=at,
                    replaces=replaces,
                )
            )
        return name

    async def _review(self, action_id: str, told: Told, decision: str, at: datetime) -> None:
        reason = {"reject": "wrong_amount", "withdrew": "customer_withdrew"}.get(told.what)
        material = {"edit_wording": False, "edit_amount": True}.get(told.what)
        async with self.parts.store.begin() as work:
            await work.add(
                ReviewRow(
                    id=f"rev_{action_id}",
                    action_id=action_id,
                    digest=action_id,
                    reviewer_id=told.by,
                    decision=decision,
                    reason_code=reason,
                    note="",
                    shown_rules=[],
                    seconds_open=1.0 if told.by == "hasty" else 25.0,
                    material=material,
                    at=at,
                )
            )

    async def _canary(self, by: str, missed: bool) -> None:
        now = self.parts.clock.now()
        name = await self._action("con_canary", "rejected", now, canary=True)
        async with self.parts.store.begin() as work:
            await work.add(
                CanaryRow(
                    action_id=name,
                    made_from="act",
                    broke="amount",
                    what="",
                    at=now,
                    answered_by=by,
                    missed=missed,
                    answered_at=now,
                )
            )


def ordered(history: list[Told]) -> list[Told]:
    """In proposal order: what waited long was proposed eight days before the rest."""
    return sorted(history, key=lambda told: told.what != "waited_long")


async def stored(parts: Parts) -> EvidenceRow:
    async with parts.store.begin() as work:
        found = await work.row(EvidenceRow, select(_EVIDENCE))
    assert found is not None
    return found


async def _whole(database: str, history: list[Told]) -> None:
    clock = StillClock(datetime.fromisoformat("2026-11-20T12:00:00+00:00"))
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(f"truncate {_ALL} cascade")
    stores = [Store(clock=clock, engine=engine_for(database, size=2)) for _ in range(2)]
    first, second = (gate_on(store, clock).parts for store in stores)
    try:
        async with first.store.begin() as work:
            used = await agent_version(work, first.catalog.categories[CATEGORY], first)  # type: ignore[index]
        clock.move(-BEGAN)
        writers = [Written(first, used), Written(second, used)]
        await writers[0].begin()
        clock.move(BEGAN)
        for i, told in enumerate(history):
            writer = writers[i % 2]
            writer.n = 100 + i * 3
            await writer.add(told, clock.now() - timedelta(hours=1) + timedelta(seconds=i))
            # Two workers weigh at the same time, after every row.
            await asyncio.gather(weigh_category(CATEGORY, first), weigh_category(CATEGORY, second))
        for writer in writers:
            for action_id in writer.late:
                async with writer.parts.store.begin() as work:
                    await note_late(work, action_id, "dispute", by="test", parts=writer.parts)
        await asyncio.gather(weigh_category(CATEGORY, first), weigh_category(CATEGORY, second))
        kept = await stored(first)
        n, k = read(ordered(history))
        assert (kept.n, kept.k) == (n, k)
        policy = first.catalog.categories[CATEGORY]  # type: ignore[index]
        expected = weigh(n, k, policy.autonomy.threshold, alpha=alpha_of(1), canaries=Canaries(11, 0))
        assert kept.log_e == pytest.approx(expected.log_e, abs=1e-12)
        assert kept.supports == "observation"
        await _restart(database, clock, kept)
    finally:
        for store in stores:
            await store.close()


async def _restart(database: str, clock: StillClock, kept: EvidenceRow) -> None:
    """A process that knows nothing finds the same."""
    fresh = Store(clock=clock, engine=engine_for(database, size=2))
    await weigh_category(CATEGORY, gate_on(fresh, clock).parts)
    again = await stored(gate_on(fresh, clock).parts)
    await fresh.close()
    assert again == kept


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES)
def test_what_is_stored_is_what_the_rows_say(ladder_database: str, history: list[Told]) -> None:
    asyncio.run(_whole(ladder_database, history))
