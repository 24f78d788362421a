"""Webhooks as rows: checked, stored once, then answered; what to do about one is a job that reads the object anew."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from approvals.parts import Parts
from core.errors import Invalid, NotFound
from service.parts import ServiceParts
from store.columns import table
from store.tables.hooks import WebhookRow
from store.work import Work
from tools.billing import stripe_hooks
from tools.desk import zendesk_hooks
from tools.hooks import Hint
from tools.identity import okta_hooks
from tools.orders import shopify_hooks

log = logging.getLogger("remit.hooks")
_WEBHOOK = table(WebhookRow)
Verify = Callable[[bytes, Mapping[str, str], Sequence[SecretStr], datetime], Sequence[Hint]]
HOOKS: Mapping[str, Verify] = {
    "stripe": stripe_hooks.verified,
    "zendesk": zendesk_hooks.verified,
    "shopify": shopify_hooks.verified,
    "okta": okta_hooks.verified,
}
# Longer than any vendor repeats a delivery, and than the thirty days a refund may take to fail.
KEPT = timedelta(days=45)
LOST_AFTER = timedelta(minutes=10)
MOST_TRIES = 10


def checked(vendor: str, raw: bytes, headers: Mapping[str, str], parts: ServiceParts) -> Sequence[Hint]:
    """What a webhook hints at; raises NotFound for a vendor without hooks, Invalid for one not signed by it."""
    if vendor not in HOOKS:
        raise NotFound(f"There are no webhooks of {vendor!r} here; known: {', '.join(HOOKS)}.")
    return HOOKS[vendor](raw, headers, secrets_of(vendor, parts), parts.clock.now())


def secrets_of(vendor: str, parts: ServiceParts) -> Sequence[SecretStr]:
    """The secrets in force; raises Invalid when there is none: then nothing can be believed."""
    secrets = parts.hook_secrets.get(vendor, ())
    if not secrets:
        raise Invalid(f"No webhook secret of {vendor} is set here; see docs/webhooks.md.")
    return secrets


async def keep(hints: Sequence[Hint], parts: Parts, *, came_by: str = "webhook") -> int:
    """Stores what is new, each with the job that looks at its object, in one transaction; how many were new."""
    if not hints:
        return 0
    async with parts.store.begin() as work:
        return sum([await _keep(work, hint, parts, came_by) for hint in hints])


async def _keep(work: Work, hint: Hint, parts: Parts, came_by: str) -> bool:
    row = {
        "vendor": hint.vendor,
        "event_id": hint.event_id,
        "kind": hint.kind,
        "object": hint.object,
        "came_by": came_by,
        "deliveries": 1,
        "state": "waiting",
        "tries": 0,
        "vendor_at": hint.at,
        "at": work.now,
    }
    if await work.insert_once(insert(WebhookRow).values(**row)):
        await _owe_look(work, hint.vendor, hint.object, parts)
        return True
    w = _WEBHOOK.c
    same = (w.vendor == hint.vendor) & (w.event_id == hint.event_id)
    await work.run(update(_WEBHOOK).where(same).values(deliveries=w.deliveries + 1))
    return False


async def _owe_look(work: Work, vendor: str, thing: str, parts: Parts) -> None:
    # Ten events of one object are one look: what counts is how the object is now.
    await parts.jobs.defer(
        work,
        "look_at_object",
        lock=f"{vendor}:{thing}",
        once=f"look:{vendor}:{thing}",
        vendor=vendor,
        thing=thing,
    )


async def done(vendor: str, thing: str, until: datetime, parts: Parts) -> None:
    """Closes what was known of an object before it was read."""
    w = _WEBHOOK.c
    seen = (w.vendor == vendor) & (w.object == thing) & (w.state == "waiting") & (w.at <= until)
    async with parts.store.begin() as work:
        await work.run(update(_WEBHOOK).where(seen).values(state="done", done_at=work.now))


async def look_again(parts: Parts) -> int:
    """Events whose job was lost or failed get another one, and are set aside after ten; how many objects it were."""
    w = _WEBHOOK.c
    async with parts.store.begin() as work:
        left = (w.state == "waiting") & (w.at <= work.now - LOST_AFTER * (w.tries + 1))
        spent = await work.conn.execute(
            update(_WEBHOOK)
            .where(left, w.tries >= MOST_TRIES)
            .values(state="set_aside", done_at=work.now)
            .returning(w.vendor, w.event_id)
        )
        for vendor, event_id in spent:
            log.error("event %s of %s is set aside after %s tries", event_id, vendor, MOST_TRIES)
            work.audit("webhook.set_aside", vendor=vendor, event=event_id)
        query = select(w.vendor, w.object).where(left).distinct().limit(200)
        things = list((await work.conn.execute(query)).all())
        for vendor, thing in things:
            mine = (w.vendor == vendor) & (w.object == thing) & (w.state == "waiting")
            await work.run(update(_WEBHOOK).where(mine).values(tries=w.tries + 1))
            await _owe_look(work, vendor, thing, parts)
    return len(things)


async def forget(parts: Parts) -> int:
    """Drops events older than forty-five days; how many."""
    w = _WEBHOOK.c
    async with parts.store.begin() as work:
        old = (w.at < work.now - KEPT) & (w.state != "waiting")
        return await work.run(delete(_WEBHOOK).where(old))


async def waiting(parts: Parts) -> Mapping[str, int]:
    """How many events of each vendor wait to be looked at, and under "set aside" how many nobody could."""
    w = _WEBHOOK.c
    query = select(w.vendor, w.state, func.count()).where(w.state != "done").group_by(w.vendor, w.state)
    async with parts.store.begin() as work:
        rows = (await work.conn.execute(query)).all()
    return {vendor if state == "waiting" else f"{vendor} set aside": n for vendor, state, n in rows}
