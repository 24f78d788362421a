"""Sends webhooks to whoever subscribed: after the change is durable, again when refused, twice or late by plan."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

import httpx

from tools.sandbox.faults import Faults
from tools.sandbox.webhooks.events import Notice, notices
from tools.sandbox.webhooks.sign import headers, secret_for
from tools.sandbox.world import Change, World

log = logging.getLogger("remit.sandbox")
PATH = "/v1/hooks/{vendor}"
# Seconds before each new try of a delivery that was not answered with 2xx; the vendors go on for days.
_AGAIN = (1.0, 5.0, 30.0)
LATE_SECONDS = 2.0


class Sender:
    """The vendors' webhooks of one sandbox; without a subscriber nothing is sent (and is lost, as in life)."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        *,
        key: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._world = world
        self._faults = faults
        self._key = key
        self._sleep = sleep
        self._transport = transport
        self._to: str | None = None
        self._sending: set[asyncio.Task[None]] = set()
        world.watch(self._watch)

    def subscribe(self, url: str | None) -> None:
        """Sends to `url` + /v1/hooks/<vendor> from now on; None: to nobody."""
        self._to = url

    def _watch(self, change: Change) -> Callable[[], None]:
        told = notices(change)

        def send() -> None:
            for notice in told:
                self._send(notice)

        return send

    def _send(self, notice: Notice) -> None:
        if self._to is None:
            return
        times, wait = self._planned(notice)
        for _ in range(times):
            task = asyncio.create_task(self._deliver(notice, self._to, wait), name="webhook")
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _planned(self, notice: Notice) -> tuple[int, float]:
        """How often and how late, by plan: usually once and now."""
        kinds = {"webhook_twice", "webhook_late", "webhook_lost"}
        fault = self._faults.take(notice.vendor, notice.kind, kinds=kinds)  # type: ignore[arg-type]
        match fault.kind if fault else None:
            case "webhook_lost":
                return 0, 0.0
            case "webhook_twice":
                return 2, 0.0
            case "webhook_late":
                assert fault is not None
                return 1, LATE_SECONDS if fault.retry_after is None else fault.retry_after
            case _:
                return 1, 0.0

    async def _deliver(self, notice: Notice, to: str, wait: float) -> None:
        raw = json.dumps(notice.body).encode()
        url = to.rstrip("/") + PATH.format(vendor=notice.vendor)
        for pause in (wait, *_AGAIN):
            await self._sleep(pause)
            signed = headers(
                notice, raw, secret=secret_for(self._key, notice.vendor), now=self._world.clock.now()
            )
            try:
                async with httpx.AsyncClient(transport=self._transport, trust_env=False, timeout=5) as client:
                    answer = await client.post(url, content=raw, headers=dict(signed))
            except httpx.HTTPError as error:
                log.info("webhook of %s not delivered: %s", notice.vendor, type(error).__name__)
                continue
            if answer.is_success:
                return
            log.info("webhook of %s was answered %s", notice.vendor, answer.status_code)

    async def quiet(self) -> None:
        """Waits until everything under way was delivered or given up."""
        while self._sending:
            await asyncio.wait(set(self._sending))

    async def close(self) -> None:
        """Gives up what is under way."""
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
