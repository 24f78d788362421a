"""One autonomous refund on the fast ground, with a refund tool whose calls go as a test says."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from approvals.settle import OVERDUE, settle, sweep
from core.actions import Asked, Outcome, Permit, Receipt
from core.clock import StillClock
from core.ids import ActionId
from store.columns import table
from store.tables.action import ActionRow, AttemptRow
from store.work import Store
from tests.gate.gate_bench import Customer, Gate, gate_on, person
from tests.gate.test_fail_closed import CATEGORY, refund_args
from tools.billing.refund import RefundArgs, RefundCharge
from tools.kit import Scope

Way = Callable[[Callable[[], Any]], Any]
_ACTION, _ATTEMPT = table(ActionRow), table(AttemptRow)


class Calls(RefundCharge):
    """The real refund; each call and look-up goes the next way of its list, then as it really would."""

    def __init__(self) -> None:
        self.ways: list[Way] = []
        self.looks: list[Way] = []
        self.sent = 0
        self.under_way: Callable[[], Any] | None = None

    async def execute(self, args: RefundArgs, permit: Permit, scope: Scope) -> Receipt:
        self.sent += 1

        async def really() -> Receipt:
            return await super(Calls, self).execute(args, permit, scope)

        self.under_way = self.under_way or really
        return await (self.ways.pop(0)(really) if self.ways else really())

    async def look_up(self, args: RefundArgs, action_id: ActionId, scope: Scope) -> Receipt | None:
        async def really() -> Receipt | None:
            return await super(Calls, self).look_up(args, action_id, scope)

        return await (self.looks.pop(0)(really) if self.looks else really())


def raising(error: Exception) -> Way:
    """Nothing happens there, and this comes back."""

    async def way() -> None:
        raise error

    return lambda _: way()


def arriving_after(calls: Calls) -> Way:
    """Nothing is found, and only then the first call, which was under way all the time, arrives."""

    async def way() -> None:
        assert calls.under_way is not None
        await calls.under_way()

    return lambda _: way()


@dataclass
class Shop:
    """A gate with one customer after another."""

    gate: Gate
    calls: Calls
    customers: list[Customer] = field(default_factory=list)

    async def asked(self, key: str) -> Asked:
        """A refund that waits for its customer's yes."""
        customer = await self.gate.customer(person(key), CATEGORY)
        self.customers.append(customer)
        await customer.look("find_charges")
        asked = await customer.submit("refund_charge", **refund_args(key))
        assert isinstance(asked, Asked), asked
        return asked

    async def run(self, key: str) -> tuple[str, Outcome]:
        """The same, confirmed and run."""
        asked = await self.asked(key)
        return asked.action_id, await self.customers[-1].yes(asked)

    async def settle(self, action_id: str) -> Outcome:
        return await settle(action_id, self.gate.parts)

    async def sweep(self, later: timedelta = OVERDUE) -> dict[str, int]:
        self.gate.clock.move(later)
        return await sweep(self.gate.parts)

    async def row(self, action_id: str) -> ActionRow:
        return await self.gate.row(action_id)

    async def attempt(self, action_id: str) -> AttemptRow:
        async with self.gate.parts.store.begin() as work:
            found = await work.row(AttemptRow, select(_ATTEMPT).where(_ATTEMPT.c.action_id == action_id))
        assert found is not None
        return found

    async def audited(self, kind: str) -> int:
        from store.tables.record import AuditRow

        log = table(AuditRow)
        async with self.gate.parts.store.begin() as work:
            rows = await work.rows(AuditRow, select(log).where(log.c.kind == kind))
        return len(rows)

    def effects(self) -> int:
        return len(self.gate.world.ledger)


@asynccontextmanager
async def shop(store: Store, clock: StillClock) -> AsyncIterator[Shop]:
    """A category that runs by itself, so that each yes is a call."""
    gate, calls = gate_on(store, clock), Calls()
    await gate.stands(CATEGORY, "autonomous_20")
    gate.using({"refund_charge": calls})
    yield Shop(gate, calls)
