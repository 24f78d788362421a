"""Which events a change of the world is to its vendors, in the shapes of their webhooks."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.sandbox.okta import render as okta
from tools.sandbox.okta.log import EVENT as OKTA_EVENT
from tools.sandbox.stripe import render as stripe
from tools.sandbox.world import Change, Record

STRIPE_EVENT = "stripe.event"
# A seed writes the past of a customer; no vendor tells it again.
_LATELY = timedelta(minutes=1)


@dataclass(frozen=True)
class Notice:
    """One event to tell: `body` as the vendor shapes it, `topic` where the vendor names it in a header."""

    vendor: str
    event_id: str
    kind: str
    body: dict[str, Any]


def notices(change: Change) -> list[Notice]:
    """What this change is worth telling; Stripe's events are kept as records too, as Stripe keeps them."""
    return [
        notice
        for (kind, key), record in list(change.changed.items())
        if record is not None
        for notice in _of(change, kind, change.world.get(kind, key), record)
    ]


def _of(change: Change, kind: str, before: Record | None, record: Record) -> Iterator[Notice]:
    match kind:
        case "stripe.refund":
            if what := _refund_event(change, before, record):
                yield _stripe(change, what, stripe.refund(record))
        case "stripe.dispute" if before is None and _is_new(change, record["created"]):
            yield _stripe(change, "charge.dispute.created", stripe.dispute(record))
        case "zendesk.ticket" if before is not None and before["status"] != record["status"]:
            yield _ticket(change, before, record)
        case "shopify.order" if before is not None:
            shipped = len(record["fulfilments"]) > len(before["fulfilments"])
            yield _order(change, "orders/fulfilled" if shipped else "orders/updated", record)
        case _ if kind == OKTA_EVENT and before is None and _is_new(change, record["at"]):
            yield _okta(change, record)


def _refund_event(change: Change, before: Record | None, record: Record) -> str | None:
    if before is None:
        return "refund.created" if _is_new(change, record["created"]) else None
    if before["status"] == record["status"]:
        return None
    return "refund.failed" if record["status"] == "failed" else "refund.updated"


def _is_new(change: Change, at: int | str) -> bool:
    then = (
        datetime.fromtimestamp(at, change.now.tzinfo) if isinstance(at, int) else datetime.fromisoformat(at)
    )
    return change.now - then < _LATELY


def _stripe(change: Change, kind: str, about: dict[str, Any]) -> Notice:
    event_id = f"evt_{uuid.uuid4().hex[:24]}"
    body = {
        "id": event_id,
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(change.now.timestamp()),
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
    change.put(STRIPE_EVENT, event_id, body)
    return Notice("stripe", event_id, kind, body)


def _ticket(change: Change, before: Record, record: Record) -> Notice:
    event_id, kind = str(uuid.uuid4()), "zen:event-type:ticket.status_changed"
    body = {
        "account_id": 12345678,
        "detail": {"id": str(record["id"]), "status": record["status"].upper(), "tags": record["tags"]},
        "event": {"current": record["status"].upper(), "previous": before["status"].upper()},
        "id": event_id,
        "subject": f"zen:ticket:{record['id']}",
        "time": change.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "type": kind,
        "zendesk_event_version": "2022-11-06",
    }
    return Notice("zendesk", event_id, kind, body)


def _order(change: Change, topic: str, record: Record) -> Notice:
    body = {
        "id": int(record["id"]),
        "admin_graphql_api_id": f"gid://shopify/Order/{record['id']}",
        "name": f"#{record['number']}",
        "updated_at": record["updated_at"],
        "fulfillment_status": "fulfilled" if record["fulfilments"] else None,
    }
    return Notice("shopify", str(uuid.uuid4()), topic, body)


def _okta(change: Change, record: Record) -> Notice:
    event_id = str(uuid.uuid4())
    body = {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": "https://example.okta.example.com/api/v1/eventHooks/whosandbox",
        "eventId": event_id,
        "data": {"events": [okta.event(record)]},
        "eventTime": change.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "contentType": "application/json",
    }
    return Notice("okta", event_id, record["type"], body)
