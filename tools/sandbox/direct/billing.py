"""Billing straight on the world: the Stripe door's own handlers, without HTTP and without the SDK."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from core.actions import Permit
from core.errors import VendorRefused, VendorUnsure
from core.ids import ActionId, is_id
from core.money import Money
from tools.billing.port import (
    BalanceChange,
    ChangePreview,
    Charge,
    Invoice,
    Plan,
    Refund,
    Sent,
    Subscription,
)
from tools.billing.stripe_wire import (
    ACTION,
    ChargeWire,
    CreditWire,
    CustomerWire,
    DisputeWire,
    InvoiceWire,
    PortalWire,
    PriceWire,
    RefundWire,
    SubscriptionWire,
    comment,
    read,
)
from tools.sandbox.direct.line import Line
from tools.sandbox.stripe.call import Call
from tools.sandbox.stripe.door import ROUTES
from tools.sandbox.stripe.errors import Refusal
from tools.sandbox.stripe.form import Params
from tools.sandbox.stripe.idempotency import Keys, Saved, request_text
from tools.sandbox.world import Change

_DEEP = {"expand": ["items.data.price.product"]}
_MOST = "100"


class DirectBilling:
    """The Billing port; answers are read by the adapter's own strict types."""

    vendor = "stripe"

    def __init__(self, line: Line) -> None:
        self._line = line
        self._keys = Keys()

    async def find_customer(self, external_id: str) -> str | None:
        if not is_id(external_id):
            return None
        query = f"metadata['external_id']:'{external_id}'"
        rows = (self._get("/v1/customers/search", query=query, limit="2") or {})["data"]
        return rows[0]["id"] if len(rows) == 1 else None

    async def customer_email(self, customer: str) -> str | None:
        row = self._get("/v1/customers/{id}", id=customer)
        return read(CustomerWire, row).email if row else None

    async def charges(self, customer: str) -> Sequence[Charge]:
        return [self._charge(row) for row in self._list("/v1/charges", customer=customer)]

    async def charge(self, charge: str) -> Charge | None:
        row = self._get("/v1/charges/{id}", id=charge)
        return self._charge(row) if row else None

    def _charge(self, row: Mapping[str, Any]) -> Charge:
        wire = read(ChargeWire, row)
        disputes = self._list("/v1/disputes", charge=wire.id) if wire.disputed else []
        return wire.charge([read(DisputeWire, d) for d in disputes])

    async def refunds(self, charge: str) -> Sequence[Refund]:
        return [read(RefundWire, row).refund() for row in self._list("/v1/refunds", charge=charge)]

    async def refunds_since(self, at: datetime) -> Sequence[Refund]:
        rows = self._list("/v1/refunds", created={"gte": str(int(at.timestamp()))})
        return [read(RefundWire, row).refund() for row in rows]

    async def invoices(self, customer: str) -> Sequence[Invoice]:
        return [read(InvoiceWire, row).invoice() for row in self._list("/v1/invoices", customer=customer)]

    async def invoice(self, invoice: str) -> Invoice | None:
        row = self._get("/v1/invoices/{id}", id=invoice)
        return read(InvoiceWire, row).invoice() if row else None

    async def subscriptions(self, customer: str) -> Sequence[Subscription]:
        rows = self._list("/v1/subscriptions", customer=customer, status="all")
        found = [await self.subscription(row["id"]) for row in rows]
        return [subscription for subscription in found if subscription is not None]

    async def subscription(self, subscription: str) -> Subscription | None:
        row = self._get("/v1/subscriptions/{id}", id=subscription, **_DEEP)
        return read(SubscriptionWire, row).subscription() if row else None

    async def plans(self) -> Sequence[Plan]:
        rows = self._list("/v1/prices", active="true", type="recurring", expand=["data.product"])
        plans = [plan for row in rows if (plan := read(PriceWire, row).plan()) is not None]
        return sorted(plans, key=lambda plan: (plan.interval, plan.amount))

    async def preview_change(self, subscription: Subscription, price: str) -> ChangePreview:
        found = self._get("/v1/prices/{id}", id=price)
        new = read(PriceWire, found).plan(quantity=subscription.quantity) if found else None
        if new is None:
            raise VendorRefused(self.vendor, "no such price")
        tree = {
            "customer": subscription.customer,
            "subscription": subscription.id,
            "subscription_details": {
                "items": [{"id": subscription.item, "price": price}],
                "proration_behavior": "always_invoice",
            },
        }
        change = self._line.records
        told = read(InvoiceWire, _asked(change, "POST", "/v1/invoices/create_preview", {}, tree))
        return ChangePreview(
            due_now=told.total, next_amount=new.amount, currency=told.currency, at=change.now
        )

    async def balance_changes(self, customer: str) -> Sequence[BalanceChange]:
        rows = self._list("/v1/customers/{id}/balance_transactions", id=customer)
        return [read(CreditWire, row).change() for row in rows]

    async def find_refund(self, charge: str, action_id: ActionId) -> Refund | None:
        return next((r for r in await self.refunds(charge) if r.action_id == action_id), None)

    async def refund(self, charge: str, money: Money, reason: str, permit: Permit) -> Refund:
        tree = {"charge": charge, "amount": str(money.amount), "reason": reason, **_marked(permit)}
        done = read(RefundWire, await self._post("/v1/refunds", permit, tree)).refund()
        _must_be(
            (done.charge, done.amount, done.currency, done.action_id),
            (charge, money.amount, money.currency, permit.action_id),
        )
        return done

    async def cancel(
        self, subscription: str, *, when: Literal["period_end", "now"], permit: Permit
    ) -> Subscription:
        path = "/v1/subscriptions/{id}"
        if when == "period_end":
            return await self._update(subscription, {"cancel_at_period_end": "true"}, permit)
        tree = {"cancellation_details": {"comment": comment(permit.action_id)}, **_DEEP}
        row = await self._write("DELETE", path, permit, tree, id=subscription)
        return read(SubscriptionWire, row).subscription()

    async def resume(self, subscription: str, permit: Permit) -> Subscription:
        return await self._update(subscription, {"cancel_at_period_end": "false"}, permit)

    async def change_plan(self, subscription: Subscription, price: str, permit: Permit) -> Subscription:
        change = {
            "items": [{"id": subscription.item, "price": price}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        }
        return await self._update(subscription.id, change, permit)

    async def _update(self, subscription: str, change: dict[str, Any], permit: Permit) -> Subscription:
        tree = {**change, **_marked(permit), **_DEEP}
        row = await self._post("/v1/subscriptions/{id}", permit, tree, id=subscription)
        return read(SubscriptionWire, row).subscription()

    async def credit(self, customer: str, money: Money, permit: Permit) -> BalanceChange:
        tree = {"amount": str(-money.amount), "currency": money.currency, **_marked(permit)}
        path = "/v1/customers/{id}/balance_transactions"
        return read(CreditWire, await self._post(path, permit, tree, id=customer)).change()

    async def payment_link(self, customer: str, permit: Permit) -> str:
        tree = {"customer": customer, "flow_data": {"type": "payment_method_update"}}
        return read(PortalWire, await self._post("/v1/billing_portal/sessions", permit, tree)).url

    async def send_invoice(self, invoice: str, permit: Permit) -> Sent:
        row = await self._post("/v1/invoices/{id}/send", permit, {}, id=invoice)
        return Sent(id=read(InvoiceWire, row).id, at=self._line.records.now)

    def _get(self, path: str, **asked: Any) -> Mapping[str, Any] | None:
        ids = {"id": asked.pop("id")} if "id" in asked else {}
        records = self._line.ask(f"GET {path.format(**ids)}?{urlencode(asked)}")
        try:
            return ROUTES["GET", path](Call(records, Params(asked), ids))
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise VendorRefused(self.vendor, str(refusal)) from None

    def _list(self, path: str, **asked: Any) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = (self._get(path, **asked, limit=_MOST) or {"data": ()})["data"]
        return found

    async def _post(self, path: str, permit: Permit, tree: dict[str, Any], **ids: str) -> Mapping[str, Any]:
        return await self._write("POST", path, permit, tree, **ids)

    async def _write(
        self, method: str, path: str, permit: Permit, tree: dict[str, Any], **ids: str
    ) -> Mapping[str, Any]:
        what = f"{method} {path.format(**ids)}?\n{urlencode(tree)}"
        async with self._line.write(what, permit) as change:
            told = self._under_key(change, method, path, permit, tree, ids)
        if told.status != 200:
            raise VendorRefused(self.vendor, "refused")
        answer: Mapping[str, Any] = json.loads(told.body)
        return answer

    def _under_key(
        self,
        change: Change,
        method: str,
        path: str,
        permit: Permit,
        tree: dict[str, Any],
        ids: Mapping[str, str],
    ) -> Saved:
        key, text = permit.idempotency_key, request_text(method, path.format(**ids), tree)
        try:
            saved = self._keys.saved(change, key, text) if method == "POST" else None
        except Refusal:
            raise VendorUnsure(self.vendor, "the idempotency key was used with other parameters") from None
        if saved is not None:
            return saved
        changed, effects = dict(change.changed), list(change.effects)
        try:
            told = Saved(200, json.dumps(_asked(change, method, path, ids, tree)), "req_direct")
        except Refusal as refusal:
            if not refusal.kept:
                raise VendorRefused(self.vendor, str(refusal)) from None
            change.changed, change.effects = changed, effects
            told = Saved(refusal.status, "{}", "req_direct")
        if method == "POST":
            self._keys.save(change, key, text, told)
        return told


def _asked(
    change: Change, method: str, path: str, ids: Mapping[str, str], tree: Mapping[str, Any]
) -> Mapping[str, Any]:
    return ROUTES[method, path](Call(change, Params(tree), ids))


def _marked(permit: Permit) -> dict[str, Any]:
    return {"metadata": {ACTION: permit.action_id}}


def _must_be(told: object, asked: object) -> None:
    if told != asked:
        raise VendorUnsure("stripe", "the answer is not about what was asked")
