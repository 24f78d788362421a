"""The Zendesk adapter against the sandbox's door: reads, at-most-once writes, and every failure."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from core.clock import StillClock
from core.errors import VendorBusy, VendorDown, VendorRefused, VendorUnsure
from core.ids import TicketId
from tools.desk.port import Ticket
from tools.desk.zendesk import ZendeskDesk, connect
from tools.sandbox.faults import Kind
from tools.sandbox.persona import Persona
from tools.sandbox.server import Running, start
from tools.sandbox.world import World
from tools.sandbox.zendesk.seed import seed, user_id

ADA = Persona(
    key="ada", name="Ada Example", email="ada@example.com", past_tickets=("Late parcel", "New card")
)
BEN = Persona(key="ben", name="Ben Example", email="ben@example.com", past_tickets=("Other matter",))


@dataclass
class Setting:
    desk: ZendeskDesk
    sandbox: Running
    world: World
    clock: StillClock

    async def ticket(self, key: str = "conv-1") -> Ticket:
        return await self.desk.create(
            requester=str(user_id("ada")),
            subject="Charged twice",
            text="I was charged twice",
            tags=["remit"],
            key=key,
        )

    def comments(self, ticket: TicketId) -> list[str]:
        record = self.world.get("zendesk.ticket", ticket)
        assert record is not None
        return [c["body"] for c in record["comments"]]


@pytest.fixture
async def at(clock: StillClock) -> AsyncIterator[Setting]:
    world = World(clock=clock)
    async with world.change() as change:
        seed(change, ADA)
        seed(change, BEN)
    sandbox = await start(world)
    client = connect(sandbox.urls["zendesk"], email="bot@example.com", token=SecretStr(sandbox.key))
    async with client:
        yield Setting(ZendeskDesk(client), sandbox, world, clock)
    await sandbox.stop()


async def test_requester_is_found_by_external_id_only(at: Setting) -> None:
    assert await at.desk.find_requester("u_ada") == str(user_id("ada"))
    assert await at.desk.find_requester("u_nobody") is None
    assert await at.desk.find_requester("ada@example.com") is None


async def test_two_users_with_one_external_id_are_nobody(at: Setting) -> None:
    async with at.world.change() as change:
        twin = change.get("zendesk.user", str(user_id("ada")))
        assert twin is not None
        change.put("zendesk.user", "7", {**twin, "id": 7})
    assert await at.desk.find_requester("u_ada") is None


async def test_history_is_the_requesters_own_newest_first(at: Setting) -> None:
    mine = await at.desk.history(str(user_id("ada")))
    assert [t.subject for t in mine] == ["New card", "Late parcel"]
    assert {t.requester for t in mine} == {str(user_id("ada"))}
    for nobody in ("12345", "../tickets/35", ""):
        assert await at.desk.history(nobody) == ()


async def test_created_ticket_holds_the_customers_words(at: Setting) -> None:
    made = await at.ticket()
    assert (made.status, made.subject, made.tags) == ("new", "Charged twice", ("remit",))
    (first,) = await at.desk.comments(made.id)
    assert (first.text, first.public) == ("I was charged twice", True)
    record = at.world.get("zendesk.ticket", made.id)
    assert record is not None
    assert record["owner"] == "u_ada"
    assert record["comments"][0]["author"] == user_id("ada")


async def test_same_key_creates_one_ticket_even_after_zendesk_forgot_the_key(at: Setting) -> None:
    made = await at.ticket()
    again = await at.ticket()
    at.clock.move(timedelta(hours=3))
    late = await at.ticket()
    assert made.id == again.id == late.id
    assert len(at.world.find("zendesk.ticket", subject="Charged twice")) == 1
    assert (await at.ticket(key="conv-2")).id != made.id


async def test_same_comment_key_comments_once(at: Setting) -> None:
    made = await at.ticket()
    for _ in range(2):
        await at.desk.comment(made.id, "We look into it", public=True, key="c1")
    await at.desk.comment(made.id, "For colleagues", public=False, key="c2")
    shown = await at.desk.comments(made.id)
    assert [(c.text, c.public) for c in shown[1:]] == [("We look into it", True), ("For colleagues", False)]


async def test_comment_waits_for_an_update_that_came_between(at: Setting) -> None:
    made = await at.ticket()
    inner = ZendeskDesk(at.desk._client)
    raced = _Racing(at, made.id)
    async with httpx.AsyncClient(transport=raced, base_url="http://zendesk.example.com") as client:
        await ZendeskDesk(client).comment(made.id, "Mine", public=True, key="mine")
    assert raced.statuses.count(409) == 1
    assert [c.text for c in await inner.comments(made.id)] == ["I was charged twice", "Theirs", "Mine"]


class _Racing(httpx.AsyncBaseTransport):
    """Passes requests to the door, and lets a colleague comment just before our first update."""

    def __init__(self, at: Setting, ticket: TicketId) -> None:
        self._at, self._ticket = at, ticket
        self.statuses: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and not self.statuses:
            self._at.clock.move(timedelta(seconds=1))
            await self._at.desk.comment(self._ticket, "Theirs", public=True, key="theirs")
        passed = await self._at.desk._client.request(
            request.method, request.url.raw_path.decode(), content=request.content
        )
        if request.method == "PUT":
            self.statuses.append(passed.status_code)
        return httpx.Response(passed.status_code, content=passed.content)


async def test_tags_are_added_and_status_is_set(at: Setting) -> None:
    made = await at.ticket()
    await at.desk.tag(made.id, ["refund_request", "Remit"])
    solved = await at.desk.set_status(made.id, "solved")
    assert (solved.status, solved.tags) == ("solved", ("refund_request", "remit"))
    assert (await at.desk.ticket(made.id)) == solved


async def test_missing_ticket_is_none_to_read_and_refused_to_write(at: Setting) -> None:
    assert await at.desk.ticket(TicketId("999")) is None
    assert await at.desk.ticket(TicketId("x/../35")) is None
    assert await at.desk.comments(TicketId("999")) == ()
    with pytest.raises(VendorRefused):
        await at.desk.comment(TicketId("999"), "x", public=True, key="k")
    with pytest.raises(VendorRefused):
        await at.desk.set_status(TicketId("999"), "open")


async def test_closed_ticket_refuses_updates(at: Setting) -> None:
    made = await at.ticket()
    await at.desk.set_status(made.id, "closed")
    with pytest.raises(VendorRefused):
        await at.desk.comment(made.id, "too late", public=True, key="k")
    assert at.comments(made.id) == ["I was charged twice"]


async def test_wrong_token_is_refused(at: Setting) -> None:
    async with connect(
        at.sandbox.urls["zendesk"], email="bot@example.com", token=SecretStr("wrong")
    ) as client:
        with pytest.raises(VendorRefused, match="401"):
            await ZendeskDesk(client).find_requester("u_ada")


@pytest.mark.parametrize(
    "kind", ["busy", "unavailable_503", "timeout_before", "malformed", "drop", "saved_500"]
)
async def test_read_survives_two_failures(at: Setting, kind: Kind) -> None:
    at.sandbox.faults.plan("zendesk", "users/search", kind, times=2, retry_after=0)
    assert await at.desk.find_requester("u_ada") == str(user_id("ada"))


async def test_read_gives_up_after_three(at: Setting) -> None:
    at.sandbox.faults.plan("zendesk", "users/search", "busy", times=3, retry_after=0)
    with pytest.raises(VendorBusy):
        await at.desk.find_requester("u_ada")
    assert at.sandbox.faults.waiting == 0


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "drop", "malformed"])
async def test_lost_answer_to_a_creation_is_unsure_and_the_key_makes_it_one(at: Setting, kind: Kind) -> None:
    at.sandbox.faults.plan("zendesk", "POST /api/v2/tickets", kind)
    with pytest.raises(VendorUnsure):
        await at.ticket()
    await at.ticket()
    assert len(at.world.find("zendesk.ticket", external_id="conv-1")) == 1


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "drop"])
async def test_lost_answer_to_a_comment_is_unsure_and_the_key_makes_it_one(at: Setting, kind: Kind) -> None:
    made = await at.ticket()
    at.sandbox.faults.plan("zendesk", f"PUT /api/v2/tickets/{made.id}", kind)
    with pytest.raises(VendorUnsure):
        await at.desk.comment(made.id, "once", public=True, key="k")
    await at.desk.comment(made.id, "once", public=True, key="k")
    assert at.comments(made.id) == ["I was charged twice", "once"]


async def test_busy_desk_is_not_written_twice(at: Setting) -> None:
    at.sandbox.faults.plan("zendesk", "POST /api/v2/tickets", "busy", retry_after=7)
    with pytest.raises(VendorBusy) as caught:
        await at.ticket()
    assert caught.value.retry_after == 7
    assert at.world.find("zendesk.ticket", external_id="conv-1") == []


async def test_desk_that_is_not_there_is_down(at: Setting) -> None:
    await at.sandbox.stop()
    with pytest.raises(VendorDown):
        await at.desk.set_status(TicketId("1"), "open")


async def test_desk_writes_are_no_effects(at: Setting) -> None:
    made = await at.ticket()
    await at.desk.comment(made.id, "x", public=True, key="k")
    assert at.world.ledger == []
