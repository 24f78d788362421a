"""A whole sandbox, and the offline model following a procedure in it up to the first write it proposes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pydantic import SecretStr

from agent.entries import CallResult, Entry, Heard, Replied, Results
from agent.model import HAND_OVER, Prompt, Topic
from agent.offline import OfflineModel
from agent.told import Told, as_content
from core.actions import ToolCall, Verdict
from core.clock import StillClock
from core.conversation import Principal, Signals
from core.errors import ToolFailed
from core.ids import CustomerId
from policies.cases import CALM
from policies.check import check
from policies.model import Catalog, CategoryPolicy
from tools.billing.stripe import Stripe
from tools.crm import hubspot
from tools.desk import zendesk
from tools.identity.auth0 import Auth0
from tools.identity.either import Either
from tools.identity.okta import Okta
from tools.kit import ReadTool, Scope, Tool, WriteTool
from tools.knowledge.port import Article
from tools.mail.port import Letter
from tools.orders import shopify
from tools.sandbox.people import PEOPLE, seed_world
from tools.sandbox.server import start
from tools.sandbox.world import World
from tools.systems import Systems

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MOST_STEPS = 12


@dataclass(frozen=True)
class Proposed:
    """Ends with a write and what the rules say to it."""

    tool: str
    args: Mapping[str, Any]
    verdict: Verdict

    @property
    def rules(self) -> set[str]:
        return {one.rule for one in self.verdict.fired if one.kind == self.verdict.kind}


@dataclass(frozen=True)
class Spoke:
    """Ends with words, and waits."""

    text: str


@dataclass(frozen=True)
class Gave:
    """Ends with a person."""

    reason: str
    text: str


End = Proposed | Spoke | Gave


class Shelf:
    """Two help articles; the best match first."""

    articles = (
        Article(
            id="export",
            title="Export your data",
            text="Open Settings, then Export.",
            url="https://help.example.com/export",
        ),
        Article(
            id="invite",
            title="Invite a colleague",
            text="Open Team, then Invite.",
            url="https://help.example.com/invite",
        ),
    )

    async def search(self, words: str, *, limit: int = 3) -> Sequence[Article]:
        said = set(words.casefold().split())
        return [a for a in self.articles if said & set(a.title.casefold().split())][:limit]

    async def article(self, article: str) -> Article | None:
        return next((a for a in self.articles if a.id == article), None)


@dataclass
class Letters:
    """Keeps what would have been mailed."""

    sent: list[Letter] = field(default_factory=list)

    async def send(self, letter: Letter) -> None:
        self.sent.append(letter)


@dataclass
class Stage:
    """The seeded world behind its doors, with the tools and the catalog that work on it."""

    world: World
    systems: Systems
    tools: Mapping[str, Tool]
    catalog: Catalog
    clock: StillClock

    async def rehearse(self, who: str, category: str, *words: str) -> End:
        """What the conversation comes to: the first write that is not a note, the last words, or a person."""
        policy = self.catalog.get(category)
        assert policy is not None
        return await _Rehearsal(self, policy, await self._scope(who)).run(words)

    async def _scope(self, who: str) -> Scope:
        external = next(p.external_id for p in PEOPLE if p.key == who)
        s = self.systems
        account, contact = await s.identity.find_account(external), await s.crm.find_contact(external)
        links = {
            s.billing.vendor: await s.billing.find_customer(external),
            s.identity.vendor: account and account.id,
            s.crm.vendor: contact and contact.id,
            s.orders.vendor: await s.orders.find_customer(external),
            s.desk.vendor: await s.desk.find_requester(external),
        }
        found = {vendor: link for vendor, link in links.items() if link}
        principal = Principal(id=CustomerId(external), assurance="identified", links=found)
        return Scope(who=principal, systems=s, now=self.clock.now())


@dataclass
class _Rehearsal:
    stage: Stage
    policy: CategoryPolicy
    scope: Scope
    transcript: list[Entry] = field(default_factory=list)
    at: datetime = NOW

    async def run(self, words: Sequence[str]) -> End:
        end: End | None = None
        for text in words:
            assert end is None or isinstance(end, Spoke), f"{end} came before {text!r}"
            heard = Heard(text=text, message_id="msg", request_id="req", at=self._tick())
            self.transcript.append(heard)
            end = await self._turn()
        assert end is not None
        return end

    async def _turn(self) -> End:
        for _ in range(MOST_STEPS):
            reply = await OfflineModel().reply(self._prompt(), on_text=_unheard)
            self.transcript.append(
                Replied(
                    text=reply.text, calls=reply.calls, model="offline", request_id="req", at=self._tick()
                )
            )
            if not reply.calls:
                return Spoke(reply.text)
            (call,) = reply.calls
            if call.name == HAND_OVER:
                return Gave(call.args["reason"], reply.text)
            end = await self._call(call)
            if end is not None:
                return end
        raise AssertionError(f"no end after {MOST_STEPS} steps")

    async def _call(self, call: ToolCall) -> Proposed | None:
        tool = self.stage.tools[call.name]
        args = tool.args.model_validate(call.args)
        if isinstance(tool, ReadTool):
            self._result(call, await self._read(tool, args))
            return None
        proposed = await self._propose(tool, call.name, args)
        if call.name != "add_note":
            return proposed
        self._result(call, (as_content(Told(outcome="executed", say="Noted.", action_id="act_1")), True))
        return None

    async def _read(self, tool: ReadTool[Any], args: Any) -> tuple[str, bool]:
        try:
            return (await tool.run(args, self.scope)).model_dump_json(), True
        except ToolFailed as error:
            return str(error), False

    async def _propose(self, tool: WriteTool[Any], name: str, args: Any) -> Proposed:
        assert await tool.owned(args, self.scope)
        facts = (await tool.facts(args, self.scope)).values()
        # What the gate adds; what the tool read about the customer counts.
        calm = {key: value for key, value in CALM.items() if not key.startswith("customer.")}
        return Proposed(name, args.model_dump(), check(self.policy, name, {**calm, **facts}))

    def _result(self, call: ToolCall, content: tuple[str, bool]) -> None:
        one = CallResult(call_id=call.id, name=call.name, content=content[0], ok=content[1])
        self.transcript.append(Results(results=(one,), request_id="req", at=self._tick()))

    def _prompt(self) -> Prompt:
        signals = Signals(
            category=self.policy.category,
            confidence=0.95,
            sentiment="neutral",
            urgency="normal",
            language="en",
            wants_person=False,
        )
        topic = Topic(request_id="req", policy=self.policy, signals=signals)
        return Prompt(system=(), tools=(), transcript=tuple(self.transcript), topic=topic, now=self.at)

    def _tick(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


async def _unheard(_: str) -> None:
    """Nobody listens while it is typed."""


@asynccontextmanager
async def opened(tools: Mapping[str, Tool], catalog: Catalog) -> AsyncIterator[Stage]:
    """The stage; closes every door and client."""
    clock = StillClock(NOW)
    world = World(clock=clock)
    await seed_world(world)
    async with AsyncExitStack() as stack:
        sandbox = await start(world)
        stack.push_async_callback(sandbox.stop)
        key, urls = SecretStr(sandbox.key), sandbox.urls
        stripe = Stripe.open(key, clock=clock, base_url=urls["stripe"], return_url="https://app.example.com")
        okta = Okta(base_url=urls["okta"], token=key, clock=clock)
        either = Either(okta, Auth0(base_url=urls["auth0"], token=key, client_id="remit", clock=clock))
        crm = hubspot.open_client(urls["hubspot"], key)
        shop = shopify.open_client(urls["shopify"], key)
        desk = zendesk.connect(urls["zendesk"], email="agent@example.com", token=key)
        for close in (stripe.close, either.close, crm.aclose, shop.aclose, desk.aclose):
            stack.push_async_callback(close)
        systems = Systems(
            billing=stripe,
            identity=either,
            crm=hubspot.HubSpot(crm, clock=clock),
            orders=shopify.Shopify(shop),
            desk=zendesk.ZendeskDesk(desk),
            mail=Letters(),
            knowledge=cast(Any, Shelf()),
        )
        yield Stage(world, systems, tools, catalog, clock)
