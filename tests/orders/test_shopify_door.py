"""Shopify's door: the GraphQL it speaks, the errors it tells, and what it changes in the world."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shop_bench import KEY, Bench, delivered, opened, order_id, permit, person, waiting

from core.errors import VendorRefused
from tools.orders import shopify_documents as documents
from tools.sandbox.shopify import check, schema
from tools.sandbox.shopify.door import MOST, PATH, requested_cost
from tools.sandbox.shopify.syntax import SyntaxWrong, parse_document

DOCUMENTS = {name: text for name, text in vars(documents).items() if name.isupper() and name[0] != "_"}
IDA = person("ida", waiting())


async def ask(bench: Bench, query: Any, *, key: str = KEY, **variables: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=bench.shop_wire, base_url="http://shopify.test") as client:
        body = {"query": query, "variables": variables}
        return await client.post(PATH, json=body, headers={"X-Shopify-Access-Token": key})


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_each_document_of_the_adapter_fits_the_schema_and_the_price(name: str) -> None:
    (operation,) = parse_document(DOCUMENTS[name])
    assert check.problems(operation, schema.load()) == []
    assert requested_cost(operation) <= MOST


async def test_what_was_asked_is_answered_in_full_and_nothing_else() -> None:
    bench = await opened(IDA)
    query = '{ order(id: "gid://shopify/Order/%s") { alias: name tags customer { __typename email } } }'
    answer = (await ask(bench, query % order_id(IDA))).json()
    customer = {"__typename": "Customer", "email": "ida@example.com"}
    assert answer["data"] == {"order": {"alias": "#1042", "tags": [], "customer": customer}}
    assert answer["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 2000


async def test_missing_order_is_null_and_not_an_error() -> None:
    bench = await opened(IDA)
    answer = (
        await ask(bench, "query Q($id: ID!) { order(id: $id) { id } }", id="gid://shopify/Order/1")
    ).json()
    assert answer["data"] == {"order": None}


async def test_a_wrong_key_is_told_in_the_vendors_words() -> None:
    answer = await ask(await opened(IDA), "{ __typename }", key="other")
    assert answer.status_code == 401
    assert answer.json()["errors"].startswith("[API] Invalid API key")


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        pytest.param("{ order(id: 1) { nope } }", {}, "undefinedField", id="unknown-field"),
        pytest.param("{ order { id } }", {}, "missingRequiredArguments", id="argument-missing"),
        pytest.param("{ order(id: 1, x: 2) { id } }", {}, "argumentNotAccepted", id="unknown-argument"),
        pytest.param("{ order(id: 1) }", {}, "selectionMismatch", id="object-without-selection"),
        pytest.param("{ order(id: 1) { name { x } } }", {}, "selectionMismatch", id="scalar-with-selection"),
        pytest.param("{ order(id: $id) { id } }", {}, "variableNotDefined", id="undeclared-variable"),
        pytest.param("query Q($i: Int) { order(id: $i) { id } }", {"i": 1}, "variableMismatch", id="type"),
        pytest.param(
            "query Q($i: ID) { order(id: $i) { id } }", {"i": "1"}, "variableMismatch", id="nullable"
        ),
        pytest.param(
            "query Q($i: Order) { order(id: $i) { id } }", {"i": 1}, "undefinedType", id="no-input-type"
        ),
        pytest.param("query Q($i: ID!) { order(id: $i) { id } }", {}, "INVALID_VARIABLE", id="not-given"),
        pytest.param(
            "query Q($i: ID!) { order(id: $i) { id } }", {"i": True}, "INVALID_VARIABLE", id="bool-id"
        ),
        pytest.param(
            '{ order(id: "gid://shopify/Customer/1") { id } }', {}, "argumentLiteralsIncompatible", id="gid"
        ),
        pytest.param("{ orders { nodes { id } } }", {}, "BAD_REQUEST", id="connection-without-first"),
        pytest.param('{ orders(first: 1, query: "oops") { nodes { id } } }', {}, "BAD_REQUEST", id="search"),
        pytest.param(
            "{ orders(first: 250) { nodes { returns(first: 9) { nodes { id } } } } }",
            {},
            "MAX_COST_EXCEEDED",
            id="price",
        ),
    ],
)
async def test_a_request_the_schema_does_not_allow_is_an_error_without_data(
    query: str, variables: dict[str, Any], code: str
) -> None:
    answer = await ask(await opened(IDA), query, **variables)
    assert answer.status_code == 200
    assert "data" not in answer.json()
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == [code]


@pytest.mark.parametrize(
    "text", ["", "{", "{ }", "{ a(", "fragment F on Order { id }", "{ ...F }", "query Q { a ¤ }"]
)
def test_text_that_is_no_operation_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(SyntaxWrong) as wrong:
        parse_document(text)
    assert wrong.value.line >= 1


async def test_of_several_operations_one_must_be_named() -> None:
    answer = await ask(await opened(IDA), "query A { job(id: 1) { id } } query B { job(id: 1) { id } }")
    assert answer.json() == {"errors": [{"message": "An operation name is required"}]}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"query": 1}', b"\xff"])
async def test_a_body_that_is_no_request_is_a_400(content: bytes) -> None:
    bench = await opened(IDA)
    async with httpx.AsyncClient(transport=bench.shop_wire, base_url="http://shopify.test") as client:
        answer = await client.post(PATH, content=content, headers={"X-Shopify-Access-Token": KEY})
    assert answer.status_code == 400


async def test_pages_follow_one_another_without_gap() -> None:
    ida = person("ida", *(waiting(str(n), days_ago=n) for n in range(1, 6)))
    bench, seen, after = await opened(ida), [], None
    query = "query Q($a: String) { orders(first: 2, after: $a) { nodes { name } pageInfo { hasNextPage endCursor } } }"
    while True:
        page = (await ask(bench, query, a=after)).json()["data"]["orders"]
        seen += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["#5", "#4", "#3", "#2", "#1"]


async def test_an_empty_bucket_throttles_and_refills_with_time() -> None:
    bench = await opened(IDA, points=5)
    query = "{ orders(first: 8) { nodes { id } } }"
    refused = (await ask(bench, query)).json()
    assert refused["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert refused["extensions"]["cost"]["actualQueryCost"] is None
    bench.clock.move(timedelta(seconds=1))
    assert "data" in (await ask(bench, query)).json()


CANCEL = documents.CANCEL


async def cancel(bench: Bench, number: str) -> dict[str, Any]:
    gid = f"gid://shopify/Order/{number}"
    answer = await ask(bench, CANCEL, id=gid, tags=["remit:act_x"], note="remit:act_x")
    payload: dict[str, Any] = answer.json()["data"]["orderCancel"]
    return payload


async def test_a_cancellation_is_one_effect_with_our_action_id() -> None:
    bench = await opened(IDA)
    payload = await cancel(bench, order_id(IDA))
    assert payload["job"]["done"] is False
    (effect,) = bench.world.ledger
    assert (effect.vendor, effect.kind, effect.object) == ("shopify", "order_cancel", order_id(IDA))
    assert (effect.owner, effect.action_id) == ("u_ida", "act_x")


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(waiting(status="cancelled"), id="cancelled-already"),
        pytest.param(waiting(status="fulfilled"), id="on-its-way"),
        pytest.param(waiting(status="partly_fulfilled", items=("Lamp", "Bulb")), id="partly-sent"),
        pytest.param(delivered(open_return=True), id="return-open"),
    ],
)
async def test_what_cannot_be_cancelled_is_a_user_error_and_no_effect(order: Any) -> None:
    ida = person("ida", order)
    bench = await opened(ida)
    payload = await cancel(bench, order_id(ida))
    assert payload["job"] is None
    assert [error["code"] for error in payload["orderCancelUserErrors"]] == ["INVALID"]
    assert bench.world.ledger == []


async def test_an_unknown_order_cannot_be_tagged_or_cancelled() -> None:
    bench = await opened(IDA)
    assert (await cancel(bench, "77"))["orderCancelUserErrors"][0]["code"] == "NOT_FOUND"


async def test_a_refund_asked_with_the_cancellation_is_refused() -> None:
    bench = await opened(IDA)
    query = CANCEL.replace("originalPaymentMethodsRefund: false", "originalPaymentMethodsRefund: true")
    gid = f"gid://shopify/Order/{order_id(IDA)}"
    answer = (await ask(bench, query, id=gid, tags=[], note="")).json()["data"]["orderCancel"]
    assert answer["orderCancelUserErrors"][0]["code"] == "NO_REFUND_PERMISSION"
    assert bench.world.ledger == []


async def test_the_same_pieces_come_back_only_once() -> None:
    ida = person("ida", delivered(items=("Lamp", "Bulb")))
    bench = await opened(ida)
    await bench.shopify.open_return(order_id(ida), "damaged", permit())
    (effect,) = bench.world.ledger
    assert (effect.kind, effect.detail["reason"]) == ("return_open", "DEFECTIVE")
    (record,) = bench.world.find("shopify.return")
    again = [
        {"fulfillmentLineItemId": f"gid://shopify/FulfillmentLineItem/{row['shipped']}", "quantity": 1}
        for row in record["lines"]
    ]
    order = f"gid://shopify/Order/{order_id(ida)}"
    answer = await ask(
        bench,
        documents.OPEN_RETURN,
        id=order,
        tags=[],
        **{"return": {"orderId": order, "returnLineItems": again}},
    )
    assert answer.json()["data"]["returnCreate"]["userErrors"][0]["code"] == "INVALID"
    assert len(bench.world.ledger) == 1


async def test_seeding_the_same_person_twice_gives_the_same_ids_and_no_effect() -> None:
    first, second = await opened(IDA), await opened(IDA)
    assert first.world.keys("shopify.order") == second.world.keys("shopify.order")
    assert first.world.ledger == []
    assert json.dumps(first.world.find("shopify.order")) == json.dumps(second.world.find("shopify.order"))


IDENTIFIED = "query Q($i: CustomerIdentifierInput!) { customerByIdentifier(identifier: $i) { email } }"


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        pytest.param({}, "BAD_REQUEST", id="none"),
        pytest.param({"id": "1", "emailAddress": "x"}, "BAD_REQUEST", id="two"),
        pytest.param({"emailAddress": "ida@example.com"}, "BAD_REQUEST", id="by-mail"),
        pytest.param(
            {"customId": {"namespace": "x", "key": "y", "value": "u_ida"}}, "NOT_FOUND", id="undefined"
        ),
        pytest.param({"customId": {"key": "y"}}, "INVALID_VARIABLE", id="without-value"),
    ],
)
async def test_a_customer_is_identified_in_one_sound_way(identifier: dict[str, Any], code: str) -> None:
    answer = (await ask(await opened(IDA), IDENTIFIED, i=identifier)).json()
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_variables_inside_a_literal_are_checked_as_it_runs() -> None:
    bench = await opened(IDA)
    query = (
        "query Q($v: String!) { customerByIdentifier("
        'identifier: {customId: {namespace: "remit", key: "external_id", value: $v}}) { email } }'
    )
    found = (await ask(bench, query, v="u_ida")).json()
    assert found["data"]["customerByIdentifier"] == {"email": "ida@example.com"}
    wrong = (await ask(bench, query.replace("String!", "Int!"), v=1)).json()
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        pytest.param([], "BLANK", id="nothing"),
        pytest.param([("shipped", 2)], "TOO_BIG", id="more-than-was-sent"),
        pytest.param([("shipped", 0)], "TOO_BIG", id="none-of-it"),
        pytest.param([("shipped", 1), ("shipped", 1)], "TOO_BIG", id="twice-in-one"),
        pytest.param([("77", 1)], "INVALID", id="not-of-this-order"),
    ],
)
async def test_a_return_takes_only_what_was_sent(rows: list[tuple[str, int]], code: str) -> None:
    ida = person("ida", delivered())
    bench = await opened(ida)
    (order,) = bench.world.find("shopify.order")
    piece = order["fulfilments"][0]["lines"][0]["id"]
    lines = [
        {"fulfillmentLineItemId": f"gid://shopify/FulfillmentLineItem/{piece if name == 'shipped' else name}"}
        | {"quantity": quantity}
        for name, quantity in rows
    ]
    gid = f"gid://shopify/Order/{order['id']}"
    answer = await ask(
        bench,
        documents.OPEN_RETURN,
        id=gid,
        tags=[],
        **{"return": {"orderId": gid, "returnLineItems": lines}},
    )
    assert [e["code"] for e in answer.json()["data"]["returnCreate"]["userErrors"]] == [code]
    assert bench.world.ledger == []


async def test_a_requested_return_waits_for_the_shop_and_holds_the_pieces() -> None:
    ida = person("ida", delivered())
    bench = await opened(ida)
    (order,) = bench.world.find("shopify.order")
    piece = f"gid://shopify/FulfillmentLineItem/{order['fulfilments'][0]['lines'][0]['id']}"
    query = (
        "mutation R($i: ReturnRequestInput!) { returnRequest(input: $i)"
        " { return { status returnLineItems(first: 1) { edges { node { customerNote } } } } userErrors { code } } }"
    )
    line = {
        "fulfillmentLineItemId": piece,
        "quantity": 1,
        "returnReason": "UNWANTED",
        "customerNote": "too dark",
    }
    asked = {"orderId": f"gid://shopify/Order/{order['id']}", "returnLineItems": [line]}
    made = (await ask(bench, query, i=asked)).json()["data"]["returnRequest"]["return"]
    assert made["status"] == "REQUESTED"
    assert made["returnLineItems"]["edges"] == [{"node": {"customerNote": "too dark"}}]
    with pytest.raises(VendorRefused, match="nothing"):
        await bench.shopify.open_return(order["id"], "damaged", permit())


_TEXT = 'query mutation { } ( ) [ ] : ! $ = order orders id first job Q ID Int 1 01 -2.5e3 "x" "\\u12" null true nodes ...'
_WORDS = st.sampled_from(_TEXT.split())


@given(st.one_of(st.text(max_size=40), st.lists(_WORDS, max_size=25).map(" ".join)))
@example("{" * 2000)
@example("query Q($a: Int = " + "[" * 2000)
@example('query Q($a: Int = "x") { orders(first: $a) { nodes { id } } }')
@example("query Q($a: Int = $b) { orders(first: $a) { nodes { id } } }")
def test_any_text_is_an_operation_or_refused_in_words(text: str) -> None:
    try:
        operations = parse_document(text)
    except SyntaxWrong:
        return
    known = schema.load()
    for operation in operations:
        told = check.problems(operation, known)
        values, wrong = check.variables(operation, {}, known)
        assert all(problem["message"] for problem in [*told, *wrong])
        assert values.keys() <= operation.variables.keys()


@pytest.mark.parametrize("more", [{"variables": [1]}, {"variables": "x"}, {"operationName": 1}])
async def test_a_request_with_odd_parts_is_a_400(more: dict[str, Any]) -> None:
    bench = await opened(IDA)
    async with httpx.AsyncClient(transport=bench.shop_wire, base_url="http://shopify.test") as client:
        answer = await client.post(
            PATH, json={"query": "{ a }"} | more, headers={"X-Shopify-Access-Token": KEY}
        )
    assert answer.status_code == 400
