"""Customers beside the browser: in a thread of its own, on the database and sandbox of a running demo."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import update

from approvals.settle import sweep
from core.ids import new_id
from service.actors import Customer
from service.app import create_app
from service.build import House, house
from service.demo import host_app
from service.settings import load
from store.columns import table
from store.tables.action import ActionRow

R = TypeVar("R")
_ACTION = table(ActionRow)
OPENING = "I was charged twice for order 1042, I want my money back"


@dataclass(frozen=True)
class Waiting:
    """A refund that a fresh customer confirmed and that waits for a colleague."""

    customer: str
    action_id: str


def crowd(home: Path, count: int) -> list[Waiting]:
    """So many fresh customers, each with one refund waiting."""

    async def come(built: House) -> list[Waiting]:
        at_once = asyncio.Semaphore(4)

        async def one() -> Waiting:
            async with at_once:
                return await _customer(built)

        return list(await asyncio.gather(*(one() for _ in range(count))))

    return _beside(home, come)


def let_expire(home: Path, action_id: str) -> None:
    """Its time is over, and the minute's sweep comes by."""

    async def wait_too_long(built: House) -> None:
        parts = built.service.approvals
        async with parts.store.begin() as work:
            over = work.now - timedelta(seconds=1)
            await work.run(update(_ACTION).where(_ACTION.c.id == action_id).values(expires_at=over))
        await sweep(parts)

    _beside(home, wait_too_long)


async def _customer(built: House) -> Waiting:
    assert built.sandbox is not None
    order: dict[str, Any] = {"person": "mara", "suffix": new_id("b").replace("_", "")[:12]}
    seeded = await built.sandbox.admin("POST", "/seed", json=order)
    async with Customer(create_app(built.service), built, seeded["external_id"]) as customer:
        await customer.say(OPENING)
        await customer.confirm()
        return Waiting(customer.id, (await customer.card("waiting"))["action_id"])


def _beside(home: Path, do: Callable[[House], Awaitable[R]]) -> R:
    # Playwright keeps an event loop in the test's own thread.
    async def run() -> R:
        settings = load({"REMIT_HOME": str(home)})
        async with house(settings, demo=host_app(settings)) as built:
            return await do(built)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()
