"""HubSpot's door: its shapes, its errors, and what it changes in the world."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_bench import KEY, Bench, contact_id, opened, person

CONTACTS, NOTES = "/crm/v3/objects/contacts", "/crm/v3/objects/notes"
IDA = person("ida", phone="+1 555 0142", tier="plus")
_KEYS = [
    "filterGroups",
    "filters",
    "propertyName",
    "operator",
    "value",
    "properties",
    "limit",
    "inputs",
    "id",
    "types",
]
_KEYS += ["associations", "to", "phone", "hs_timestamp"]
_POSTS = [("POST", f"{CONTACTS}/search"), ("POST", f"{NOTES}/batch/read"), ("POST", NOTES)]
_POSTS += [("PATCH", f"{CONTACTS}/{contact_id(IDA)}")]
ERROR_KEYS = {"status", "message", "correlationId", "category"}


async def call(
    bench: Bench, method: str, url: str, *, key: str = f"Bearer {KEY}", **request: Any
) -> httpx.Response:
    async with httpx.AsyncClient(transport=bench.crm_wire, base_url="http://hubspot.test") as client:
        return await client.request(method, url, headers={"Authorization": key}, **request)


def search(value: str, **more: Any) -> dict[str, Any]:
    one = {"propertyName": "external_id", "operator": "EQ", "value": value}
    return {"filterGroups": [{"filters": [one]}], "properties": ["external_id"]} | more


def note(text: str = "hello", *, to: str | None = None, **properties: str) -> dict[str, Any]:
    kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}]
    given = {"hs_timestamp": "2026-11-20T12:00:00.000Z", "hs_note_body": text} | properties
    return {"properties": given, "associations": [{"to": {"id": to or contact_id(IDA)}, "types": kinds}]}


async def test_a_contact_has_the_properties_asked_for_and_null_for_what_it_lacks() -> None:
    bench = await opened(IDA)
    asked = {"properties": "phone,remit_tier,remit_last_action", "associations": "companies"}
    answer = (await call(bench, "GET", f"{CONTACTS}/{contact_id(IDA)}", params=asked)).json()
    shown = answer["properties"]
    assert (shown["phone"], shown["remit_tier"], shown["remit_last_action"]) == ("+1 555 0142", "plus", None)
    assert "address" not in shown
    assert shown["hs_object_id"] == answer["id"] == contact_id(IDA)
    assert answer["archived"] is False
    assert [row["type"] for row in answer["associations"]["companies"]["results"]] == ["contact_to_company"]


async def test_company_and_owner_are_records_of_their_own() -> None:
    bench = await opened(IDA)
    (company,), (owner,) = bench.world.find("hubspot.company"), bench.world.find("hubspot.owner")
    answer = (await call(bench, "GET", f"/crm/v3/objects/companies/{company['id']}")).json()
    assert answer["properties"]["name"] == "Northwind Example"
    answer = (await call(bench, "GET", f"/crm/v3/owners/{owner['id']}")).json()
    assert (answer["firstName"], answer["lastName"]) == ("Dana", "Reyes")


@pytest.mark.parametrize(("value", "total"), [("u_ida", 1), ("U_IDA", 1), ("u_id", 0), ("", 0)])
async def test_search_finds_equal_text_whatever_its_case(value: str, total: int) -> None:
    answer = (await call(await opened(IDA), "POST", f"{CONTACTS}/search", json=search(value))).json()
    assert answer["total"] == len(answer["results"]) == total


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "category"),
    [
        pytest.param("GET", f"{CONTACTS}/1", None, 404, "OBJECT_NOT_FOUND", id="no-contact"),
        pytest.param("GET", "/crm/v3/owners/1", None, 404, "OBJECT_NOT_FOUND", id="no-owner"),
        pytest.param("GET", "/crm/v9/nothing", None, 404, "OBJECT_NOT_FOUND", id="no-route"),
        pytest.param("GET", "/crm/v3/objects/deals/1", None, 400, "VALIDATION_ERROR", id="unknown-kind"),
        pytest.param(
            "PATCH", f"{CONTACTS}/1", {"properties": {"phone": "1"}}, 404, "OBJECT_NOT_FOUND", id="patch"
        ),
        pytest.param(
            "POST", f"{CONTACTS}/search", {"filterGroups": [{}]}, 400, "VALIDATION_ERROR", id="no-filters"
        ),
        pytest.param(
            "POST", f"{CONTACTS}/search", search("x", limit=201), 400, "VALIDATION_ERROR", id="limit"
        ),
        pytest.param("POST", f"{NOTES}/batch/read", {"inputs": []}, 400, "VALIDATION_ERROR", id="no-inputs"),
        pytest.param("POST", NOTES, note(hs_timestamp=""), 400, "VALIDATION_ERROR", id="note-without-time"),
        pytest.param("POST", NOTES, note(to="1"), 400, "VALIDATION_ERROR", id="note-on-nobody"),
        pytest.param("POST", NOTES, note(colour="red"), 400, "VALIDATION_ERROR", id="unknown-property"),
        pytest.param("POST", NOTES, note() | {"associations": []}, 400, "VALIDATION_ERROR", id="note-alone"),
        pytest.param("POST", NOTES, [], 400, "VALIDATION_ERROR", id="not-an-object"),
    ],
)
async def test_errors_have_hubspots_shape_and_change_nothing(
    method: str, url: str, body: Any, status: int, category: str
) -> None:
    bench = await opened(IDA)
    answer = await call(bench, method, url, json=body)
    assert answer.status_code == status
    assert answer.json().keys() == ERROR_KEYS
    assert answer.json()["category"] == category
    assert bench.world.ledger == []


@pytest.mark.parametrize("key", ["", "Bearer other", KEY])
async def test_without_the_bearer_key_nothing_is_told(key: str) -> None:
    answer = await call(await opened(IDA), "GET", f"{CONTACTS}/{contact_id(IDA)}", key=key)
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


async def test_a_patch_keeps_history_newest_first() -> None:
    bench, url = await opened(IDA), f"{CONTACTS}/{contact_id(IDA)}"
    for action, phone in (("act_1", "+1 555 0198"), ("act_2", "+1 555 0199")):
        await call(bench, "PATCH", url, json={"properties": {"phone": phone, "remit_last_action": action}})
    answer = (await call(bench, "GET", url, params={"propertiesWithHistory": "remit_last_action"})).json()
    assert [was["value"] for was in answer["propertiesWithHistory"]["remit_last_action"]] == [
        "act_2",
        "act_1",
    ]
    assert [(e.kind, e.action_id) for e in bench.world.ledger] == [
        ("phone_change", "act_1"),
        ("phone_change", "act_2"),
    ]


async def test_a_patch_that_changes_nothing_of_the_customer_is_no_effect() -> None:
    bench, url = await opened(IDA), f"{CONTACTS}/{contact_id(IDA)}"
    await call(bench, "PATCH", url, json={"properties": {"remit_tier": "vip"}})
    await call(bench, "PATCH", url, json={"properties": {"phone": "+1 555 0142"}})
    assert bench.world.ledger == []


async def test_notes_are_paged_by_association_and_read_in_a_batch() -> None:
    bench, url = await opened(IDA), f"{CONTACTS}/{contact_id(IDA)}/associations/notes"
    made = [(await call(bench, "POST", NOTES, json=note(str(n)))).json()["id"] for n in range(3)]
    first = (await call(bench, "GET", url, params={"limit": "2"})).json()
    rest = (
        await call(bench, "GET", url, params={"limit": "2", "after": first["paging"]["next"]["after"]})
    ).json()
    assert [row["id"] for page in (first, rest) for row in page["results"]] == made
    assert "paging" not in rest
    asked = {"properties": ["hs_note_body"], "inputs": [{"id": made[1]}, {"id": "9"}]}
    batch = await call(bench, "POST", f"{NOTES}/batch/read", json=asked)
    assert batch.status_code == 207
    assert [row["properties"]["hs_note_body"] for row in batch.json()["results"]] == ["1"]


async def test_notes_are_searched_by_our_property() -> None:
    bench = await opened(IDA)
    await call(bench, "POST", NOTES, json=note(remit_action_id="act_1"))
    one = {"propertyName": "remit_action_id", "operator": "EQ", "value": "act_1"}
    answer = await call(bench, "POST", f"{NOTES}/search", json={"filterGroups": [{"filters": [one]}]})
    assert answer.json()["total"] == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(body=st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=4) | _JSON)
def test_any_body_is_answered_or_refused_and_never_breaks_the_door(body: Any) -> None:
    async def post() -> None:
        bench = await opened(IDA)
        for method, url in _POSTS:
            answer = await call(bench, method, url, json=body)
            assert answer.status_code in (200, 201, 207, 400, 404)
            assert answer.status_code < 400 or answer.json().keys() == ERROR_KEYS

    asyncio.run(post())
