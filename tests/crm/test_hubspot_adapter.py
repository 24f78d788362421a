"""The CRM adapter over HubSpot's wire: what it reads, what it leaves behind, and how it names a failure."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from shop_bench import NOW, Bench, contact_id, opened, permit, person

from core.errors import VendorBusy, VendorError, VendorRefused, VendorUnsure
from core.ids import ActionId
from tools.crm.hubspot import CONTACTS, NOTES, SEARCH, HubSpot, open_client
from tools.crm.port import Address
from tools.http import Unpermitted

IDA = person("ida", phone="+1 555 0142")
BO = person("bo")
HOME = Address(line1="9 Other Road", city="Shelbyville", zip="54321", country="US")


async def test_a_contact_is_found_by_external_id_and_read_whole() -> None:
    found = await (await opened(IDA, BO)).hubspot.find_contact("u_ida")
    assert found is not None
    assert (found.id, found.external_id, found.name) == (contact_id(IDA), "u_ida", "Ida Holm")
    assert (found.tier, found.health, found.owner, found.company) == (
        "standard",
        "good",
        "Dana Reyes",
        "Northwind Example",
    )
    assert (found.phone, found.address) == ("+1 555 0142", IDA.address)


@pytest.mark.parametrize("external_id", ["u_nobody", "U_IDA", ""])
async def test_nobody_else_is_found(external_id: str) -> None:
    assert await (await opened(IDA)).hubspot.find_contact(external_id) is None


@pytest.mark.parametrize(("other", "found"), [("u_ida", None), ("U_IDA", contact_id(IDA))])
async def test_two_contacts_with_one_external_id_are_nobody(other: str, found: str | None) -> None:
    bench = await opened(IDA, BO)
    async with bench.world.change() as change:
        record = change.get("hubspot.contact", contact_id(BO))
        assert record is not None
        record["properties"]["external_id"] = other
        change.put("hubspot.contact", record["id"], record)
    contact = await bench.hubspot.find_contact("u_ida")
    assert (None if contact is None else contact.id) == found


@pytest.mark.parametrize(
    ("stored", "tier"),
    [("standard", "standard"), ("plus", "plus"), ("vip", "vip"), (None, None), ("gold", None), ("VIP", None)],
)
async def test_a_tier_we_do_not_know_is_none(stored: str | None, tier: str | None) -> None:
    bench = await opened(IDA)
    async with bench.world.change() as change:
        record = change.get("hubspot.contact", contact_id(IDA))
        assert record is not None
        record["properties"]["remit_tier"] = stored
        change.put("hubspot.contact", record["id"], record)
    found = await bench.hubspot.contact(contact_id(IDA))
    assert found is not None
    assert found.tier == tier


@pytest.mark.parametrize(("stored", "country"), [("US", "US"), ("us", "US"), ("Germany", None), (None, None)])
async def test_a_country_that_is_no_code_leaves_the_address_unknown(
    stored: str | None, country: str | None
) -> None:
    bench = await opened(IDA)
    async with bench.world.change() as change:
        record = change.get("hubspot.contact", contact_id(IDA))
        assert record is not None
        record["properties"]["country"] = stored
        change.put("hubspot.contact", record["id"], record)
    found = await bench.hubspot.contact(contact_id(IDA))
    assert found is not None
    assert (found.address.country if found.address else None) == country


async def test_a_missing_contact_is_none() -> None:
    assert await (await opened(IDA)).hubspot.contact("1") is None


async def _phone(bench: Bench) -> None:
    await bench.hubspot.update_phone(contact_id(IDA), "+1 555 0199", permit())


async def _address(bench: Bench) -> None:
    await bench.hubspot.update_address(contact_id(IDA), HOME, permit())


async def _note(bench: Bench) -> None:
    await bench.hubspot.add_note(contact_id(IDA), "Asked <b>twice</b>\nabout it", permit())


WRITES = [
    pytest.param(_phone, "PATCH", "phone_change", id="phone"),
    pytest.param(_address, "PATCH", "address_change", id="address"),
    pytest.param(_note, f"POST {NOTES}?", "note", id="note"),
]


async def found_after(bench: Bench, kind: str) -> Any:
    if kind == "note":
        note = await bench.hubspot.find_note(contact_id(IDA), ActionId("act_one"))
        return None if note is None else note.created_at
    return await bench.hubspot.find_update(contact_id(IDA), ActionId("act_one"))


@pytest.mark.parametrize(("write", "where", "kind"), WRITES)
async def test_a_write_is_one_effect_that_carries_and_shows_its_action(
    write: Any, where: str, kind: str
) -> None:
    bench = await opened(IDA)
    await write(bench)
    (effect,) = bench.world.ledger
    assert (effect.vendor, effect.kind, effect.object) == ("hubspot", kind, contact_id(IDA))
    assert (effect.owner, effect.action_id) == ("u_ida", "act_one")
    assert await found_after(bench, kind) == NOW


@pytest.mark.parametrize("fault", ["timeout_after", "malformed", "drop"])
@pytest.mark.parametrize(("write", "where", "kind"), WRITES)
async def test_a_lost_answer_is_unsure_and_the_effect_is_found(
    write: Any, where: str, kind: str, fault: Any
) -> None:
    bench = await opened(IDA)
    bench.faults.plan("hubspot", where, fault)
    with pytest.raises(VendorUnsure):
        await write(bench)
    assert [effect.action_id for effect in bench.world.ledger] == ["act_one"]
    assert await found_after(bench, kind) == NOW


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("timeout_before", VendorUnsure),
        ("saved_500", VendorUnsure),
        ("busy", VendorBusy),
        ("unavailable_503", VendorBusy),
    ],
)
@pytest.mark.parametrize(("write", "where", "kind"), WRITES)
async def test_a_write_that_did_not_happen_is_surely_not_there(
    write: Any, where: str, kind: str, fault: Any, error: type[VendorError]
) -> None:
    bench = await opened(IDA)
    bench.faults.plan("hubspot", where, fault)
    with pytest.raises(error):
        await write(bench)
    assert bench.world.ledger == []
    assert await found_after(bench, kind) is None
    assert sum(r.method == "PATCH" or r.url.path == NOTES for r in bench.crm_wire.requests) == 1


async def test_a_later_action_does_not_hide_an_earlier_one() -> None:
    bench = await opened(IDA)
    await _phone(bench)
    bench.clock.move(timedelta(hours=1))
    await bench.hubspot.update_phone(contact_id(IDA), "+1 555 0177", permit("two"))
    assert await found_after(bench, "phone_change") == NOW
    assert await bench.hubspot.find_update(contact_id(IDA), ActionId("act_two")) == NOW + timedelta(hours=1)


async def test_a_note_is_words_at_hubspot_too() -> None:
    bench = await opened(IDA)
    await _note(bench)
    (record,) = bench.world.find("hubspot.note")
    assert record["properties"]["hs_note_body"] == "Asked &lt;b&gt;twice&lt;/b&gt;<br>about it"
    note = await bench.hubspot.find_note(contact_id(IDA), ActionId("act_one"))
    assert note is not None
    assert note.text == "Asked <b>twice</b>\nabout it"


async def test_a_note_is_found_among_many() -> None:
    bench = await opened(IDA)
    for number in range(120):
        await bench.hubspot.add_note(contact_id(IDA), str(number), permit(f"n{number}"))
    newest = await bench.hubspot.find_note(contact_id(IDA), ActionId("act_n119"))
    assert newest is not None
    assert newest.text == "119"


@pytest.mark.parametrize("fault", ["timeout_before", "unavailable_503", "malformed", "busy"])
async def test_a_read_is_tried_again(fault: Any) -> None:
    bench = await opened(IDA)
    bench.faults.plan("hubspot", SEARCH, fault, times=2)
    assert await bench.hubspot.find_contact("u_ida") is not None
    assert len(bench.slept) == 2


async def test_a_write_without_permit_never_leaves() -> None:
    bench = await opened(IDA)
    async with open_client("http://hubspot.test", SecretStr("k"), transport=bench.crm_wire) as client:
        for method, url in (("PATCH", f"{CONTACTS}/1"), ("POST", NOTES), ("POST", CONTACTS)):
            with pytest.raises(Unpermitted):
                await client.request(method, url, json={})
    assert bench.crm_wire.requests == []


def answering(body: Any, status: int = 200) -> HubSpot:
    """An adapter whose CRM always says this."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def no_sleep(seconds: float) -> None:
        return None

    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=content))
    return HubSpot(open_client("http://hubspot.test", SecretStr("k"), transport=transport), sleep=no_sleep)


def thing(key: str = "1", **properties: str) -> dict[str, Any]:
    at = "2026-11-20T12:00:00.000Z"
    return {"id": key, "properties": properties, "createdAt": at, "updatedAt": at, "archived": False}


DONE = {"phone": "+1 555 0199", "remit_last_action": "act_one"}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        pytest.param(thing(**DONE | {"phone": "5"}), 200, VendorUnsure, id="other-value"),
        pytest.param(thing("2", **DONE), 200, VendorUnsure, id="other-contact"),
        pytest.param(thing(**DONE | {"remit_last_action": "act_two"}), 200, VendorUnsure, id="other-action"),
        pytest.param({"status": "error"}, 200, VendorUnsure, id="error-with-200"),
        pytest.param(b"\xff", 200, VendorUnsure, id="not-json"),
        pytest.param({"category": "VALIDATION_ERROR"}, 400, VendorRefused, id="refused"),
        pytest.param({"category": "MISSING_SCOPES"}, 403, VendorRefused, id="scope-missing"),
        pytest.param({}, 404, VendorRefused, id="gone"),
        pytest.param({}, 500, VendorUnsure, id="500"),
    ],
)
async def test_what_an_answer_to_a_write_means(body: Any, status: int, kind: type[VendorError]) -> None:
    with pytest.raises(kind):
        await answering(body, status).update_phone("1", "+1 555 0199", permit())


async def test_the_answer_hubspot_documents_is_a_success() -> None:
    after = await answering(thing(**DONE)).update_phone("1", "+1 555 0199", permit())
    assert (after.id, after.phone, after.updated_at) == ("1", "+1 555 0199", NOW)


async def test_an_owners_name_is_kept_for_ten_minutes_and_what_decides_is_always_read() -> None:
    bench = await opened(IDA)
    owner = bench.world.find("hubspot.owner")[0]
    await bench.hubspot.contact(contact_id(IDA))
    async with bench.world.change() as change:
        change.put("hubspot.owner", owner["id"], {**owner, "first": "Renamed"})
        record = change.get("hubspot.contact", contact_id(IDA))
        assert record is not None
        record["properties"]["remit_tier"] = "vip"
        change.put("hubspot.contact", record["id"], record)
    soon = await bench.hubspot.contact(contact_id(IDA))
    bench.clock.move(timedelta(minutes=10))
    later = await bench.hubspot.contact(contact_id(IDA))
    assert soon is not None
    assert later is not None
    assert (soon.tier, soon.owner, later.owner) == ("vip", "Dana Reyes", "Renamed Reyes")
