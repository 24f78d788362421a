"""A history of conversations written straight into the tables, as the service would have left it."""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import update
from sqlmodel import SQLModel

from approvals.ladder.versions import begin_version
from core.ids import new_id
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.conversation import (
    ClosureRow,
    ConversationRow,
    CustomerRow,
    HandoffRow,
    MessageRow,
    RequestRow,
)
from store.tables.standing import CanaryRow, StandingVersionRow
from store.work import Work

_VERSION = table(StandingVersionRow)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class _Together:
    """Stands for a unit of work that inserts at the end, table by table: a thousand rows in a second."""

    def __init__(self, work: Work) -> None:
        self.now = work.now
        self._work = work
        self._rows: dict[type[SQLModel], list[SQLModel]] = {}

    async def add(self, *rows: SQLModel) -> None:
        for row in rows:
            self._rows.setdefault(type(row), []).append(row)

    async def insert(self) -> None:
        for kind, rows in self._rows.items():
            into = table(kind)
            kept = [{c.key: getattr(row, c.key) for c in into.columns if c.computed is None} for row in rows]
            await self._work.conn.execute(into.insert(), kept)


class History:
    """Writes rows of the past; every time is given by hand."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def customer(self, who: str | None = None) -> str:
        who = who or new_id("cus")
        await self.work.add(
            CustomerRow(
                id=who,
                name="Pat Quill",
                email="pat@example.com",
                links={},
                created_at=self.work.now - 99 * DAY,
            )
        )
        return who

    async def talk(
        self, opened: datetime, category: str = "how_to", *, customer: str | None = None, **more: Any
    ) -> str:
        """A conversation with one wish, answered by the agent after 4 seconds."""
        conversation = new_id("con")
        await self.work.add(
            ConversationRow(
                id=conversation,
                customer_id=customer or await self.customer(),
                opened_at=opened,
                last_at=opened,
                **more,
            )
        )
        await self.say(conversation, "customer", opened)
        await self.say(conversation, "agent", opened + timedelta(seconds=4))
        await self.work.add(
            RequestRow(
                id=new_id("req"),
                conversation_id=conversation,
                message_id=new_id("msg"),
                category=category,
                confidence=0.9,
                slots={},
                opened_at=opened,
            )
        )
        return conversation

    async def say(self, conversation: str, author: str, at: datetime, text: str = "words") -> None:
        row = MessageRow(
            id=new_id("msg"), conversation_id=conversation, key=new_id("key"), author=author, text=text, at=at
        )
        await self.work.add(row)

    async def end(
        self, conversation: str, at: datetime, how: str = "agent", category: str = "how_to", **more: Any
    ) -> str:
        """How it ended; `began` is five minutes earlier unless given."""
        touched = more.pop(
            "touched_by", ["agent"] if how in ("agent", "abandoned") else ["agent", "usr_ines"]
        )
        row = ClosureRow(
            id=new_id("clo"),
            conversation_id=conversation,
            category=category,
            how=how,
            touched_by=touched,
            at=at,
            began_at=more.pop("began_at", at - 5 * MINUTE),
            **more,
        )
        await self.work.add(row)
        return row.id

    async def hand_over(self, conversation: str, at: datetime, needed: bool | None = None) -> None:
        row = HandoffRow(
            id=new_id("hnd"),
            conversation_id=conversation,
            reason="The customer asked for a person.",
            packet={},
            at=at,
            needed_person=needed,
        )
        await self.work.add(row)

    async def propose(
        self, conversation: str, customer: str, at: datetime, category: str = "refund_request", **more: Any
    ) -> str:
        """A proposed refund of a payment; `targets` and `state` may be given."""
        request = RequestRow(
            id=new_id("req"),
            conversation_id=conversation,
            message_id=new_id("msg"),
            category=category,
            confidence=0.9,
            slots={},
            opened_at=at,
        )
        await self.work.add(request)
        row = ActionRow(
            id=new_id("act"),
            conversation_id=conversation,
            request_id=request.id,
            customer_id=customer,
            category=category,
            tool="refund_payment",
            tool_version=1,
            args={"payment": "ch_1", "amount": 4900},
            targets=more.pop("targets", ["ch_1"]),
            digest=new_id("dig"),
            state=more.pop("state", "executed"),
            state_at=at,
            facts={},
            verdict={},
            preview={"title": "Refund $49.00", "lines": [], "note": ""},
            because=[],
            agent_version=more.pop("agent_version", ""),
            created_at=at,
            due_at=at,
            expires_at=at + DAY,
            **more,
        )
        await self.work.add(row)
        return row.id

    async def review(self, action: str, at: datetime, decision: str = "approve", **more: Any) -> str:
        row = ReviewRow(
            id=new_id("rev"),
            action_id=action,
            digest="d",
            reviewer_id="usr_ines",
            decision=decision,
            note=more.pop("note", ""),
            shown_rules=[],
            seconds_open=more.pop("seconds_open", 20.0),
            at=at,
            **more,
        )
        await self.work.add(row)
        return row.id

    async def record(
        self,
        policy: CategoryPolicy,
        used: str,
        *,
        clean: int,
        errors: tuple[int, ...] = (),
        days: float = 30,
        canaries: int = 60,
        missed: int = 0,
    ) -> list[str]:
        """A category's reviewed past, evenly over `days`: the tickets numbered in `errors` were rejected."""
        began, customer = self.work.now - days * DAY, await self.customer()
        await begin_version(self.work, policy.category, used, why="the first proposals")
        mine = (_VERSION.c.category == policy.category) & (_VERSION.c.agent_version == used)
        await self.work.run(update(_VERSION).where(mine).values(began_at=began))
        total, made = clean + len(errors), []
        together = _Together(self.work)
        bulk = History(cast(Work, together))
        for n in range(1, total + 1):
            at = began + days * DAY * n / (total + 1)
            talk = await bulk.talk(at, policy.category, customer=customer, state="closed")
            wrong = n in errors
            action = await bulk.propose(
                talk, customer, at, policy.category, state="rejected" if wrong else "executed",
                allowed_by_rules=True, agent_version=used,
            )  # fmt: skip
            decision = {"decision": "reject", "reason_code": "wrong_amount"} if wrong else {}
            await bulk.review(action, at + 9 * MINUTE, **decision)
            made.append(action)
        for n in range(canaries):
            talk = await bulk.talk(began, policy.category, customer=customer, state="closed")
            action = await bulk.propose(
                talk, customer, began, policy.category, state="rejected", canary=True, agent_version=used,
                allowed_by_rules=True,
            )  # fmt: skip
            await together.add(
                CanaryRow(action_id=action, made_from=made[0], broke="amount", what="another sum", at=began,
                    answered_by="usr_ines", missed=n < missed, answered_at=began)
            )  # fmt: skip
        await together.insert()
        return made
