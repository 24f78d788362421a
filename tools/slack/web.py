"""Slack's Web API over the shared HTTP client: four methods, and a 200 that says no is a no."""

from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr

from core.errors import VendorBusy, VendorRefused, VendorUnsure
from tools import http
from tools.slack.port import Blocks, Posted

VENDOR = "slack"
# Errors that pass by themselves; https://api.slack.com/web#errors
_PASSING = frozenset(
    {"ratelimited", "internal_error", "service_unavailable", "fatal_error", "request_timeout"}
)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    ok: bool
    error: str = ""
    channel: str = ""
    ts: str = ""


class SlackWeb:
    """The Slack port with a bot's token, writing to one channel."""

    def __init__(self, client: httpx.AsyncClient, *, channel: str) -> None:
        self._client = client
        self._channel = channel

    async def post(self, text: str, blocks: Blocks) -> Posted:
        body = {
            "channel": self._channel,
            "text": text,
            "blocks": blocks,
            "parse": "none",
            "unfurl_links": False,
            "unfurl_media": False,
        }
        said = await self._call("chat.postMessage", body)
        if not said.channel or not said.ts:
            raise VendorUnsure(VENDOR, "the answer does not say where the message is")
        return Posted(channel=said.channel, ts=said.ts)

    async def update(self, posted: Posted, text: str, blocks: Blocks) -> None:
        body = {"channel": posted.channel, "ts": posted.ts, "text": text, "blocks": blocks, "parse": "none"}
        await self._call("chat.update", body)

    async def open_view(self, trigger: str, view: dict[str, Any]) -> None:
        await self._call("views.open", {"trigger_id": trigger, "view": view})

    async def update_view(self, view_id: str, view: dict[str, Any]) -> None:
        await self._call("views.update", {"view_id": view_id, "view": view})

    async def _call(self, method: str, body: dict[str, Any]) -> _Answer:
        response = await http.send(self._client, VENDOR, "POST", f"/{method}", json=body)
        said = http.parsed(VENDOR, response, _Answer)
        if said.ok:
            return said
        if said.error in _PASSING:
            raise VendorBusy(VENDOR, f"{method}: {said.error}")
        raise VendorRefused(VENDOR, f"{method}: {said.error[:60]}")


def connect(
    base_url: str, token: SecretStr, *, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client of the Web API; its writes are service messages. The caller closes it."""
    header = SecretStr(f"Bearer {token.get_secret_value()}")
    return http.client(
        VENDOR,
        base_url=base_url,
        auth={"Authorization": header},
        service_messages=True,
        transport=transport,
    )
