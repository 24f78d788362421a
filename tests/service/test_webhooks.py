"""Webhooks on the whole system: what vendors tell becomes true here, be it twice, late or never (F10, F19, F20)."""

import asyncio
import json
import uuid
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from sqlalchemy import text

from agent.closing import reopen
from service.actors import Colleague, Customer, Refused
from service.app import create_app
from service.build import House, house
from service.database import Database
from service.demo import ensure_logins, host_app
from service.hook_looks import look
from service.hook_polls import poll
from service.run import serve_until_stopped
from service.settings import load
from service.webhooks import keep
from store import audit
from tools.hooks import Hint
from tools.sandbox.webhooks.events import Notice
from tools.sandbox.webhooks.sign import headers, secret_for

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Served:
    """A whole service on its own databases, with a worker, that hears its sandbox's webhooks."""

    house: House
    url: str
    colleague: Colleague
    app: Any

    async def happens(self, what: str, thing: str, value: str = "") -> None:
        await self._admin("POST", "/happen", {"what": what, "object": thing, "value": value})

    async def plan(self, vendor: str, event: str, kind: str) -> None:
        order = {"vendor": vendor, "path_contains": event, "kind": kind, "retry_after": 0.3}
        await self._admin("POST", "/faults", order)

    async def _admin(self, method: str, path: str, body: dict[str, Any]) -> Any:
        assert self.house.sandbox is not None
        return await self.house.sandbox.admin(method, path, json=body)

    async def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self.house.service.store.begin() as work:
            return [tuple(row) for row in (await work.conn.execute(text(query), values)).all()]

    async def until(self, query: str, expected: Any, **values: Any) -> None:
        """Waits until the query's rows are these."""
        found: Any = None
        for _ in range(200):
            found = await self.rows(query, **values)
            if found == expected:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{query}: {found} instead of {expected}")

    @asynccontextmanager
    async def fresh(self, person: str) -> AsyncIterator[tuple[Customer, dict[str, str]]]:
        seeded = await self._admin("POST", "/seed", {"person": person, "suffix": uuid.uuid4().hex[:12]})
        async with Customer(self.app, self.house, seeded["external_id"], mailbox=seeded["email"]) as one:
            yield one, seeded["objects"] | {"charges": seeded["charges"]}

    async def refunded(self, customer: Customer) -> tuple[str, str]:
        """The customer's double charge, refunded for good: action and refund."""
        action_id = await self.held(customer)
        await self.colleague.decide(action_id, "approve")
        await customer.quiet()
        receipt = await customer.card("receipt")
        return action_id, str(receipt["reference"])

    async def held(self, customer: Customer) -> str:
        await customer.say("I was charged twice for order 1042, I want my money back")
        card = await customer.card("confirm")
        assert (await customer.confirm())["kind"] == "held"
        return str(card["action_id"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    names = [f"t_hooks_{uuid.uuid4().hex[:12]}" for _ in range(2)]
    with psycopg.connect(server, autocommit=True) as conn:
        for name, more in zip(names, (f" template {template}", ""), strict=True):
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)) + sql.SQL(more))  # type: ignore[arg-type]
    head, _, query = server.partition("?")
    at = [f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "") for name in names]
    settings = load(
        {"REMIT_HOME": str(tmp_path_factory.mktemp("hooks")), "REMIT_UNDO_SECONDS": "0"}, env_file=None
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        async with house(settings, demo=host_app(settings), database=Database(*at)) as built:
            stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
            serving = asyncio.create_task(
                serve_until_stopped(built, ready=ready.set_result, port=0, stop=stop)
            )
            ines = (await ensure_logins(built))[0]
            app = create_app(built.service)
            async with Colleague(app, ines.login, ines.password) as colleague:
                yield Served(built, await ready, colleague, app)
            stop.set()
            await serving
    with psycopg.connect(server, autocommit=True) as conn:
        for name in names:
            conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


STATE = "select state from action where id = :a"


async def test_f10_a_refund_that_fails_later_is_told_to_customer_and_queue_and_counted(
    served: Served,
) -> None:
    async with served.fresh("mara") as (customer, _):
        action_id, refund = await served.refunded(customer)
        await served.happens("refund_fails", refund)
        await served.until(STATE, [("needs_person",)], a=action_id)
        await customer.quiet()
        said = [e.body["text"] for e in await customer.events() if e.kind == "message"]
        assert [t for t in said if "did not arrive" in t] == [said[-2]]
        assert (await customer.card("refused"))["state"] == "failed"
        assert [h["conversation_id"] for h in await served.colleague.handed()].count(
            customer.conversation_id
        ) == 1
        assert await served.rows("select kind, by from late_error where action_id = :a", a=action_id) == [
            ("refund_failed", "webhook")
        ]
        await served.until(
            "select kind, state from outbox where key in (:m, :c) order by kind",
            [("mail", "sent"), ("ticket_comment", "sent")],
            m=f"mail:late:{action_id}",
            c=f"comment:late:{action_id}",
        )
    assert (await verified(served)).ok


async def verified(served: Served) -> audit.Verified:
    async with served.house.service.store.begin() as work:
        return await audit.verify(work.conn, None)


async def test_f20_the_same_event_a_hundred_times_is_one_event_and_one_consequence(served: Served) -> None:
    async with served.fresh("mara") as (customer, _):
        action_id, refund = await served.refunded(customer)
        await served.plan("stripe", "refund.failed", "webhook_twice")
        await served.happens("refund_fails", refund)
        await served.until(STATE, [("needs_person",)], a=action_id)
        charge = (await served.rows("select targets ->> 0 from action where id = :a", a=action_id))[0][0]
        event = Hint(vendor="stripe", event_id=f"evt_{action_id}", kind="refund.failed", object=charge)
        await asyncio.gather(*[keep([event], served.house.service.approvals) for _ in range(100)])
        await served.until(
            "select deliveries, state from webhook where event_id = :e", [(100, "done")], e=event.event_id
        )
        await customer.quiet()
        said = [e.body["text"] for e in await customer.events() if e.kind == "message"]
        assert sum("did not arrive" in t for t in said) == 1
        assert await served.rows("select count(*) from late_error where action_id = :a", a=action_id) == [
            (1,)
        ]


async def test_f20_a_lost_event_is_found_by_asking_and_a_late_one_changes_nothing_more(
    served: Served,
) -> None:
    async with served.fresh("mara") as (customer, _):
        action_id, refund = await served.refunded(customer)
        await served.plan("stripe", "refund.failed", "webhook_lost")
        await served.happens("refund_fails", refund)
        house = served.house.service.approvals
        await customer.quiet()
        assert await served.rows(STATE, a=action_id) == [("executed",)]
        assert await poll(house) >= 1
        await served.until(STATE, [("needs_person",)], a=action_id)
        polled = "select count(*) from webhook where vendor = 'stripe' and came_by = 'poll'"
        known = await served.rows(polled)
        await poll(house)
        assert await served.rows(polled) == known
        charge = (await served.rows("select targets ->> 0 from action where id = :a", a=action_id))[0][0]
        before = len(await customer.events())
        await look("stripe", charge, served.house.service.agent)
        assert len(await customer.events()) == before


async def test_f20_events_in_any_order_end_in_the_same_state(served: Served) -> None:
    """`refund.failed` told before `refund.created`, and before anything was executed here: only what is true now counts."""
    async with served.fresh("mara") as (customer, objects):
        for charge in objects["charges"]:
            early = [
                Hint(vendor="stripe", event_id=f"evt_{kind}_{charge}", kind=kind, object=f"charge:{charge}")
                for kind in ("refund.failed", "charge.dispute.closed", "refund.created")
            ]
            await keep(early, served.house.service.approvals)
        action_id, _ = await served.refunded(customer)
        await served.until(
            "select count(*) from webhook where state = 'waiting' and object = any(:o)",
            [(0,)],
            o=[f"charge:{c}" for c in objects["charges"]],
        )
        assert await served.rows(STATE, a=action_id) == [("executed",)]


async def test_our_mark_on_a_strangers_refund_reopens_nothing(served: Served) -> None:
    async with served.fresh("mara") as (customer, _):
        action_id, refund = await served.refunded(customer)
        await served.rows(
            "update action set receipt = jsonb_set(receipt, '{reference}', '\"re_another\"') where id = :a returning 1",
            a=action_id,
        )
        await served.happens("refund_fails", refund)
        await served.until(
            "select state from webhook where kind = 'refund.failed' and object = "
            "(select targets ->> 0 from action where id = :a)",
            [("done",)],
            a=action_id,
        )
        assert await served.rows(STATE, a=action_id) == [("executed",)]


async def test_a_dispute_ends_what_waits_for_that_charge_and_the_customer_hears_why(served: Served) -> None:
    async with served.fresh("mara") as (customer, _):
        action_id = await served.held(customer)
        charge = (await served.rows("select targets ->> 0 from action where id = :a", a=action_id))[0][0]
        await served.happens("dispute_opens", charge.removeprefix("charge:"))
        await served.until(STATE, [("refused",)], a=action_id)
        await customer.quiet()
        assert "disputed" in (await customer.card("refused"))["text"]
        with pytest.raises(Refused) as late:
            await served.colleague.decide(action_id, "approve")
        assert late.value.status == 409
        assert await served.house.sandbox.effects(customer.id) == []  # type: ignore[union-attr]


async def test_a_dispute_after_our_refund_counts_against_it(served: Served) -> None:
    async with served.fresh("mara") as (customer, _):
        action_id, _refund = await served.refunded(customer)
        charge = (await served.rows("select targets ->> 0 from action where id = :a", a=action_id))[0][0]
        await served.happens("dispute_opens", charge.removeprefix("charge:"))
        await served.until("select kind from late_error where action_id = :a", [("dispute",)], a=action_id)
        assert await served.rows(STATE, a=action_id) == [("executed",)]


async def test_an_order_that_ships_is_not_cancelled_by_who_waits_for_it(served: Served) -> None:
    async with served.fresh("wanda") as (customer, objects):
        await customer.say("cancel order 1140 please")
        card, key = await customer.card("confirm"), objects["order 1140"]
        assert (await customer.confirm())["kind"] == "held"
        await served.happens("order_ships", key)
        await served.until(STATE, [("refused",)], a=card["action_id"])


async def test_a_ticket_solved_at_the_desk_closes_and_one_opened_again_goes_to_a_person(
    served: Served,
) -> None:
    async with served.fresh("mara") as (customer, _):
        await customer.ask_for_person()
        await customer.quiet()
        conversation = {"c": customer.conversation_id}
        ((ticket,),) = await served.rows("select ticket_id from conversation where id = :c", **conversation)
        await served.happens("ticket_is", ticket, "solved")
        state = "select state from conversation where id = :c"
        await served.until(state, [("closed",)], **conversation)
        assert await served.rows("select how from closure where conversation_id = :c", **conversation) == [
            ("person",)
        ]
        await customer.quiet()
        await served.happens("ticket_is", ticket, "open")
        await served.until(state, [("with_person",)], **conversation)


async def test_what_we_did_at_the_desk_ourselves_is_no_news(served: Served) -> None:
    async with served.fresh("mara") as (customer, _):
        await served.refunded(customer)
        conversation = {"c": customer.conversation_id}
        ((ticket,),) = await served.rows("select ticket_id from conversation where id = :c", **conversation)
        await served.until(
            "select bool_and(state = 'done') from webhook where object = :o", [(True,)], o=f"ticket:{ticket}"
        )
        state = "select state, reopened from conversation where id = :c"
        assert await served.rows(state, **conversation) == [("closed", 0)]
        # The customer writes again: the ticket is still solved until the turn has said otherwise.
        async with served.house.service.store.begin() as work:
            await reopen(work, customer.conversation_id)
        await look("zendesk", f"ticket:{ticket}", served.house.service.agent)
        assert await served.rows(state, **conversation) == [("open", 1)]


Change = Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]]
FORGERIES: dict[str, Change] = {
    "one-byte": lambda raw, told: (raw.replace(b"failed", b"fai1ed", 1), told),
    "no-header": lambda raw, told: (raw, {}),
    "not-signed": lambda raw, told: (raw, dict.fromkeys(told, "x")),
}


@pytest.mark.parametrize("vendor", ["stripe", "zendesk", "shopify", "okta"])
async def test_f19_a_forged_webhook_is_a_400_and_changes_no_row(served: Served, vendor: str) -> None:
    notice = Notice(
        vendor, "evt_forged", "refund.failed", {"id": "evt_forged", "status": "failed", "data": {}}
    )
    raw = json.dumps(notice.body).encode()
    ours = secret_for(served.house.sandbox.key, vendor)  # type: ignore[union-attr]
    now = served.house.service.clock.now()
    genuine = dict(headers(notice, raw, secret=ours, now=now))
    others = dict(headers(notice, raw, secret=secret_for("another deployment", vendor), now=now))
    before = await served.rows(
        "select (select count(*) from webhook), (select count(*) from procrastinate_jobs where task_name = 'look_at_object')"
    )
    forged = {name: change(raw, genuine) for name, change in FORGERIES.items()} | {"others": (raw, others)}
    if vendor == "okta":
        del forged["one-byte"]  # Okta signs no body: its secret is all there is
    async with httpx.AsyncClient(base_url=served.url, trust_env=False) as wire:
        for name, (body, told) in forged.items():
            kept = {"content-type": "application/json"} | told
            kept["content-type"] = "application/json"
            answer = await wire.post(f"/v1/hooks/{vendor}", content=body, headers=kept)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid"), name
        right = await wire.post(f"/v1/hooks/{vendor}", content=raw, headers=genuine)
    assert right.status_code == 200
    assert before == await served.rows(
        "select (select count(*) from webhook), (select count(*) from procrastinate_jobs where task_name = 'look_at_object')"
    )


async def test_okta_asks_once_whether_this_is_ours(served: Served) -> None:
    secret = secret_for(served.house.sandbox.key, "okta")  # type: ignore[union-attr]
    async with httpx.AsyncClient(base_url=served.url, trust_env=False) as wire:
        asked = {"authorization": secret, "x-okta-verification-challenge": "abc-123"}
        assert (await wire.get("/v1/hooks/okta", headers=asked)).json() == {"verification": "abc-123"}
        strange = await wire.get("/v1/hooks/okta", headers={**asked, "authorization": "x"})
        assert strange.status_code == 400
        assert (await wire.post("/v1/hooks/nobody", json={})).status_code == 404


async def test_every_vendor_can_be_asked_what_changed(served: Served) -> None:
    async with served.fresh("mara") as (customer, _):
        account = await served.house.service.approvals.systems.identity.find_account(customer.id)
        assert account is not None
        for vendor in ("okta", "stripe"):
            await served.plan(vendor, "", "webhook_lost")
        await served.happens("email_changes", account.id, f"new+{customer.id}@example.com")
        await poll(served.house.service.approvals)
    asked = await served.rows("select vendor, problem from webhook_cursor order by vendor")
    assert asked == [("okta", None), ("shopify", None), ("stripe", None), ("zendesk", None)]
    found = "select came_by from webhook where vendor = 'okta' and object = :o"
    assert await served.rows(found, o=f"account:{account.id}") == [("poll",)]
