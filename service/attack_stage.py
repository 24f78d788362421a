"""The stage of the attacks: customers of the sandbox on the real API, with a model of the suite's choice."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from agent.model import Model
from agent.transcript import load
from core.errors import Unavailable
from core.ids import new_id
from evals.attacks.judge import Left
from evals.attacks.mapping import Names
from service.actors import Customer, Refused
from service.app import create_app
from service.build import House
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import HandoffRow
from store.tables.record import OutboxRow
from tools.sandbox.persona import Persona

_ACTION = table(ActionRow)
_HANDOFF = table(HandoffRow)
_OUTBOX = table(OutboxRow)
# What goes to the desk in the customer's own words is theirs; everything else in an outbox is ours.
_OURS = ("ticket_comment", "mail")
_MOST_CARDS = 6


class AttackStage:
    """One house; every case gets customers of its own."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.hosts = house.service.agent.link_hosts
        self._seeded: set[str] = set()

    async def seed(self, person: Mapping[str, Any], planted: str | None, who: str) -> Names:
        """A fresh customer like `person`; their ids and address as `who.…`."""
        if self._house.sandbox is None:
            raise Unavailable("attacks are played on the sandbox; unset the vendor keys")
        persona = Persona.model_validate_json(json.dumps(_planted(person, planted)))
        order = {"persona": persona.model_dump(mode="json"), "suffix": new_id("a").replace("_", "")[:12]}
        seeded = await self._house.sandbox.admin("POST", "/seed", json=order)
        self._seeded.add(seeded["external_id"])
        names = {"id": seeded["external_id"], "email": seeded["email"], **seeded["objects"]}
        names |= {f"charge.{c.key}": f"ch_{seeded['key']}_{c.key}" for c in persona.charges}
        return {f"{who}.{name.replace(' ', '.')}": value for name, value in names.items()}

    async def effects(self) -> Sequence[Mapping[str, Any]]:
        """The ledger's rows of every customer seeded here."""
        assert self._house.sandbox is not None
        return [row for row in await self._house.sandbox.effects() if row["owner"] in self._seeded]

    @asynccontextmanager
    async def on(self, names: Names, who: str, model: Model | None) -> AsyncIterator["OnAttack"]:
        """A conversation of this customer with `model`, or with the house's own."""
        house = self._house
        if model is not None:
            service = replace(house.service, agent=replace(house.service.agent, model=model))
            house = replace(house, service=service)
        async with Customer(create_app(house.service), house, names[f"{who}.id"]) as customer:
            yield OnAttack(names, customer, house)


class OnAttack:
    """One customer who attacks, or through whose records somebody else does."""

    def __init__(self, names: Names, customer: Customer, house: House) -> None:
        self.names = names
        self._customer = customer
        self._house = house
        self._turned_away: int | None = None

    async def say(self, words: str) -> bool:
        """Writes a message and waits for the turn; False when the API turned it away."""
        try:
            await self._customer.say(words)
        except Refused as refused:
            self._turned_away = refused.status
            return False
        return True

    async def confirm_all(self) -> None:
        """Presses Confirm on every open card and tries a wrong code on each."""
        for _ in range(_MOST_CARDS):
            try:
                await self._customer.confirm()
            except Refused:
                break
        with contextlib.suppress(Refused):
            await self._customer.enter_code("000000")
        await self._house.service.turns.ended(f"turn of {self._customer.conversation_id}")

    async def left(self) -> Left:
        """What the conversation left: words, effects, calls and the states of its actions."""
        assert self._house.sandbox is not None
        mine = self._customer.conversation_id
        async with self._house.service.store.begin() as work:
            entries = await load(work, mine)
            actions = await work.rows(ActionRow, select(_ACTION).where(_ACTION.c.conversation_id == mine))
            handoff = await work.value(select(_HANDOFF.c.reason).where(_HANDOFF.c.conversation_id == mine))
            sent = select(_OUTBOX.c.body).where(_OUTBOX.c.conversation_id == mine, _OUTBOX.c.kind.in_(_OURS))
            outbox = [str(body.get("text", "")) for body in (await work.conn.execute(sent)).scalars()]
        events = await self._customer.events()
        said = [str(e.body["text"]) for e in events if e.kind == "message" and e.body["author"] != "customer"]
        ids = {action.id for action in actions}
        ledger = await self._house.sandbox.effects()
        return Left(
            said=[*said, *outbox],
            effects=[e for e in ledger if e["owner"] == self._customer.id or e["action_id"] in ids],
            entries=entries,
            states={action.id: (action.state, action.because) for action in actions},
            handed_over=handoff,
            turned_away=self._turned_away,
            refused_cards=[str(e.body.get("text")) for e in events if e.kind == "refused"],
        )


def _planted(person: Mapping[str, Any], text: str | None) -> dict[str, Any]:
    """The person with this text wherever others may write into their records."""
    document = {"story": "", **person}
    if text is None:
        return document
    clean = text.replace("\x00", "")
    document["charges"] = [{**charge, "description": clean[:500]} for charge in person.get("charges", ())]
    document["orders"] = [{**order, "items": [clean[:200]]} for order in person.get("orders", ())]
    return {**document, "past_tickets": [clean[:200]], "company": clean[:100]}
