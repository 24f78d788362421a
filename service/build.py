"""Composition: the only place that builds clients, models and parts, and gives every one of them back."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

import procrastinate
from pydantic import SecretStr

from agent.bounds import Bounds
from agent.claude import ClaudeModel
from agent.model import Model
from agent.offline import OfflineModel
from agent.parts import AgentParts
from agent.prompt import shown_digest
from agent.steady import Steady
from agent.triage import Triage
from approvals.parts import Parts
from core.clock import Clock, SystemClock
from core.errors import SettingsError
from policies.load import load_catalog
from service import paths
from service.channels import channels_of, slack_door, with_channels
from service.claude_settings import claude_settings
from service.database import Database, opened
from service.jobs import register
from service.live import Hub
from service.parts import Demo, ServiceParts
from service.rates import Rates
from service.sandbox import Sandbox, sandbox_for
from service.settings import VENDORS, Settings
from service.systems import systems_for
from service.telemetry import watching
from service.tokens import accept
from service.webhooks import HOOKS
from store.audit import Anchor
from store.jobs import Jobs, connect
from store.work import Store, engine_for
from tools.breaking import Breakers
from tools.knowledge.articles import HELP_HOST
from tools.knowledge.seed import seed_articles
from tools.sandbox.webhooks.sign import secret_for
from tools.toolset import toolset


@dataclass(frozen=True)
class House:
    """Everything of one process, ready to serve or to work."""

    settings: Settings
    database: Database
    sandbox: Sandbox | None
    service: ServiceParts
    jobs: procrastinate.App
    anchor: Anchor


@asynccontextmanager
async def house(
    settings: Settings,
    *,
    demo: Demo | None = None,
    clock: Clock | None = None,
    database: Database | None = None,
) -> AsyncIterator[House]:
    """Builds what the settings ask for and closes it again; raises SettingsError or Unavailable."""
    if foreign := paths.foreign_packages():
        raise SettingsError(
            f"these packages are not ours: {', '.join(foreign)}; run from a clean environment"
        )
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        if database is None:
            database = stack.enter_context(opened(settings))
        sandbox = None
        if any(settings.on_sandbox(vendor) for vendor in VENDORS):
            sandbox = await stack.enter_async_context(sandbox_for(settings, database.sandbox_dsn, clock))
        store = Store(clock=clock, engine=engine_for(database.dsn))
        stack.push_async_callback(store.close)
        if sandbox is not None:
            # The help centre of the company whose customers live in the sandbox.
            await seed_articles(store)
        app = connect(database.dsn)
        await stack.enter_async_context(app.open_async())
        watch, telemetry = watching(settings)
        if telemetry is not None:
            stack.callback(telemetry.close)
        breakers = Breakers(monotonic)
        systems = await systems_for(settings, sandbox, store, clock, stack, breakers=breakers)
        systems, channels = with_channels(systems, settings, clock, stack), channels_of(settings)
        tools = toolset()
        specs = {name: tool.spec for name, tool in tools.items()}
        catalog = load_catalog(paths.CATALOG, specs)
        model = _model(settings, breakers, stack)
        parts = Parts(
            store=store,
            clock=clock,
            catalog=catalog,
            tools=tools,
            systems=systems,
            jobs=Jobs(app),
            secret=derived(settings, "codes"),
            watch=watch,
            model=f"{model.name} {model.version}",
            prompts={name: shown_digest(policy, specs) for name, policy in catalog.categories.items()},
            undo=timedelta(seconds=settings.undo_seconds),
        )
        hub = Hub()
        agent = AgentParts(
            approvals=parts,
            triage=Triage.train(catalog.utterances()),
            model=model,
            fallback=OfflineModel(),
            live=hub,
            bounds=Bounds(),
            link_hosts=frozenset({HELP_HOST}),
        )
        anchor = anchor_of(settings)
        register(app, agent, anchor, channels, oncall=settings.oncall_mail)
        keys = settings.token_keys or ((demo.key,) if demo else ())
        service = ServiceParts(
            settings=settings,
            agent=agent,
            hub=hub,
            tokens=accept(keys, issuer=settings.token_issuer, audience=settings.token_audience),
            rates=Rates(clock),
            demo=demo,
            slack=slack_door(settings, systems),
            channels=channels,
            hook_secrets=_hook_secrets(settings, sandbox),
            breakers=breakers,
        )
        yield House(settings, database, sandbox, service, app, anchor)


def _hook_secrets(settings: Settings, sandbox: Sandbox | None) -> dict[str, tuple[SecretStr, ...]]:
    """What each vendor signs its webhooks with; the sandbox's stand-in signs with a key of its own."""
    return {
        vendor: (SecretStr(secret_for(sandbox.key, vendor)),)
        if sandbox is not None and settings.on_sandbox(vendor)
        else settings.webhook_secrets(vendor)
        for vendor in HOOKS
    }


def _model(settings: Settings, breakers: Breakers, stack: AsyncExitStack) -> Model:
    """The process's one model client, closed with everything else."""
    if settings.model == "offline":
        return OfflineModel()
    # One reply that failed was several tries already.
    model = Steady(ClaudeModel(claude_settings(settings)), breakers.of("model", failures=1, seconds=30.0))
    stack.push_async_callback(model.close)
    return model


def derived(settings: Settings, purpose: str) -> bytes:
    """A key for one purpose, from the one secret."""
    return hmac.new(settings.secret_bytes(), purpose.encode(), hashlib.sha256).digest()


def anchor_of(settings: Settings) -> Anchor:
    """The audit log's anchor, a file outside the database."""
    return Anchor(settings.home / "audit.anchor", derived(settings, "audit anchor"))
