"""The sandbox this process uses: the one a running demo opened, or one of its own."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from core.clock import Clock
from core.errors import NotFound, Unavailable
from service import runfile
from service.settings import Settings
from tools.sandbox.keep import PostgresKeep
from tools.sandbox.people import seed_world
from tools.sandbox.server import start
from tools.sandbox.world import World

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Sandbox:
    """Where the doors are; `admin` seeds, plans faults and reads the ledger."""

    urls: Mapping[str, str]
    smtp: tuple[str, int]
    admin_url: str
    key: str
    mailbox_url: str | None = None

    def noted(self) -> dict[str, Any]:
        """What run.json says of it."""
        return {
            "urls": dict(self.urls),
            "smtp": list(self.smtp),
            "admin_url": self.admin_url,
            "key": self.key,
        }

    async def admin(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """One call at the admin door; raises NotFound or Unavailable."""
        headers = {"authorization": f"Bearer {self.key}"}
        # The doors speak plain http on loopback; reading the world's certificates for that takes 30 ms a call.
        doors = httpx.AsyncHTTPTransport(verify=NO_CERTIFICATES)
        async with httpx.AsyncClient(base_url=self.admin_url, headers=headers, transport=doors) as client:
            try:
                answer = await client.request(method, path, **more)
            except httpx.HTTPError as error:
                raise Unavailable(f"The sandbox does not answer at {self.admin_url}: {error}") from error
        if answer.status_code == 404:
            raise NotFound(str(answer.json().get("error", "not found")))
        if answer.is_error:
            raise Unavailable(f"The sandbox refused: {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    async def effects(self, owner: str | None = None) -> list[dict[str, Any]]:
        """The ledger's rows, of one customer if named."""
        params = {"owner": owner} if owner else {}
        found: list[dict[str, Any]] = (await self.admin("GET", "/ledger", params=params))["effects"]
        return found


@asynccontextmanager
async def sandbox_for(settings: Settings, dsn: str, clock: Clock) -> AsyncIterator[Sandbox]:
    """The running demo's sandbox, or a new one on the kept world, seeded when it is empty."""
    running = runfile.read(settings.home)
    if running is not None and "sandbox" in running:
        noted = running["sandbox"]
        yield Sandbox(noted["urls"], (noted["smtp"][0], noted["smtp"][1]), noted["admin_url"], noted["key"])
        return
    keep = PostgresKeep(dsn)
    world = World(clock=clock, keep=keep)
    await world.load()
    if not world.keys("stripe.customer"):
        await seed_world(world)
    ports, key = _as_before(settings)
    opened = await start(world, ports=ports, key=key)
    try:
        yield Sandbox(opened.urls, opened.smtp, opened.admin_url, opened.key, opened.mailbox_url)
    finally:
        await opened.stop()
        await keep.close()


def _as_before(settings: Settings) -> tuple[dict[str, int], str | None]:
    """The ports and key of the last run that are free now, so that bookmarks and other shells go on working."""
    noted = runfile.last(settings.home).get("sandbox", {})
    return {}, noted.get("key")
