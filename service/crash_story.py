"""The story that is killed: a customer charged twice, and after each kill whatever the people in it would do next."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import httpx
import psycopg
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.rows import dict_row

from approvals import consent
from approvals.detail import detail
from approvals.parts import Reviewer
from approvals.reviews import Decided, decide
from core.actions import ENDED
from core.errors import RemitError
from evals.crash.verdict import Seen
from service import chat
from service.crash_house import CrashHouse, Lasting
from service.customers import principal
from service.sandbox import NO_CERTIFICATES
from service.story import OPENING

Step = Literal["begin", "write", "confirm", "approve", "work", "wait", "rest"]
# Longer than any lease, silence or first retry of ours; an approval lives an hour.
WAIT = timedelta(seconds=150)
MOST_STEPS = 60
# What waits behind the lock of a job whose worker is dead is not due before that one was taken up.
_DUE = """
    select count(*) from procrastinate_jobs j
    where status = 'todo' and task_name not in ('sweep', 'anchor')
      and (scheduled_at is null or scheduled_at <= now())
      and not exists (select from procrastinate_jobs o where o.status = 'doing' and o.lock = j.lock)
"""
_OPEN = """
    select count(*) from procrastinate_jobs
    where status in ('todo', 'doing') and task_name not in ('sweep', 'anchor')
"""
_WRITTEN = "select 1 from message where conversation_id = %s and author = 'customer'"
_SAID = """
    select count(*) from message join conversation c on c.id = conversation_id
    where c.customer_id = %s and author <> 'customer' and text ilike '%%refunded%%'
"""
_SHOWN = """
    select count(*) from event join conversation c on c.id = conversation_id
    where c.customer_id = %s and kind = 'receipt'
"""
_PEOPLE = """
    select count(*) from conversation c left join handoff h on h.conversation_id = c.id
    where c.customer_id = %s and (h.id is not null or c.state = 'with_person')
"""
_AGED = (
    "update procrastinate_jobs set scheduled_at = scheduled_at - %(by)s where status = 'todo'",
    "update procrastinate_workers set last_heartbeat = last_heartbeat - %(by)s",
)


@dataclass(frozen=True)
class Teller:
    """One customer's story, told from outside: it looks at the database and the ledger by lines of its own."""

    customer: str
    email: str
    lasting: Lasting
    _lines: dict[int, psycopg.Connection[dict[str, Any]]] = field(default_factory=dict, compare=False)

    async def tell(self, house: CrashHouse, *, until: Step = "rest") -> None:
        """Goes on from wherever it stands; `until="work"` stops once it is approved."""
        for _ in range(MOST_STEPS):
            step = self.next()
            if step in ("rest", until):
                return
            with suppress(RemitError):
                await self._do(step, house)

    def next(self) -> Step:
        """What happens next, from what is durable now."""
        with self._database() as db:
            conversation = _one(db, "select * from conversation where customer_id = %s", self.customer)
            if conversation is None:
                return "begin"
            key = conversation["id"]
            if _one(db, _WRITTEN, key) is None:
                return "write"
            due, left = _count(db, _DUE), _count(db, _OPEN)
            action = _one(
                db,
                "select * from action where conversation_id = %s order by created_at desc, id limit 1",
                key,
            )
            return _next(action, conversation["state"], due=due, left=left)

    async def _do(self, step: Step, house: CrashHouse) -> None:
        service = house.service
        who = await principal(self.customer, service.approvals)
        match step:
            case "begin":
                await chat.start("billing", who, service.approvals)
            case "write":
                [conversation] = await chat.mine(who, service.approvals)
                await chat.post(conversation.id, chat.Posted(OPENING, "the first"), who, service)
                await service.turns.ended(f"turn of {conversation.id}")
            case "confirm":
                action = self._action()
                await consent.confirm(
                    action["id"], digest=action["digest"], who=who, event="button", parts=service.approvals
                )
            case "approve":
                await self._approve(house)
            case "work":
                await house.work()
            case "wait":
                await self._wait(house)

    async def _approve(self, house: CrashHouse) -> None:
        approvals = house.service.approvals
        ines = Reviewer("usr_ines", "Ines Okafor", frozenset({"approver"}), house.clock.now())
        shown = await detail(self._action()["id"], ines, approvals)
        await decide(Decided(shown.entry.action_id, shown.digest, "approve"), ines, approvals)

    async def _wait(self, house: CrashHouse) -> None:
        """Minutes pass, for the jobs and for dead workers' last signs of life too; then the sweep comes round."""
        house.clock.move(WAIT)
        with self._database() as db:
            for statement in _AGED:
                db.execute(statement, {"by": WAIT})
        with suppress(AlreadyEnqueued):
            await house.jobs.configure_task("sweep", queueing_lock="sweep").defer_async(timestamp=0)
        await house.work()

    def seen(self) -> Seen:
        """How it stands: by the ledger, and by what this customer can read."""
        with self._database() as db:
            states = db.execute(
                "select state from action where customer_id = %s order by created_at", [self.customer]
            ).fetchall()
            return Seen(
                effects=len([e for e in self._ledger() if e["kind"] == "refund"]),
                states=tuple(row["state"] for row in states),
                with_person=_count(db, _PEOPLE, self.customer) > 0,
                said_done=_count(db, _SAID, self.customer),
                receipts=_count(db, _SHOWN, self.customer),
                mails_done=self._mails(),
                open_jobs=_count(db, _OPEN),
            )

    def _ledger(self) -> list[dict[str, Any]]:
        return list(self._admin("/ledger", owner=self.customer)["effects"])

    def _mails(self) -> int:
        return sum("Refunded" in mail["text"] for mail in self._admin("/mails", to=self.email)["mails"])

    def _admin(self, path: str, **asked: str) -> dict[str, Any]:
        sandbox = self.lasting.sandbox
        headers = {"authorization": f"Bearer {sandbox.key}"}
        url = f"{sandbox.admin_url}{path}"
        told = httpx.get(url, params=asked, headers=headers, trust_env=False, verify=NO_CERTIFICATES)
        found: dict[str, Any] = told.raise_for_status().json()
        return found

    def _action(self) -> dict[str, Any]:
        with self._database() as db:
            found = _one(
                db,
                "select * from action where customer_id = %s order by created_at desc, id limit 1",
                self.customer,
            )
        assert found is not None
        return found

    @contextmanager
    def _database(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """One connection for a process's whole life: a forked child opens its own."""
        mine = self._lines.get(os.getpid())
        if mine is None or mine.closed:
            mine = psycopg.connect(self.lasting.dsn, autocommit=True, row_factory=dict_row)
            self._lines[os.getpid()] = mine
        try:
            yield mine
        except psycopg.OperationalError:
            mine.close()
            raise

    def leave(self) -> None:
        """Closes this process's connection."""
        if mine := self._lines.pop(os.getpid(), None):
            mine.close()


def _next(action: dict[str, Any] | None, conversation: str, *, due: int, left: int) -> Step:
    if action is not None and action["state"] == "asked":
        return "confirm"
    if action is not None and action["state"] == "held":
        return "approve"
    if due:
        return "work"
    is_over = conversation != "open" if action is None else action["state"] in ENDED
    return "rest" if is_over and not left else "wait"


def _one(db: psycopg.Connection[dict[str, Any]], query: str, *values: str) -> dict[str, Any] | None:
    return db.execute(query, values or None).fetchone()


def _count(db: psycopg.Connection[dict[str, Any]], query: str, *values: str) -> int:
    found = _one(db, query, *values)
    return int(found["count"]) if found else 0
