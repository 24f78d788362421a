"""Many refunds of one customer in the same moment, from several processes: together they stay under the cap."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from core.clock import StillClock
from core.errors import Unavailable
from evals.adversary.ground import Ground, ground
from evals.adversary.paths import REFUND, Walk, refund
from evals.adversary.play import Play
from evals.adversary.rules import DAY_CAP
from evals.adversary.run import START
from evals.adversary.truth import Truth
from policies.load import load_catalog
from policies.model import Catalog
from store.tables.conversation import ConversationRow, CustomerRow, RequestRow
from tools.sandbox.people import seed_person
from tools.sandbox.persona import Persona, PersonaCharge, PersonaOrder
from tools.toolset import toolset

# What each refund is about in turn: one, two or four of them fit under the cap of a day.
AMOUNTS = (DAY_CAP - 1, DAY_CAP // 2, 4_000)
# Every process waits here, in the database, so that all of them start in the same moment.
_GATE = 7_305_077
_PATIENCE = 120.0
# Whoever opens more in a month is looked at by a person, whatever the cap.
_CHATS = 3
_STANDING = "autonomous_20"


@dataclass(frozen=True, slots=True)
class Share:
    """What one process does of a run: `count` refunds of the run's customer, the charges from `first` on."""

    dsn: str
    catalog: Path
    run: int
    first: int
    count: int
    amount: int


def race(
    dsn: str, catalog: Path, pool: Executor, *, run: int, refunds: int, processes: int
) -> dict[str, Any]:
    """One run: what was executed and spent, by the ledgers of all processes, and whether it stayed under the cap."""
    amount = AMOUNTS[run % len(AMOUNTS)]
    asyncio.run(_welcome(dsn, catalog, run))
    shares = _shares(dsn, catalog, run=run, refunds=refunds, processes=processes, amount=amount)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock(%s)", [_GATE])
        going = [pool.submit(take_part, share) for share in shares]
        _until(lambda: _waiting(conn) == len(shares), going)
        conn.execute("select pg_advisory_unlock(%s)", [_GATE])
        parts = [one.result() for one in going]
    spent = sum(part["spent"] for part in parts)
    answers: Counter[str] = Counter()
    for part in parts:
        answers.update(part["answers"])
    fit = DAY_CAP // amount
    return {
        "run": run,
        "amount": amount,
        "cap": DAY_CAP,
        "spent": spent,
        "answers": dict(sorted(answers.items())),
        "violations": [v for part in parts for v in part["violations"]],
        # Under the cap, and not by doing nothing: as many as fit did happen.
        "ok": spent <= DAY_CAP and spent == fit * amount and answers["executed"] == fit,
    }


def take_part(share: Share) -> dict[str, Any]:
    """One process's part, from a fresh world of its own to what its ledger says."""
    return asyncio.run(_take_part(share))


def _shares(dsn: str, catalog: Path, *, run: int, refunds: int, processes: int, amount: int) -> list[Share]:
    bounds = [refunds * n // processes for n in range(processes + 1)]
    return [Share(dsn, catalog, run, first, after - first, amount) for first, after in pairwise(bounds)]


async def _take_part(share: Share) -> dict[str, Any]:
    catalog = _rules(share.catalog)
    async with ground(share.dsn, _clock(share.run), catalog, toolset(), seed=share.run) as made:
        play = Play(made, Truth(share.run))
        play.renew()
        play.truth.standing[REFUND.category] = _STANDING
        walks = await _proposed(play, made, share)
        await asyncio.to_thread(_wait, share.dsn)
        told = await asyncio.gather(*(walk.confirm() for walk in walks))
        return {
            "spent": sum(effect.amount or 0 for effect in made.world.ledger),
            "answers": Counter(getattr(one, "kind", type(one).__name__) for one in told),
            "violations": [v.as_dict() for v in play.truth.violations],
        }


@cache
def _rules(catalog: Path) -> Catalog:
    # A process takes part in many runs; compiling every rule anew would be most of each.
    return load_catalog(catalog, {name: tool.spec for name, tool in toolset().items()})


async def _proposed(play: Play, made: Ground, share: Share) -> list[Walk]:
    """Each refund proposed in the same conversation, and waiting for the customer's yes."""
    person = _customer(share)
    await seed_person(made.world, person)
    chat = play.join(person, REFUND.category, *_names(share.run, share.first % _CHATS))
    walks = [Walk(play, REFUND, chat, refund(person, one.key, share.amount)) for one in person.charges]
    await walks[0].read()
    for walk in walks:
        await walk.propose()
    return walks


async def _welcome(dsn: str, catalog: Path, run: int) -> None:
    """The customer, their conversations and the standing, which all processes share."""
    who = _external_id(run)
    async with ground(dsn, _clock(run), _rules(catalog), toolset(), seed=run) as made:
        now = made.clock.now()
        names = [_names(run, n) for n in range(_CHATS)]
        chats = [ConversationRow(id=chat, customer_id=who, opened_at=now, last_at=now) for chat, _ in names]
        async with made.store.begin() as work:
            await work.add(CustomerRow(id=who, name="", email="", links={}, created_at=now), *chats)
            await work.add(*(_request(chat, request, now) for chat, request in names))
        if run == 0:
            await Play(made, Truth(run)).stand(REFUND.category, _STANDING)


def _request(chat: str, request: str, now: datetime) -> RequestRow:
    return RequestRow(
        id=request,
        conversation_id=chat,
        message_id="msg_none",
        category=REFUND.category,
        confidence=0.95,
        slots={},
        opened_at=now,
    )


def _customer(share: Share) -> Persona:
    """The same person for every process, each with charges of its own, far larger than what is asked back."""
    numbers = range(share.first, share.first + share.count)
    told = {"status": "delivered", "days_ago": 9.0, "shipped_days_ago": 7.0, "delivered_days_ago": 5.0}
    orders = [{**told, "number": f"{2_000 + n}", "total": 90_000, "opened": False} for n in numbers]
    charges = [{"key": f"c{n}", "amount": 90_000, "days_ago": 9.0, "order": f"{2_000 + n}"} for n in numbers]
    return Persona(
        key=_external_id(share.run).removeprefix("u_"),
        name="Ada Example",
        email="ada@example.com",
        orders=tuple(PersonaOrder.model_validate(one) for one in orders),
        charges=tuple(PersonaCharge.model_validate(one) for one in charges),
    )


def _external_id(run: int) -> str:
    return f"u_race{run:04d}"


def _names(run: int, chat: int) -> tuple[str, str]:
    return f"con_race{run:04d}x{chat}", f"req_race{run:04d}x{chat}"


def _clock(run: int) -> StillClock:
    # Another customer on another day: nothing of an earlier run counts.
    return StillClock(START + timedelta(days=2 * run))


def _wait(dsn: str) -> None:
    """Until the parent lets everybody go."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock_shared(%s)", [_GATE])


def _waiting(conn: psycopg.Connection[Any]) -> int:
    query = "select count(*) from pg_locks where locktype = 'advisory' and objid = %s and not granted"
    found = conn.execute(query, [_GATE]).fetchone()
    return 0 if found is None else int(found[0])


def _until(ready: Callable[[], bool], going: Sequence[Future[Any]]) -> None:
    ends = time.monotonic() + _PATIENCE
    while not ready():
        failed = [one.exception() for one in going if one.done()]
        if failed or time.monotonic() > ends:
            raise Unavailable(f"not every process came to the start: {failed or 'too slow'}")
        time.sleep(0.02)
