"""The stage of the evals: scenarios play through the real API on fresh sandbox customers."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, assert_never

from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import select

from agent.model import Model
from core.errors import Invalid, Unavailable
from core.ids import TicketId, new_id
from evals.grade import named
from evals.scenario import Scenario
from evals.seen import Seen
from evals.stage import Take
from evals.steps import Code, Fault, Press, Review, Say, Step
from service.actors import Colleague, Customer, Refused
from service.app import create_app
from service.build import House
from service.demo import ensure_logins
from service.looking import look_at
from service.parts import ServiceParts
from service.sandbox import Sandbox
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, EventRow
from store.work import Store
from tools.desk.port import Desk
from tools.sandbox.people import PEOPLE
from tools.sandbox.persona import Persona

_ACTION = table(ActionRow)
_CONVERSATION = table(ConversationRow)


class SandboxStage:
    """Seeds a copy of a sandbox person per scenario; a worker must be running on the same house."""

    def __init__(self, house: House, app: FastAPI, colleague: Colleague) -> None:
        self.model = house.settings.model
        self._house = house
        self._app = app
        self._colleague = colleague

    @classmethod
    async def open(cls, house: House) -> "SandboxStage":
        """A stage on this house; one colleague is logged in and reviews for everybody."""
        app = create_app(house.service)
        approver = (await ensure_logins(house))[0]
        return cls(house, app, await Colleague(app, approver.login, approver.password).log_in())

    @asynccontextmanager
    async def on(self, scenario: Scenario, take: Take) -> AsyncIterator["OnStage"]:
        """A fresh customer, seeded into every vendor's records."""
        if self._house.sandbox is None:
            raise Unavailable("evals are played on the sandbox; unset the vendor keys")
        # Not the take's own name: what earlier runs did to that customer is still in the sandbox.
        suffix = new_id("e").replace("_", "")[:12]
        persona = changed(scenario.person, scenario.changes).model_dump(mode="json")
        order = {"persona": persona, "suffix": suffix}
        seeded = await self._house.sandbox.admin("POST", "/seed", json=order)
        mailbox = seeded["email"]
        async with Customer(self._app, self._house, seeded["external_id"], mailbox=mailbox) as customer:
            behind = _Doors(self._house.sandbox, self._house.service)
            yield OnStage(names_of(seeded), customer, self._colleague, behind)


def changed(person: str, changes: Mapping[str, Any]) -> Persona:
    """The person with these fields replaced; raises Invalid for a field that does not exist."""
    base = next((p for p in PEOPLE if p.key == person), None)
    if base is None:
        raise Invalid(f"the sandbox has no person {person!r}")
    document = base.model_dump(mode="json")
    for name, value in changes.items():
        if name not in document:
            raise Invalid(f"a person has no {name!r}; known: {', '.join(document)}")
        same_kind = isinstance(value, dict) and isinstance(document[name], dict)
        document[name] = {**document[name], **value} if same_kind else value
    try:
        return Persona.model_validate_json(json.dumps(document))
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"with: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def names_of(seeded: Mapping[str, Any]) -> dict[str, str]:
    """What a scenario may name in braces."""
    return {"key": seeded["key"], **seeded["objects"]}


class Speaker(Protocol):
    """The customer as a script plays them."""

    id: str
    conversation_id: str

    async def say(self, words: str) -> None: ...
    async def confirm(self) -> object: ...
    async def decline(self) -> object: ...
    async def enter_code(self, code: str | None = None) -> object: ...
    async def ask_for_person(self) -> None: ...
    async def events(self) -> Sequence[EventRow]: ...
    async def quiet(self) -> None: ...


class Decider(Protocol):
    """The colleague as a script plays them."""

    async def open(self, action_id: str) -> Mapping[str, Any]: ...
    async def decide_on(self, shown: Mapping[str, Any], decision: str, **more: Any) -> object: ...


class Behind(Protocol):
    """What the audience of a scenario sees of the house: its rows, its desk, the sandbox's faults and ledger."""

    @property
    def store(self) -> Store: ...
    @property
    def desk(self) -> Desk: ...
    async def plan(self, step: Fault, path: str) -> None: ...
    async def planned(self) -> Sequence[str]: ...
    async def effects(self) -> Sequence[Mapping[str, Any]]: ...


class _Doors:
    """A house whose sandbox is behind its doors."""

    def __init__(self, sandbox: Sandbox, service: ServiceParts) -> None:
        self._sandbox = sandbox
        self.store = service.store
        self.desk = service.approvals.systems.desk

    async def plan(self, step: Fault, path: str) -> None:
        order = {"vendor": step.vendor, "path_contains": path, "kind": step.fault, "times": step.times}
        await self._sandbox.admin("POST", "/faults", json=order)

    async def planned(self) -> Sequence[str]:
        waiting = (await self._sandbox.admin("GET", "/faults"))["planned"]
        return [fault["path_contains"] for fault in waiting]

    async def effects(self) -> Sequence[Mapping[str, Any]]:
        return await self._sandbox.effects()


class OnStage:
    """One customer and the colleague who reviews for them."""

    def __init__(
        self,
        names: Mapping[str, str],
        customer: Speaker,
        colleague: Decider,
        behind: Behind,
        customer_model: Model | None = None,
    ) -> None:
        self.names = names
        self.customer_model: Model | None = customer_model
        self._customer = customer
        self._colleague = colleague
        self._behind = behind
        self._wrong: list[str] = []
        self._faults: list[str] = []

    async def do(self, step: Step) -> None:
        """Plays one step; a press on a card that is not there is an error, as on a real page."""
        match step:
            case Say(say=words):
                await self._customer.say(named(words, self.names))
            case Press():
                await self._press(step)
            case Code():
                await self._enter(step)
            case Review():
                await self._review(step)
            case Fault():
                await self._plan(step)
            case _:
                assert_never(step)
        await self._customer.quiet()

    async def _press(self, step: Press) -> None:
        match step.press:
            case "confirm":
                await self._customer.confirm()
            case "decline":
                await self._customer.decline()
            case "person":
                await self._customer.ask_for_person()
            case _:
                assert_never(step.press)

    async def _enter(self, step: Code) -> None:
        try:
            await self._customer.enter_code(None if step.code == "right" else "000000")
        except Refused as refused:
            if step.code == "right" or refused.status not in (400, 429):
                raise

    async def _review(self, step: Review) -> None:
        action_id = await self._waiting()
        more: dict[str, Any] = {"reason_code": step.reason} if step.reason is not None else {}
        shown = await self._colleague.open(action_id)
        self._wrong += _wrongly(step, shown)
        if step.args is not None:
            changes = {k: named(v, self.names) if isinstance(v, str) else v for k, v in step.args.items()}
            more["args"] = shown["args"] | changes
        try:
            await self._colleague.decide_on(shown, step.review, **more)
        except Refused as refused:
            if step.refused != refused.status:
                raise
        else:
            if step.refused is not None:
                raise Invalid(f"the review should have been refused with {step.refused}")

    async def _waiting(self) -> str:
        """The newest action of this conversation that waits for a colleague, answers included."""
        a = _ACTION.c
        held = a.state == "held"
        after = (a.state == "executed") & a.review_after & a.approved_at.is_(None)
        mine = a.conversation_id == self._customer.conversation_id
        newest = select(a.id).where(mine, held | after).order_by(a.created_at.desc()).limit(1)
        async with self._behind.store.begin() as work:
            found: str | None = await work.value(newest)
        if found is None:
            raise Refused(404, "nothing waits for a colleague")
        return found

    async def _plan(self, step: Fault) -> None:
        path = named(step.path, self.names)
        self._faults.append(path)
        await self._behind.plan(step, path)

    async def off_script(self) -> Sequence[str]:
        """Reviews that were shown something else, and faults that no request met."""
        if not self._faults:
            return self._wrong
        unmet = [path for path in await self._behind.planned() if path in self._faults]
        return [*self._wrong, *(f"no request met the fault at {path!r}" for path in unmet)]

    async def effects(self) -> Sequence[Mapping[str, Any]]:
        """The ledger's rows of this customer, and what an action of this conversation did to anybody else."""
        mine = select(_ACTION.c.id).where(_ACTION.c.conversation_id == self._customer.conversation_id)
        async with self._behind.store.begin() as work:
            actions = set((await work.conn.execute(mine)).scalars())
        rows = await self._behind.effects()
        return [row for row in rows if row["owner"] == self._customer.id or row["action_id"] in actions]

    async def shown(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Everything the customer saw."""
        return [(row.kind, row.body) for row in await self._customer.events()]

    async def seen(self) -> Seen:
        """The calls, the route and what it took."""
        return await look_at(self._behind.store, self._customer.conversation_id)

    async def ticket(self) -> str:
        """The ticket's status, asked of the help desk."""
        async with self._behind.store.begin() as work:
            mine = _CONVERSATION.c.id == self._customer.conversation_id
            ticket = await work.value(select(_CONVERSATION.c.ticket_id).where(mine))
        if ticket is None:
            return "none"
        found = await self._behind.desk.ticket(TicketId(ticket))
        return found.status if found else "none"


def _wrongly(step: Review, shown: Mapping[str, Any]) -> list[str]:
    rules = [fired["rule"] for fired in shown["fired"]]
    wrong = []
    if step.verdict is not None and shown["verdict"] != step.verdict:
        wrong.append(f"the colleague was shown {shown['verdict']} ({', '.join(rules)}), not {step.verdict}")
    if step.rule is not None and step.rule not in rules:
        wrong.append(f"the colleague was not shown the rule {step.rule}, but {', '.join(rules) or 'none'}")
    return wrong
