"""The one HTTP client factory: what it refuses, what it hides and how it names a failure."""

import logging

import httpx
import pytest
from pydantic import BaseModel, SecretStr

from core.actions import Permit
from core.errors import VendorBusy, VendorDown, VendorError, VendorRefused, VendorUnsure
from core.ids import ActionId
from tools import http

PERMIT = Permit(action_id=ActionId("act_1"), digest="d" * 64, idempotency_key="k")
KEY = "sk_test_canary_0123456789"


def made(answer, **options) -> httpx.AsyncClient:
    return http.client(
        "acme",
        base_url="https://acme.example.com",
        auth={"Authorization": SecretStr(f"Bearer {KEY}")},
        transport=httpx.MockTransport(answer),
        **options,
    )


def ok(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"seen": request.headers.get("authorization")})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_write_without_permit_never_reaches_the_wire(method: str) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    async with made(answer) as client:
        with pytest.raises(http.Unpermitted, match="carries no permit"):
            await http.send(client, "acme", method, "/v1/things/42")
        with pytest.raises(http.Unpermitted):
            await client.request(method, "/v1/things/42", extensions={"permit": "a word"})
        assert sent == []
        await http.send(client, "acme", method, "/v1/things/42", permit=PERMIT)
    assert len(sent) == 1


async def test_declared_search_path_is_a_read_and_its_neighbour_is_not() -> None:
    async with made(ok, is_read=http.post_reads("/v1/search")) as client:
        assert (await http.send(client, "acme", "POST", "/v1/search", json={})).status_code == 200
        for path in ("/v1/search/x", "/v1/Search", "/v1/other"):
            with pytest.raises(http.Unpermitted):
                await http.send(client, "acme", "POST", path, json={})
        with pytest.raises(http.Unpermitted):
            await http.send(client, "acme", "DELETE", "/v1/search")


@pytest.mark.parametrize(
    ("document", "reads"),
    [
        pytest.param("query Q($a: String) { order(id: $a) { id } }", True, id="named-query"),
        pytest.param("{ shop { name } }", True, id="anonymous"),
        pytest.param('query Q { find(q: "mutation {") { id } }', True, id="word-in-a-string"),
        pytest.param("query Q { mutation }", True, id="a-field-of-that-name"),
        pytest.param("mutation M { orderCancel { id } }", False, id="mutation"),
        pytest.param("query Q { a }\nmutation M { b }", False, id="second-operation"),
        pytest.param("# query\n mutation { b }", False, id="after-a-comment"),
        pytest.param('query Q { a(x: """ } """) } mutation { b }', False, id="after-a-block-string"),
        pytest.param("subscription S { a }", False, id="subscription"),
    ],
)
async def test_graphql_document_decides(document: str, reads: bool) -> None:
    async with made(ok, is_read=http.graphql_reads("/graphql.json")) as client:
        call = http.send(client, "acme", "POST", "/graphql.json", json={"query": document})
        if reads:
            assert (await call).status_code == 200
        else:
            with pytest.raises(http.Unpermitted):
                await call


async def test_graphql_without_a_document_is_a_write() -> None:
    async with made(ok, is_read=http.graphql_reads("/graphql.json")) as client:
        for content in (b"", b"[]", b'{"query": 1}', b"\xff"):
            with pytest.raises(http.Unpermitted):
                await http.send(client, "acme", "POST", "/graphql.json", content=content)


async def test_service_message_client_writes_without_permit() -> None:
    async with made(ok, service_messages=True) as client:
        assert (await http.send(client, "acme", "POST", "/tickets", json={})).status_code == 200


async def test_secret_goes_on_the_wire_but_into_no_repr_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with made(ok) as client:
        response = await http.send(
            client, "acme", "GET", "/v1/users/00u123?email=a@example.com", params={"q": "b"}
        )
        assert response.json() == {"seen": f"Bearer {KEY}"}
        shown = repr(vars(client)) + repr(client.headers)
    assert KEY not in shown
    assert KEY not in caplog.text
    assert "example.com" not in caplog.text.replace("acme.example.com", "")
    (record,) = [r for r in caplog.records if r.name == "remit.http"]
    assert record.getMessage().startswith("GET acme.example.com /v1/users/{id} 200 ")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(httpx.ConnectError("no"), VendorDown, id="refused-connection"),
        pytest.param(httpx.ConnectTimeout("no"), VendorDown, id="connect-timeout"),
        pytest.param(httpx.PoolTimeout("no"), VendorDown, id="pool"),
        pytest.param(httpx.ReadTimeout("no"), VendorUnsure, id="read-timeout"),
        pytest.param(httpx.WriteError("no"), VendorUnsure, id="write-error"),
        pytest.param(httpx.RemoteProtocolError("no"), VendorUnsure, id="hung-up"),
        pytest.param(httpx.Response(400), VendorRefused, id="400"),
        pytest.param(httpx.Response(401), VendorRefused, id="401"),
        pytest.param(httpx.Response(404), VendorRefused, id="404"),
        pytest.param(httpx.Response(408), VendorUnsure, id="408"),
        pytest.param(httpx.Response(409), VendorRefused, id="409"),
        pytest.param(httpx.Response(429, headers={"Retry-After": "3"}), VendorBusy, id="429"),
        pytest.param(httpx.Response(500), VendorUnsure, id="500"),
        pytest.param(httpx.Response(503, headers={"Retry-After": "3"}), VendorBusy, id="503-with-a-time"),
        pytest.param(httpx.Response(503), VendorUnsure, id="503-bare"),
        pytest.param(
            httpx.Response(302, headers={"Location": "https://evil.example.net"}), VendorUnsure, id="302"
        ),
        pytest.param(httpx.Response(200, content=b"x" * (http.MAX_BODY + 1)), VendorUnsure, id="too-large"),
    ],
)
async def test_each_failure_says_who_can_act(
    answer: httpx.Response | Exception, kind: type[VendorError]
) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with made(reply) as client:
        with pytest.raises(VendorError) as caught:
            await http.send(client, "acme", "GET", "/v1/users/a@example.com")
    assert type(caught.value) is kind
    assert "a@example.com" not in str(caught.value)
    if isinstance(caught.value, VendorBusy):
        assert caught.value.retry_after == 3


async def test_body_of_exactly_the_cap_is_read() -> None:
    async with made(lambda _: httpx.Response(200, content=b"x" * http.MAX_BODY)) as client:
        assert len((await http.send(client, "acme", "GET", "/")).content) == http.MAX_BODY


async def test_expected_status_comes_back_as_it_is() -> None:
    async with made(lambda _: httpx.Response(404)) as client:
        response = await http.send(client, "acme", "GET", "/x", expect=frozenset({404}))
    assert response.status_code == 404


class Thing(BaseModel):
    id: int


def test_unreadable_answer_is_unsure_and_shows_no_content() -> None:
    assert http.parsed("acme", httpx.Response(200, json={"id": 1}), Thing).id == 1
    for content in (b"<html>secret", b'{"id": "secret"}', b""):
        with pytest.raises(VendorUnsure) as caught:
            http.parsed("acme", httpx.Response(200, content=content), Thing)
        assert "secret" not in str(caught.value)


async def failing(errors: list[Exception], waits: list[float]) -> str:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def read() -> str:
        if errors:
            raise errors.pop(0)
        return "read"

    return await http.retrying(sleep=sleep)(read)


async def test_read_is_tried_three_times() -> None:
    waits: list[float] = []
    assert await failing([VendorDown("a", "x"), VendorUnsure("a", "x")], waits) == "read"
    assert len(waits) == 2
    with pytest.raises(VendorDown):
        await failing([VendorDown("a", str(n)) for n in range(3)], waits)


async def test_retry_obeys_five_seconds_and_gives_up_at_six() -> None:
    waits: list[float] = []
    assert await failing([VendorBusy("a", "x", retry_after=5)], waits) == "read"
    assert waits == [5]
    with pytest.raises(VendorBusy):
        await failing([VendorBusy("a", "x", retry_after=6)], waits)
    assert waits == [5]


async def test_refusal_is_not_tried_again() -> None:
    waits: list[float] = []
    with pytest.raises(VendorRefused):
        await failing([VendorRefused("a", "x")], waits)
    assert waits == []


@pytest.mark.parametrize(
    ("url", "template"),
    [
        pytest.param("/api/v2/tickets/35/comments.json", "/api/v2/tickets/{id}/comments.json", id="number"),
        pytest.param("/api/v2/tickets/35.json?x=1", "/api/v2/tickets/{id}.json", id="suffix-and-query"),
        pytest.param("/admin/api/2026-10/graphql.json", "/admin/api/2026-10/graphql.json", id="version-date"),
        pytest.param("/v1/users/ada@example.com", "/v1/users/{id}", id="mail"),
        pytest.param("https://a.example.com/v1/ch_1x", "/v1/{id}", id="whole-url"),
    ],
)
def test_path_template_holds_no_id(url: str, template: str) -> None:
    assert http.path_template(url) == template


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        pytest.param("mail ada.l+x@example.com now", "mail [email] now", id="mail"),
        pytest.param("Authorization: Bearer abcdef123456", "Authorization: Bearer [secret]", id="bearer"),
        pytest.param("key sk_live_abcdef012", "key [secret]", id="stripe-key"),
        pytest.param("call +1 (555) 010-0199", "call [number]", id="phone"),
        pytest.param("code 123456", "code [number]", id="code"),
        pytest.param("GET /x?email=a&b=c", "GET /x?[query]", id="query"),
        pytest.param("order 1042 for 49.00", "order 1042 for 49.00", id="plain"),
    ],
)
def test_redacted(text: str, fit: str) -> None:
    assert http.redacted(text) == fit
