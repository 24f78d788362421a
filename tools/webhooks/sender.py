"""Sends signed events to the addresses a deployment named, each with its own secrets, and to nowhere else."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from core.clock import Clock
from core.errors import VendorBusy, VendorRefused
from tools import http
from tools.webhooks.address import VENDOR, Pinned
from tools.webhooks.signing import headers

# The receiver no longer wants it, so trying again is no use.
_GONE = 410


class SignedHooks:
    """The Hooks port; `receivers` maps each address to its secrets, the newest first."""

    def __init__(
        self, client: httpx.AsyncClient, receivers: Mapping[str, Sequence[SecretStr]], *, clock: Clock
    ) -> None:
        self._client = client
        self._receivers = dict(receivers)
        self._clock = clock

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(self._receivers)

    async def send(self, address: str, event: dict[str, Any], *, key: str) -> None:
        secrets = self._receivers.get(address)
        if not secrets:
            raise VendorRefused(VENDOR, "this address is no longer in REMIT_WEBHOOKS")
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        # The signed time is that of this try; the id stays the same, so that a receiver drops repeats by it.
        signed = headers(key, int(self._clock.now().timestamp()), body, secrets)
        sent = {"content-type": "application/json", **signed}
        try:
            await http.send(self._client, VENDOR, "POST", address, content=body, headers=sent)
        except VendorRefused as refused:
            if f"answered {_GONE}" in str(refused) or "answered" not in str(refused):
                raise
            raise VendorBusy(VENDOR, str(refused)) from None


def connect(*, local: bool, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client that reaches public https addresses only, or with `local` any. The caller closes it."""
    inner = transport or httpx.AsyncHTTPTransport(limits=http.LIMITS, trust_env=False)
    return http.client(
        VENDOR,
        base_url="",
        auth={},
        service_messages=True,
        transport=Pinned(inner, local=local),
    )
