"""Stripe behind the billing port, through its own SDK; the same in the sandbox and in production."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from core.actions import Permit
from core.clock import Clock
from core.errors import VendorRefused, VendorUnsure
from core.ids import ActionId, is_id
from core.money import Money
from tools import http
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
from tools.billing.stripe_client import VENDOR, Page, Requests
from tools.billing.stripe_hooks import of_event
from tools.billing.stripe_wire import (
    ACTION,
    ChargeWire,
    CreditWire,
    CustomerWire,
    DisputeWire,
    EventWire,
    InvoiceWire,
    PortalWire,
    PriceWire,
    RefundWire,
    SubscriptionWire,
    comment,
    read,
)
from tools.hooks import Hint

PREVIEW = "/v1/invoices/create_preview"
_PLAN = "items.data.price.product"
# What is asked for when webhooks may have been lost: few enough in a quarter of an hour to be read whole.
_POLLED = ["refund.failed", "refund.updated", "charge.dispute.created", "charge.dispute.closed"]


class Stripe:
    """The billing port on Stripe. Reads are tried three times; writes once, under the permit's key."""

    vendor = VENDOR

    def __init__(self, client: httpx.AsyncClient, *, clock: Clock, return_url: str | None = None) -> None:
        self._client = client
        self._ask = Requests(client)
        self._clock = clock
        self._return_url = return_url

    @classmethod
    def open(
        cls,
        key: SecretStr,
        *,
        clock: Clock,
        base_url: str = "https://api.stripe.com",
        return_url: str | None = None,
        timeout: httpx.Timeout = http.TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> "Stripe":
        """An adapter with a client of its own; `close` it."""
        bearer = SecretStr(f"Bearer {key.get_secret_value()}")
        client = http.client(
            VENDOR,
            base_url=base_url,
            auth={"Authorization": bearer},
            timeout=timeout,
            is_read=http.post_reads(PREVIEW),
            transport=transport,
        )
        return cls(client, clock=clock, return_url=return_url)

    async def close(self) -> None:
        """Gives the connections back."""
        await self._client.aclose()

    async def find_customer(self, external_id: str) -> str | None:
        """The customer whose metadata carries this external id; two of them are none."""
        if not is_id(external_id):
            return None
        query = f"metadata['external_id']:'{external_id}'"
        rows = await self._ask.read(lambda c: c.v1.customers.search_async({"query": query, "limit": 2}))
        found = [read(CustomerWire, row) for row in (rows or {}).get("data", [])]
        # The search index is no proof: the object itself must carry the id.
        ours = [row.id for row in found if row.metadata.get("external_id") == external_id]
        return ours[0] if len(ours) == 1 else None

    async def customer_email(self, customer: str) -> str | None:
        row = await self._ask.one(CustomerWire, lambda c: c.v1.customers.retrieve_async(customer))
        return row.email if row else None

    async def charges(self, customer: str) -> Sequence[Charge]:
        rows = await self._ask.all(
            ChargeWire, lambda c, page: c.v1.charges.list_async(_paged(page, customer=customer))
        )
        return [await self._with_disputes(row) for row in rows]

    async def charge(self, charge: str) -> Charge | None:
        row = await self._ask.one(ChargeWire, lambda c: c.v1.charges.retrieve_async(charge))
        return await self._with_disputes(row) if row else None

    async def _with_disputes(self, row: ChargeWire) -> Charge:
        if not row.disputed:
            return row.charge([])
        disputes = await self._ask.all(
            DisputeWire, lambda c, page: c.v1.disputes.list_async(_paged(page, charge=row.id))
        )
        return row.charge(disputes)

    async def changed_since(self, since: datetime) -> Sequence[Hint]:
        """Stripe's own record of the events it sent; it keeps them for thirty days."""
        wanted: Any = {"created": {"gte": int(since.timestamp())}, "types": _POLLED}
        rows = await self._ask.all(EventWire, lambda c, page: c.v1.events.list_async(_paged(page, **wanted)))
        return [found for row in rows if (found := of_event(row.model_dump())) is not None]

    async def refunds(self, charge: str) -> Sequence[Refund]:
        rows = await self._ask.all(
            RefundWire, lambda c, page: c.v1.refunds.list_async(_paged(page, charge=charge))
        )
        return [row.refund() for row in rows]

    async def refunds_since(self, at: datetime) -> Sequence[Refund]:
        since = {"gte": int(at.timestamp())}
        rows = await self._ask.all(
            RefundWire, lambda c, page: c.v1.refunds.list_async(_paged(page, created=since))
        )
        return [row.refund() for row in rows]

    async def invoices(self, customer: str) -> Sequence[Invoice]:
        rows = await self._ask.all(
            InvoiceWire, lambda c, page: c.v1.invoices.list_async(_paged(page, customer=customer))
        )
        return [row.invoice() for row in rows]

    async def invoice(self, invoice: str) -> Invoice | None:
        row = await self._ask.one(InvoiceWire, lambda c: c.v1.invoices.retrieve_async(invoice))
        return row.invoice() if row else None

    async def subscriptions(self, customer: str) -> Sequence[Subscription]:
        """Every subscription, ended ones too, newest first."""
        rows = await self._ask.all(
            SubscriptionWire,
            lambda c, page: c.v1.subscriptions.list_async(_paged(page, customer=customer, status="all")),
        )
        # Stripe expands four levels at most, so a list cannot bring the product's name along.
        found = [await self.subscription(row.id) for row in rows]
        return [subscription for subscription in found if subscription is not None]

    async def subscription(self, subscription: str) -> Subscription | None:
        row = await self._ask.one(
            SubscriptionWire, lambda c: c.v1.subscriptions.retrieve_async(subscription, {"expand": [_PLAN]})
        )
        return row.subscription() if row else None

    async def plans(self) -> Sequence[Plan]:
        """What can be bought now, cheapest first."""
        rows = await self._ask.all(
            PriceWire,
            lambda c, page: c.v1.prices.list_async(
                _paged(page, active=True, type="recurring", expand=["data.product"])
            ),
        )
        plans = [plan for row in rows if (plan := row.plan()) is not None]
        return sorted(plans, key=lambda plan: (plan.interval, plan.amount))

    async def preview_change(self, subscription: Subscription, price: str) -> ChangePreview:
        found = await self._ask.one(PriceWire, lambda c: c.v1.prices.retrieve_async(price))
        new = found.plan(quantity=subscription.quantity) if found else None
        if new is None:
            raise VendorRefused(VENDOR, "no such price")
        row = await self._ask.one(
            InvoiceWire,
            lambda c: c.v1.invoices.create_preview_async(
                {
                    "customer": subscription.customer,
                    "subscription": subscription.id,
                    "subscription_details": {
                        "items": [{"id": subscription.item, "price": price}],
                        "proration_behavior": "always_invoice",
                    },
                }
            ),
        )
        if row is None:
            raise VendorRefused(VENDOR, "no such subscription")
        return ChangePreview(
            due_now=row.total, next_amount=new.amount, currency=row.currency, at=self._clock.now()
        )

    async def balance_changes(self, customer: str) -> Sequence[BalanceChange]:
        rows = await self._ask.all(
            CreditWire, lambda c, page: c.v1.customers.balance_transactions.list_async(customer, _paged(page))
        )
        return [row.change() for row in rows]

    async def find_refund(self, charge: str, action_id: ActionId) -> Refund | None:
        return next((r for r in await self.refunds(charge) if r.action_id == action_id), None)

    async def refund(self, charge: str, money: Money, reason: str, permit: Permit) -> Refund:
        """Refunds exactly this amount; an answer about anything else is VendorUnsure."""
        params: Any = {
            "charge": charge,
            # Left out, the amount would be all that is left.
            "amount": money.amount,
            "reason": reason,
            "metadata": {ACTION: permit.action_id},
        }
        row = await self._ask.write(
            RefundWire, permit, lambda c, options: c.v1.refunds.create_async(params, options)
        )
        done = row.refund()
        _must_be(
            (done.charge, done.amount, done.currency, done.action_id),
            (charge, money.amount, money.currency, permit.action_id),
        )
        match done.status:
            case "succeeded" | "pending":
                return done
            case "failed" | "canceled":
                raise VendorRefused(VENDOR, f"the refund {done.status}")
            case _:
                raise VendorUnsure(VENDOR, "the refund is in a state we do not know")

    async def cancel(
        self, subscription: str, *, when: Literal["period_end", "now"], permit: Permit
    ) -> Subscription:
        if when == "period_end":
            done = await self._update(subscription, {"cancel_at_period_end": True}, permit)
            _must_be(done.cancel_at_period_end, True)
            return done
        params: Any = {"cancellation_details": {"comment": comment(permit.action_id)}, "expand": [_PLAN]}
        row = await self._ask.write(
            SubscriptionWire,
            permit,
            lambda c, options: c.v1.subscriptions.cancel_async(subscription, params, options),
        )
        done = row.subscription()
        _must_be((done.id, done.status), (subscription, "canceled"))
        return done

    async def resume(self, subscription: str, permit: Permit) -> Subscription:
        done = await self._update(subscription, {"cancel_at_period_end": False}, permit)
        _must_be(done.cancel_at_period_end, False)
        return done

    async def change_plan(self, subscription: Subscription, price: str, permit: Permit) -> Subscription:
        """Changes the price now and invoices the difference; nothing changes if the card is declined."""
        change = {
            "items": [{"id": subscription.item, "price": price}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        }
        done = await self._update(subscription.id, change, permit)
        _must_be(done.plan.price, price)
        return done

    async def _update(self, subscription: str, change: dict[str, Any], permit: Permit) -> Subscription:
        params: Any = {**change, "metadata": {ACTION: permit.action_id}, "expand": [_PLAN]}
        row = await self._ask.write(
            SubscriptionWire,
            permit,
            lambda c, options: c.v1.subscriptions.update_async(subscription, params, options),
        )
        done = row.subscription()
        _must_be((done.id, done.last_action_id), (subscription, permit.action_id))
        return done

    async def credit(self, customer: str, money: Money, permit: Permit) -> BalanceChange:
        params: Any = {
            "amount": -money.amount,
            "currency": money.currency,
            "metadata": {ACTION: permit.action_id},
        }
        row = await self._ask.write(
            CreditWire,
            permit,
            lambda c, options: c.v1.customers.balance_transactions.create_async(customer, params, options),
        )
        done = row.change()
        _must_be((row.customer, done.amount, done.currency), (customer, money.amount, money.currency))
        return done

    async def payment_link(self, customer: str, permit: Permit) -> str:
        params: Any = {"customer": customer, "flow_data": {"type": "payment_method_update"}}
        if self._return_url is not None:
            params["return_url"] = self._return_url
        row = await self._ask.write(
            PortalWire, permit, lambda c, options: c.v1.billing_portal.sessions.create_async(params, options)
        )
        _must_be((row.customer, row.url.startswith("https://")), (customer, True))
        return row.url

    async def send_invoice(self, invoice: str, permit: Permit) -> Sent:
        row = await self._ask.write(
            InvoiceWire, permit, lambda c, options: c.v1.invoices.send_invoice_async(invoice, {}, options)
        )
        _must_be(row.id, invoice)
        return Sent(id=row.id, at=self._clock.now())


def _paged(page: Page, **more: object) -> Any:
    """Parameters of a list, in the SDK's own type whichever list it is."""
    return {**more, **page}


def _must_be(told: object, asked: object) -> None:
    """An answer about another object, amount or state is no answer."""
    if told != asked:
        raise VendorUnsure(VENDOR, "the answer is not about what was asked")
