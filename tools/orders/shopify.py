"""Orders at Shopify, over its Admin GraphQL API."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec, TypeVar, assert_never

import httpx
from pydantic import SecretStr, ValidationError

from core.actions import Permit
from core.errors import VendorBusy, VendorDown, VendorError, VendorRefused, VendorUnsure
from core.ids import ActionId
from tools import http
from tools.crm.port import Address
from tools.hooks import Hint, hint
from tools.orders import shopify_documents as documents
from tools.orders import shopify_orders as orders
from tools.orders import shopify_wire as wire
from tools.orders.port import Done, Order, Return, What

VENDOR = "shopify"
PATH = "/admin/api/2026-10/graphql.json"
JOB_WAITS = (0.1, 0.3, 0.6, 1.0, 2.0)
"""Seconds between looks at a queued cancellation; after them the answer is unsure."""
REASONS: Mapping[str, str] = {
    "damaged": "DEFECTIVE",
    "wrong_item": "WRONG_ITEM",
    "not_as_described": "NOT_AS_DESCRIBED",
    "no_longer_wanted": "UNWANTED",
    "other": "OTHER",
}
# Top-level errors that stop a request before anything ran.
_REFUSALS = frozenset(
    {
        "ACCESS_DENIED",
        "SHOP_INACTIVE",
        "MAX_COST_EXCEEDED",
        "INVALID_VARIABLE",
        "undefinedField",
        "argumentNotAccepted",
        "argumentLiteralsIncompatible",
        "missingRequiredArguments",
        "variableMismatch",
    }
)
_ORDER_ID = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[A-Za-z0-9-]{1,32}")
# One page of changed orders; a shop that changes more in a quarter of an hour relies on its webhooks.
_MOST_CHANGED = 250
Sleep = Callable[[float], Awaitable[None]]
W = TypeVar("W", bound=wire.Wire)
P = ParamSpec("P")
R = TypeVar("R")


def open_client(base_url: str, token: SecretStr, **options: Any) -> httpx.AsyncClient:
    """A client for one shop ("https://acme-store.myshopify.com"); the caller closes it."""
    return http.client(
        VENDOR,
        base_url=base_url,
        auth={"X-Shopify-Access-Token": token},
        is_read=http.graphql_reads(PATH),
        **options,
    )


class Shopify:
    """The Orders port on one shop; ids are bare numbers outside, `gid://` ids on the wire."""

    vendor = VENDOR

    def __init__(self, client: httpx.AsyncClient, *, sleep: Sleep = asyncio.sleep) -> None:
        self._client = client
        self._sleep = sleep

    async def find_customer(self, external_id: str) -> str | None:
        """The customer whose metafield remit.external_id is this, compared here once more."""
        key = {"namespace": "remit", "key": "external_id", "value": external_id}
        found = await self._read(documents.FIND_CUSTOMER, {"id": {"customId": key}}, wire.FoundCustomer)
        customer = found.customerByIdentifier
        if customer is None or customer.metafield is None or customer.metafield.value != external_id:
            return None
        return _trusted(orders.bare, customer.id, "Customer")

    async def orders(self, customer: str) -> Sequence[Order]:
        """The customer's newest twenty orders, newest first."""
        asked = {"id": _gid("Customer", customer)}
        found = await self._read(documents.CUSTOMER_ORDERS, asked, wire.CustomerOrders)
        rows = () if found.customer is None else found.customer.orders.nodes
        return [order for row in rows if (order := _trusted(orders.order, row)).customer == customer]

    async def order(self, order: str) -> Order | None:
        return _ours(await self._one(order))

    async def order_by_number(self, customer: str, number: str) -> Order | None:
        if not _NUMBER.fullmatch(number):
            return None
        asked = {"query": f"name:#{number} customer_id:{customer}"}
        found = await self._read(documents.FIND_ORDERS, asked, wire.FoundOrders)
        # Shopify's search matches beginnings, so the exact one is picked here.
        for row in found.orders.nodes:
            owner = None if row.customer is None else row.customer.id
            if (row.name, owner) == (f"#{number}", _gid("Customer", customer)):
                return await self.order(_trusted(orders.bare, row.id, "Order"))
        return None

    async def changed_since(self, since: datetime) -> Sequence[Hint]:
        """Orders updated since then; VendorUnsure when there are more than one answer holds."""
        asked = {"query": f"updated_at:>={since:%Y-%m-%dT%H:%M:%SZ}"}
        rows = (await self._read(documents.CHANGED_ORDERS, asked, wire.ChangedOrders)).orders.nodes
        if len(rows) >= _MOST_CHANGED:
            raise VendorUnsure(VENDOR, f"{_MOST_CHANGED} changed orders or more")
        told = [(_trusted(orders.bare, row.id, "Order"), row.updatedAt) for row in rows]
        found = [hint(VENDOR, f"poll-{k}-{at:%Y%m%dT%H%M%S}", "polled", "order", k, at) for k, at in told]
        return [one for one in found if one is not None]

    async def cancel(self, order: str, permit: Permit) -> Order:
        """Cancels without a refund (money is billing's to move) and waits for Shopify's job."""
        mark = _mark(permit.action_id)
        asked = {"id": _gid("Order", order), "tags": [mark], "note": mark}
        done = (await self._send(documents.CANCEL, asked, wire.Cancelled, permit)).orderCancel
        if done.job is not None and not done.orderCancelUserErrors:
            await self._finished(done.job)
        after = await self._sent(self._one(order))
        is_ours = after.order is not None and _proof(after.order, "cancel", mark) is not None
        if done.orderCancelUserErrors and not is_ours:
            raise _refusal(done.orderCancelUserErrors, "cancellation")
        found = _ours(after)
        if found is None or not is_ours:
            raise VendorUnsure(VENDOR, "the cancellation was taken and the order is not cancelled yet")
        return found

    async def change_address(self, order: str, address: Address, permit: Permit) -> Order:
        """Sets the shipping address and our mark in one update, so that the mark proves it."""
        before, mark = await self._before(order), _mark(permit.action_id)
        assert before.order is not None
        if mark in before.order.tags:
            return _trusted(orders.order, before.order)
        asked = {
            "id": _gid("Order", order),
            "tags": [*before.order.tags, mark],
            "shippingAddress": {
                "address1": address.line1,
                "city": address.city,
                "zip": address.zip,
                "countryCode": address.country,
            },
        }
        sent = await self._send(documents.CHANGE_ADDRESS, {"input": asked}, wire.Updated, permit)
        done = sent.orderUpdate
        if done.userErrors:
            raise _refusal(done.userErrors, "address change")
        after = None if done.order is None else _trusted(orders.order, done.order)
        if after is None or after.id != order or after.address != address:
            raise VendorUnsure(VENDOR, "the address change was answered with another order or address")
        return after

    async def open_return(self, order: str, reason: str, permit: Permit) -> Return:
        """Opens a return of everything that may still be returned."""
        before, mark, gid = await self._before(order), _mark(permit.action_id), _gid("Order", order)
        assert before.order is not None
        ours = [row for row in before.order.returns.nodes if row.is_marked(mark)]
        if ours:
            return _trusted(orders.order_return, ours[0], order)
        if not before.returnable:
            raise VendorRefused(VENDOR, "nothing, or too much, on this order can be returned")
        lines = [
            {
                "fulfillmentLineItemId": row.fulfillmentLineItem.id,
                "quantity": row.quantity,
                "returnReason": REASONS[reason],
                "returnReasonNote": mark,
            }
            for row in before.returnable
        ]
        asked = {"id": gid, "tags": [mark], "return": {"orderId": gid, "returnLineItems": lines}}
        done = (await self._send(documents.OPEN_RETURN, asked, wire.Returned, permit)).returnCreate
        if done.userErrors:
            return await self._opened_by(order, mark, done.userErrors)
        if done.made is None or done.made.order.id != gid:
            raise VendorUnsure(VENDOR, "the return was answered with no return or another order's")
        return _trusted(orders.order_return, done.made, order)

    async def _opened_by(self, order: str, mark: str, told: tuple[wire.Told, ...]) -> Return:
        """The return that `mark` opened after all, when the same action was sent twice; else the refusal."""
        after = (await self._sent(self._one(order))).order
        ours = [row for row in after.returns.nodes if row.is_marked(mark)] if after is not None else []
        if not ours:
            raise _refusal(told, "return")
        return _trusted(orders.order_return, ours[0], order)

    async def find_by_action(self, order: str, what: What, action_id: ActionId) -> Done | None:
        found, mark = (await self._one(order)).order, _mark(action_id)
        if found is None:
            return None
        proof = _proof(found, what, mark)
        if proof is None and mark in found.tags:
            raise VendorUnsure(VENDOR, f"the order carries the mark of {action_id} and no proof of it yet")
        return proof

    async def _finished(self, job: wire.WireJob) -> None:
        """Waits a few seconds for a job; whether it did its work is seen on the order itself."""
        for seconds in () if job.done else JOB_WAITS:
            await self._sleep(seconds)
            seen = (await self._sent(self._read(documents.JOB, {"id": job.id}, wire.FoundJob))).job
            if seen is None or seen.done:
                return

    async def _one(self, order: str) -> wire.OneOrder:
        if not _ORDER_ID.fullmatch(order):
            # Nothing has such an id; asking would be answered with an error instead of nothing.
            return wire.NO_ORDER
        found = await self._read(documents.ONE_ORDER, {"id": _gid("Order", order)}, wire.OneOrder)
        if found.order is not None and found.order.id != _gid("Order", order):
            raise VendorUnsure(VENDOR, "answered with another order")
        return found

    async def _before(self, order: str) -> wire.OneOrder:
        """The order as it is before a write; whatever goes wrong here, nothing was sent."""
        try:
            found = await self._one(order)
        except VendorUnsure:
            raise VendorDown(VENDOR, "could not be read before the write; nothing was sent") from None
        if found.order is None:
            raise VendorRefused(VENDOR, "no such order")
        return found

    async def _sent(self, reading: Awaitable[R]) -> R:
        """A read after a write was taken: whatever goes wrong with it, the write may have happened."""
        try:
            return await reading
        except VendorError as error:
            raise VendorUnsure(VENDOR, f"sent, then lost sight of it ({error.code})") from None

    async def _read(self, document: str, variables: Mapping[str, Any], model: type[W]) -> W:
        return await http.retrying(sleep=self._sleep)(self._send, document, variables, model)

    async def _send(
        self, document: str, variables: Mapping[str, Any], model: type[W], permit: Permit | None = None
    ) -> W:
        body = {"query": document, "variables": variables}
        response = await http.send(self._client, VENDOR, "POST", PATH, permit=permit, json=body)
        reply = http.parsed(VENDOR, response, wire.Reply)
        if reply.errors or reply.data is None:
            raise _failure(reply)
        try:
            return model.model_validate(reply.data)
        except ValidationError as error:
            raise VendorUnsure(VENDOR, f"unreadable answer: {error.error_count()} misfits") from None


def _ours(found: wire.OneOrder) -> Order | None:
    return None if found.order is None else _trusted(orders.order, found.order, found.returnable)


def _proof(found: wire.WireOrder, what: What, mark: str) -> Done | None:
    """What the action behind `mark` did, by what only its own request can have written."""
    order = _trusted(orders.order, found)
    match what:
        case "change_address":
            return Done(reference=order.id, at=order.updated_at) if mark in found.tags else None
        case "cancel":
            note = None if found.cancellation is None else found.cancellation.staffNote
            is_ours = note == mark and order.cancelled_at is not None
            return Done(reference=order.id, at=order.cancelled_at or order.updated_at) if is_ours else None
        case "open_return":
            ours = [row for row in found.returns.nodes if row.is_marked(mark)]
            made = _trusted(orders.order_return, ours[0], order.id) if ours else None
            return None if made is None else Done(reference=made.id, at=made.opened_at)
        case _:
            assert_never(what)


def _trusted(turn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What an answer means, or VendorUnsure when it means nothing we know."""
    try:
        return turn(*args, **kwargs)
    except ValueError as error:
        raise VendorUnsure(VENDOR, f"unreadable answer ({type(error).__name__})") from None


def _refusal(told: tuple[wire.Told, ...], what: str) -> VendorRefused:
    codes = ", ".join(sorted({error.code or "INVALID" for error in told}))
    return VendorRefused(VENDOR, f"the {what} was refused ({codes})")


def _failure(reply: wire.Reply) -> VendorError:
    """What top-level errors mean: throttled and refused ones ran nothing, any other may have."""
    codes = {str(error.extensions.get("code", "")) for error in reply.errors}
    said = f"answered with errors ({', '.join(sorted(codes - {''})) or 'no code'})"
    if reply.data is None and codes == {"THROTTLED"}:
        return VendorBusy(VENDOR, said, retry_after=_refilled_in(reply.extensions.cost))
    if reply.data is None and codes and codes <= _REFUSALS:
        return VendorRefused(VENDOR, said)
    return VendorUnsure(VENDOR, said)


def _refilled_in(cost: wire.Cost | None) -> float | None:
    """Seconds until the bucket holds enough for the same request again."""
    if cost is None or cost.throttleStatus.restoreRate <= 0:
        return None
    short = cost.requestedQueryCost - cost.throttleStatus.currentlyAvailable
    return round(max(short, 0) / cost.throttleStatus.restoreRate, 3)


def _gid(kind: str, number: str) -> str:
    return f"gid://shopify/{kind}/{number}"


def _mark(action_id: ActionId) -> str:
    return f"{orders.MARK}{action_id}"
