"""The whole story in one go: a double charge, a confirmation, a review, one refund, the customer told, the ticket solved."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.errors import Unavailable
from core.ids import TicketId, new_id
from service.actors import Colleague, Customer
from service.app import create_app
from service.build import House
from service.demo import ensure_logins
from service.run import work
from store import audit
from store.columns import table
from store.tables.conversation import ConversationRow

OPENING = "I was charged twice for order 1042, I want my money back"
PERSON = "mara"
_CONVERSATION = table(ConversationRow)
_SHOWN = ("vendor", "kind", "object", "amount", "currency")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """How the story ended, from the sandbox's ledger and the help desk, not from our own tables."""

    customer: str
    effects: list[dict[str, Any]]
    review: dict[str, Any]
    ticket_status: str
    audit: str
    transcript: list[str]

    @property
    def is_happy(self) -> bool:
        """Exactly one refund, approved by a colleague, the ticket solved, the log whole."""
        refunds = [e for e in self.effects if e["kind"] == "refund"]
        right = len(self.effects) == len(refunds) == 1 and self.review.get("decision") == "approve"
        return right and self.ticket_status == "solved" and self.audit == "ok"


async def tell(house: House, say: Say) -> Told:
    """Plays the story on a fresh copy of the demo's first customer; raises what goes wrong."""
    if house.sandbox is None:
        raise Unavailable("the story is played on the sandbox; unset the vendor keys")
    app = create_app(house.service)
    approver = (await ensure_logins(house))[0]
    suffix = derived_suffix()
    seeded = await house.sandbox.admin("POST", "/seed", json={"person": PERSON, "suffix": suffix})
    worker = asyncio.create_task(work(house), name="worker")
    try:
        async with Customer(app, house, seeded["external_id"]) as customer:
            await _ask(customer, say)
            async with Colleague(app, approver.login, approver.password) as colleague:
                review = await _review(customer, colleague, say)
            await customer.quiet()
            return await _ending(house, customer, review, say)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


def derived_suffix() -> str:
    """A suffix no earlier run used."""
    return new_id("r").replace("_", "")[:12]


async def _ask(customer: Customer, say: Say) -> None:
    say(f"Customer   {OPENING}")
    await customer.say(OPENING)
    card = await customer.card("confirm")
    for row in await customer.events():
        if row.kind == "message" and row.body["author"] == "agent":
            say(f"Agent      {row.body['text']}")
    say(f"           [ {card['title']} ]   Confirm")
    await customer.confirm()
    waiting = await customer.card("waiting")
    say(f"           {waiting['text']}")


async def _review(customer: Customer, colleague: Colleague, say: Say) -> dict[str, Any]:
    action_id = (await customer.card("waiting"))["action_id"]
    shown = await colleague.open(action_id)
    say(f"Colleague  opens: {shown['preview']['title']}")
    for fact in shown["facts"]:
        if fact["name"] in ("charge.is_duplicate", "charge.remaining", "charge.disputed"):
            say(f"           {fact['name']} = {fact['value']}  ({fact['source']})")
    decided = await colleague.decide(action_id, "approve")
    say("Colleague  approves")
    return {
        "decision": "approve",
        "action_id": action_id,
        "state": decided["state"],
        "by": "approver@example.com",
    }


async def _ending(house: House, customer: Customer, review: dict[str, Any], say: Say) -> Told:
    receipt = await customer.card("receipt")
    say(f"Receipt    {receipt['title']}  {receipt['reference']}")
    transcript = [r.body["text"] for r in await customer.events() if r.kind == "message"]
    say(f"Agent      {transcript[-1]}")
    async with house.service.store.begin() as work_unit:
        mine = _CONVERSATION.c.id == customer.conversation_id
        ticket = await work_unit.value(select(_CONVERSATION.c.ticket_id).where(mine))
        whole = await audit.verify(work_unit.conn, house.anchor)
    found = await house.service.approvals.systems.desk.ticket(TicketId(str(ticket)))
    assert house.sandbox is not None
    rows = [{k: e[k] for k in _SHOWN} for e in await house.sandbox.effects(customer.id)]
    for row in rows:
        say(f"Ledger     {row['vendor']} {row['kind']} {row['object']} {row['amount']} {row['currency']}")
    status = found.status if found else "missing"
    say(f"Ticket     {status}")
    say(f"Audit log  {'whole' if whole.ok else whole.problem}")
    return Told(customer.id, rows, review, status, "ok" if whole.ok else str(whole.problem), transcript)
