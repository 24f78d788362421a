"""Opens the sandbox: every vendor's door on its own loopback port, the mailbox and the admin door."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import uvicorn

from core.errors import SettingsError
from tools.sandbox import admin, mailbox
from tools.sandbox.auth0 import door as auth0
from tools.sandbox.faults import App, Faults, Kind, Message, Receive, Send, faulty
from tools.sandbox.hubspot import door as hubspot
from tools.sandbox.mailbox import Mailbox
from tools.sandbox.okta import door as okta
from tools.sandbox.shopify import door as shopify
from tools.sandbox.stripe import door as stripe
from tools.sandbox.webhooks.sender import Sender
from tools.sandbox.world import World
from tools.sandbox.zendesk import door as zendesk

HOST = "127.0.0.1"
# How long an answer that is under way may take when the sandbox closes, in seconds.
_GRACE = 1
DOORS: Mapping[str, Callable[..., App]] = {
    "stripe": stripe.app,
    "okta": okta.app,
    "auth0": auth0.app,
    "hubspot": hubspot.app,
    "shopify": shopify.app,
    "zendesk": zendesk.app,
}
# Faults with a shape of the vendor's own: Stripe keeps a 500 under its key, Shopify throttles inside a 200.
_OWN: Mapping[str, frozenset[Kind]] = {"stripe": frozenset({"saved_500"}), "shopify": frozenset({"busy"})}


@dataclass
class Doors:
    """ASGI apps that are being served, each at its own loopback address."""

    urls: Mapping[str, str]
    _server: "_Server"
    _serving: asyncio.Task[None]

    async def stop(self) -> None:
        """Finishes what is being answered (for a second at most), then closes."""
        self._server.close()
        await self._serving


@dataclass
class Running:
    """An open sandbox: where its doors are, the key they all take, and how to close it."""

    world: World
    faults: Faults
    key: str
    urls: Mapping[str, str]
    admin_url: str
    smtp: tuple[str, int]
    webhooks: Sender
    _doors: Doors
    _mailbox: Mailbox = field(repr=False)

    @property
    def mailbox_url(self) -> str:
        """A page that shows every mail, for the person who tries the demo."""
        return self._doors.urls["mailbox"]

    async def stop(self) -> None:
        """Closes every door; what was acknowledged is kept."""
        await self.webhooks.close()
        await self._doors.stop()
        await self._mailbox.stop()


async def start(world: World, *, ports: Mapping[str, int] | None = None, key: str | None = None) -> Running:
    """Serves the world; `ports` may name a vendor, "admin", "mailbox" and "smtp"; others are chosen by the system."""
    key = key or secrets.token_urlsafe(24)
    faults = Faults()
    webhooks = Sender(world, faults, key=key)
    doors = open_doors(_apps(world, faults, webhooks, key), ports=ports)
    mails = Mailbox(world, key=key)
    try:
        smtp_port = await mails.start(HOST, (ports or {}).get("smtp", 0))
    except SettingsError:
        await doors.stop()
        raise
    return Running(
        world=world,
        faults=faults,
        key=key,
        urls={name: url for name, url in doors.urls.items() if name in DOORS},
        admin_url=doors.urls["admin"],
        smtp=(HOST, smtp_port),
        webhooks=webhooks,
        _doors=doors,
        _mailbox=mails,
    )


def open_doors(apps: Mapping[str, App], *, ports: Mapping[str, int] | None = None) -> Doors:
    """Serves the apps in the running loop; raises SettingsError when a wanted port is taken."""
    sockets = _bind({name: (ports or {}).get(name, 0) for name in apps})
    by_port = {bound.getsockname()[1]: apps[name] for name, bound in sockets.items()}
    server = _Server(_config(_by_port(by_port)))
    serving = asyncio.create_task(server.serve(sockets=list(sockets.values())), name="sandbox")
    urls = {name: f"http://{HOST}:{bound.getsockname()[1]}" for name, bound in sockets.items()}
    return Doors(urls, server, serving)


def _apps(world: World, faults: Faults, webhooks: Sender, key: str) -> dict[str, App]:
    apps: dict[str, App] = {
        vendor: faulty(make(world, faults, key=key), vendor, faults, own=_OWN.get(vendor, frozenset()))
        for vendor, make in DOORS.items()
    }
    return {
        **apps,
        "admin": admin.app(world, faults, key=key, webhooks=webhooks),
        "mailbox": mailbox.page(world),
    }


def _bind(ports: Mapping[str, int]) -> dict[str, socket.socket]:
    bound: dict[str, socket.socket] = {}
    try:
        for name, port in ports.items():
            bound[name] = _listen(name, port)
    except SettingsError:
        for taken in bound.values():
            taken.close()
        raise
    return bound


def _listen(name: str, port: int) -> socket.socket:
    # asyncio turns Nagle's delay (40 ms per answer) off only where the protocol is named.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"port {port} for the sandbox's {name!r} door cannot be opened ({error.strerror}); "
            "stop what uses it or choose another port"
        ) from None
    # From here on connections wait in line, so the address may be told before the server runs.
    listening.listen(128)
    listening.setblocking(False)
    return listening


def _by_port(doors: Mapping[int, App]) -> App:
    """One server for all doors: the port that was called decides which one answers."""

    async def dispatch(scope: Message, receive: Receive, send: Send) -> None:
        await doors[scope["server"][1]](scope, receive, send)

    return dispatch


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )


class _Server(uvicorn.Server):
    """uvicorn in a loop that belongs to somebody else: no signals, no ticking while nothing happens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._closing = asyncio.Event()

    def close(self) -> None:
        self.should_exit = True
        self._closing.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own, without its pauses: tests open and close hundreds of sandboxes."""
        for listening in self.servers:
            listening.close()
        for bound in sockets or []:
            bound.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if answering := set(self.server_state.tasks):
            _, late = await asyncio.wait(answering, timeout=_GRACE)
            for task in late:
                task.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hung_up(), _GRACE)

    async def _hung_up(self) -> None:
        while self.server_state.connections:  # noqa: ASYNC110 - uvicorn tells nobody when one is gone
            await asyncio.sleep(0.002)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process that opened the sandbox."""
        yield
