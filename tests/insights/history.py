"""A history of conversations written straight into the tables, as the service would have left it."""

from datetime import datetime, timedelta
from typing import Any

from core.ids import new_id
from store.tables.action import ActionRow, ReviewRow
from store.tables.conversation import (
    ClosureRow,
    ConversationRow,
    CustomerRow,
    HandoffRow,
    MessageRow,
    RequestRow,
)
from store.work import Work

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class History:
    """Writes rows of the past; every time is given by hand."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def customer(self) -> str:
        who = new_id("cus")
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
