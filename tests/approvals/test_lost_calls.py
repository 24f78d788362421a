"""A call that was lost at a vendor without idempotency keys: looked up, and never sent twice on a guess."""

from collections.abc import AsyncIterator

import pytest
from approvals_bench import Bench, bench

from approvals import consent
from approvals.settle import settle
from core.actions import Asked, Executed, Held, Unsure
from core.clock import StillClock
from store.work import Store
from tools.sandbox.people import PEOPLE

PERSON = next(p for p in PEOPLE if any(o.status == "unfulfilled" and o.total < 20000 for o in p.orders))
ORDER = next(o for o in PERSON.orders if o.status == "unfulfilled" and o.total < 20000)


@pytest.fixture
async def approved(store: Store, database: str, clock: StillClock) -> AsyncIterator[tuple[Bench, str]]:
    """An approved cancellation of an order."""
    async with bench(store, database, clock, PERSON.key, "order_cancel") as made:
        looked = await made.look("find_orders", order_number=ORDER.number)
        assert looked.ok, looked.content
        order_id = looked.content.split('"id":"')[1].split('"')[0]
        asked = await made.submit("cancel_order", order_id=order_id)
        assert isinstance(asked, Asked), asked
        row = await made.row(asked.action_id)
        held = await consent.confirm(
            row.id, digest=row.digest, who=made.asking.who, event="button", parts=made.parts
        )
        assert isinstance(held, Held)
        await made.review(row.id)
        yield made, row.id


@pytest.mark.parametrize("fault", ["timeout_after", "malformed", "drop"])
async def test_it_happened_and_is_found(approved: tuple[Bench, str], fault: str) -> None:
    made, action_id = approved
    made.sandbox.faults.plan("shopify", "orderCancel", fault)  # type: ignore[arg-type]
    assert isinstance(await made.execute(action_id), Unsure)
    assert isinstance(await settle(action_id, made.parts), Executed)
    assert [e[1] for e in made.effects()] == ["order_cancel"]


async def test_it_may_have_been_lost_so_a_person_decides(approved: tuple[Bench, str]) -> None:
    made, action_id = approved
    made.sandbox.faults.plan("shopify", "orderCancel", "timeout_before")
    assert isinstance(await made.execute(action_id), Unsure)
    assert (await settle(action_id, made.parts)).kind == "handed_over"
    assert made.effects() == []


async def test_the_vendor_did_nothing_so_it_is_sent_again(approved: tuple[Bench, str]) -> None:
    made, action_id = approved
    made.sandbox.faults.plan("shopify", "orderCancel", "busy", retry_after=1)
    assert isinstance(await made.execute(action_id), Unsure)
    assert isinstance(await settle(action_id, made.parts), Executed)
    assert [e[1] for e in made.effects()] == ["order_cancel"]


async def test_a_silent_vendor_after_the_yes_keeps_it_and_goes_on_later(
    store: Store, database: str, clock: StillClock
) -> None:
    async with bench(store, database, clock, PERSON.key, "order_cancel") as made:
        looked = await made.look("find_orders", order_number=ORDER.number)
        order_id = looked.content.split('"id":"')[1].split('"')[0]
        asked = await made.submit("cancel_order", order_id=order_id)
        assert isinstance(asked, Asked)
        row = await made.row(asked.action_id)
        made.sandbox.faults.plan("shopify", "POST", "timeout_before", times=9)
        told = await consent.confirm(
            row.id, digest=row.digest, who=made.asking.who, event="button", parts=made.parts
        )
        assert isinstance(told, Held)
        assert (await made.events())[-1].kind == "waiting"
        made.sandbox.faults.clear()
        assert isinstance(await made.execute(row.id), Held)
        assert (await made.row(row.id)).state == "held"
        assert made.effects() == []
