"""Opens the sandbox: every vendor's door on its own loopback port, the mailbox and the admin door."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

import uvicorn

from core.errors import SettingsError
from tools.sandbox import admin
from tools.sandbox.faults import App, Faults, Kind, Message, Receive, Send, faulty
from tools.sandbox.mailbox import Mailbox
from tools.sandbox.mailbox import page as mailbox_page
from tools.sandbox.world import World

VENDORS = ("stripe", "okta", "auth0", "hubspot", "shopify", "zendesk")
HOST = "127.0.0.1"
# Stripe keeps a 500 under its idempotency key, and Shopify throttles inside a 200: their doors do that themselves.
_OWN: Mapping[str, frozenset[Kind]] = {"stripe": frozenset({"saved_500"}), "shopify": frozenset({"busy"})}


@dataclass
class Doors:
    """ASGI apps that are being served, each at its own loopback address."""

    urls: Mapping[str, str]
    _server: uvicorn.Server
    _serving: asyncio.Task[None]

    async def stop(self) -> None:
        """Finishes what is being answered (for a second at most), then closes."""
        self._server.should_exit = True
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
    _doors: Doors
    _mailbox: Mailbox = field(repr=False)

    async def stop(self) -> None:
        """Closes every door; what was acknowledged is kept."""
        await self._doors.stop()
        await self._mailbox.stop()


async def start(world: World, *, ports: Mapping[str, int] | None = None, key: str | None = None) -> Running:
    """Serves the world; `ports` may name "stripe", ..., "admin" and "smtp", others are chosen by the system."""
    key = key or secrets.token_urlsafe(24)
    faults = Faults()
    doors = open_doors(_apps(world, faults, key), ports=ports)
    mailbox, smtp_port = await _mailbox(world, key, (ports or {}).get("smtp", 0))
    return Running(
        world=world,
        faults=faults,
        key=key,
        urls={name: url for name, url in doors.urls.items() if name != "admin"},
        admin_url=doors.urls["admin"],
        smtp=(HOST, smtp_port),
        _doors=doors,
        _mailbox=mailbox,
    )


def open_doors(apps: Mapping[str, App], *, ports: Mapping[str, int] | None = None) -> Doors:
    """Serves the apps in the running loop; raises SettingsError when a wanted port is taken."""
    sockets = _bind({name: (ports or {}).get(name, 0) for name in apps})
    by_port = {bound.getsockname()[1]: apps[name] for name, bound in sockets.items()}
    server = _Server(_config(_by_port(by_port)))
    serving = asyncio.create_task(server.serve(sockets=list(sockets.values())), name="sandbox")
    urls = {name: f"http://{HOST}:{bound.getsockname()[1]}" for name, bound in sockets.items()}
    return Doors(urls, server, serving)


def _apps(world: World, faults: Faults, key: str) -> dict[str, App]:
    found: dict[str, App] = {}
    for vendor in VENDORS:
        if find_spec(f"tools.sandbox.{vendor}") and find_spec(f"tools.sandbox.{vendor}.door"):
            make: Callable[..., App] = import_module(f"tools.sandbox.{vendor}.door").app
            found[vendor] = faulty(
                make(world, faults, key=key), vendor, faults, own=_OWN.get(vendor, frozenset())
            )
    found["mail"] = mailbox_page(world)
    found["admin"] = admin.app(world, faults, key=key)
    return found


async def _mailbox(world: World, key: str, port: int) -> tuple[Mailbox, int]:
    mailbox = Mailbox(world, key=key)
    return mailbox, await mailbox.start(HOST, port)


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
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process that opened the sandbox."""
        yield
