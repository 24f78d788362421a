"""The Stripe SDK over our own HTTP client, and what its errors mean to us."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import httpx
import stripe

from core.actions import Permit
from core.errors import VendorBusy, VendorError, VendorRefused, VendorUnsure
from tools import http
from tools.billing.stripe_wire import W, Wire, read

Page = Mapping[str, object]
Ask = Callable[[stripe.StripeClient], Awaitable[Any]]
VENDOR = "stripe"
_PAGE = 100
# A customer with more rows than this is looked at by a person.
_PAGES = 10
# Answers that the SDK shall read for its error code; every other failure is named by tools/http.py.
_READ_BY_SDK = frozenset({400, 401, 402, 403, 404, 409})
# What the SDK lets through when it builds its objects from an answer that is JSON, but not Stripe's.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_SENTENCES: Mapping[str, str] = {
    "charge_already_refunded": "the charge has already been refunded",
    "charge_disputed": "the charge is disputed",
    "resource_missing": "no such object",
    "card_declined": "the card was declined",
}

# The SDK would keep an id on disk and report timings of earlier requests.
stripe.enable_telemetry = False
# At INFO it logs whole error texts.
logging.getLogger("stripe").setLevel(logging.WARNING)


class Carrier(stripe.HTTPClient):
    """Carries the SDK's requests on our client; one that carries writes is made for one permit."""

    name = "httpx"

    def __init__(self, client: httpx.AsyncClient, permit: Permit | None) -> None:
        super().__init__()
        self._client = client
        self._permit = permit

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        answer = await http.send(
            self._client,
            VENDOR,
            method.upper(),
            url,
            permit=self._permit,
            expect=_READ_BY_SDK,
            headers=headers,
            content=post_data,
        )
        # The SDK breaks on bytes that are no text, and takes any JSON for an object.
        try:
            told = json.loads(answer.content)
        except ValueError:
            raise VendorUnsure(VENDOR, "the answer cannot be read") from None
        if not isinstance(told, dict):
            raise VendorUnsure(VENDOR, "the answer is no object")
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        """The client belongs to the adapter."""


def sdk(client: httpx.AsyncClient, permit: Permit | None) -> stripe.StripeClient:
    """The SDK without retries of its own; the key is put on the wire by our client, never held by the SDK."""
    return stripe.StripeClient(
        "set-on-the-wire",
        base_addresses={"api": str(client.base_url).rstrip("/")},
        http_client=Carrier(client, permit),
        max_network_retries=0,
    )


def meaning(error: stripe.StripeError) -> VendorError:
    """Who can act on an error of the SDK; a vendor's free text is not passed on."""
    code = error.code or (error.error.code if error.error else None)
    said = _SENTENCES.get(code or "", f"refused ({code or type(error).__name__})")
    match error:
        case stripe.RateLimitError():
            return VendorBusy(VENDOR, "too many requests")
        case stripe.IdempotencyError():
            # Other parameters under a known key: something of ours was sent before, and we do not know what.
            return VendorUnsure(VENDOR, "the idempotency key was used with other parameters")
        case stripe.InvalidRequestError() | stripe.CardError():
            return VendorRefused(VENDOR, said)
        case stripe.AuthenticationError() | stripe.PermissionError():
            return VendorRefused(VENDOR, "our key is not accepted for this")
        case _:
            return VendorUnsure(
                VENDOR, f"no trustworthy answer ({error.http_status or type(error).__name__})"
            )


class _Missing(VendorRefused):
    """There is no such object."""


async def _answer(asked: Awaitable[Any]) -> dict[str, Any]:
    """The SDK's answer as plain data; every way in which it fails as one of our errors."""
    try:
        data: dict[str, Any] = (await asked).to_dict()
    except stripe.InvalidRequestError as error:
        raise (_Missing(VENDOR, "no such object") if error.http_status == 404 else meaning(error)) from None
    except stripe.StripeError as error:
        raise meaning(error) from None
    except _UNREADABLE as error:
        raise VendorUnsure(VENDOR, f"the answer cannot be read ({type(error).__name__})") from None
    return data


class Requests:
    """How the adapter asks: reads up to three times, writes once and under a permit's key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._reader = sdk(client, None)

    async def write(
        self, model: type[W], permit: Permit, send: Callable[[stripe.StripeClient, Any], Awaitable[Any]]
    ) -> W:
        """The answer; every error says whether something may have happened."""
        options = {"idempotency_key": permit.idempotency_key}
        return read(model, await _answer(send(sdk(self._client, permit), options)))

    async def read(self, ask: Ask) -> dict[str, Any] | None:
        """The answer as plain data, None when there is no such object."""

        async def once() -> dict[str, Any] | None:
            try:
                return await _answer(ask(self._reader))
            except _Missing:
                return None

        return await http.retrying()(once)

    async def one(self, model: type[W], ask: Ask) -> W | None:
        """One object, None when there is none or it was deleted."""
        data = await self.read(ask)
        # A customer that was deleted is answered with 200 and this mark.
        return None if data is None or data.get("deleted") else read(model, data)

    async def all(
        self, model: type[W], ask: Callable[[stripe.StripeClient, Page], Awaitable[Any]]
    ) -> list[W]:
        """Every row of a list, page by page; VendorUnsure when there are more than we look through."""
        rows: list[W] = []
        page: Page = {"limit": _PAGE}
        for _ in range(_PAGES):
            data = await self.read(partial(_turned, ask, page))
            if data is None:
                return rows
            found = read(_List, data)
            rows += [read(model, row) for row in found.data]
            if not found.has_more:
                return rows
            page = {"limit": _PAGE, "starting_after": found.data[-1]["id"]}
        raise VendorUnsure(VENDOR, f"more than {_PAGE * _PAGES} rows")


class _List(Wire):
    data: list[dict[str, Any]]
    has_more: bool


async def _turned(
    ask: Callable[[stripe.StripeClient, Page], Awaitable[Any]], page: Page, client: stripe.StripeClient
) -> Any:
    return await ask(client, page)
