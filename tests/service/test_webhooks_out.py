"""Outgoing webhooks: signed as the specification says, sent once per event, and never to an inside address."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

import httpx
import pytest
from pydantic import SecretStr

from core.clock import StillClock
from core.errors import SettingsError, VendorBusy, VendorDown, VendorRefused
from service.channels import people_of, receivers_of
from service.settings import load
from tools.webhooks import sender
from tools.webhooks.address import Pinned, is_public
from tools.webhooks.signing import headers

NEW, OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def test_a_signature_is_the_published_one() -> None:
    # The example of the verifying libraries of the specification.
    body = b'{"test": 2432232314}'
    made = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, [SecretStr(NEW)])
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_replaced_both_sign() -> None:
    made = headers("m", 1, b"{}", [SecretStr(NEW), SecretStr(OLD)])["webhook-signature"].split(" ")
    for secret, given in zip((NEW, OLD), made, strict=True):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        assert given == "v1," + base64.b64encode(hmac.new(key, b"m.1.{}", hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("2002:7f00:1::", False),
        ("no address", False),
    ],
)
def test_only_public_addresses_are_sent_to(address: str, *, public: bool) -> None:
    assert is_public(address) is public


def _hooks(
    clock: StillClock, found: Sequence[str], *, status: int = 200
) -> tuple[sender.SignedHooks, list[httpx.Request]]:
    """The sender on a network where every name leads to `found`, and what went out."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(status)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return found

    transport = Pinned(httpx.MockTransport(answer), local=False, resolve=resolve)
    receivers = {f"{scheme}://hooks.example.com/x": [SecretStr(NEW)] for scheme in ("https", "http")}
    return sender.SignedHooks(httpx.AsyncClient(transport=transport), receivers, clock=clock), sent


async def test_it_connects_to_exactly_the_address_it_checked(clock: StillClock) -> None:
    hooks, sent = _hooks(clock, ["93.184.215.14"])
    await hooks.send("https://hooks.example.com/x", {"type": "action.held"}, key="out_1")
    (request,) = sent
    assert (request.url.host, request.headers["host"]) == ("93.184.215.14", "hooks.example.com")
    assert request.extensions["sni_hostname"] == "hooks.example.com"
    assert request.headers["webhook-id"] == "out_1"


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.215.14", "10.0.0.7"], ["::1"]])
async def test_a_name_that_leads_inside_gets_nothing(clock: StillClock, found: list[str]) -> None:
    hooks, sent = _hooks(clock, found)
    with pytest.raises(VendorRefused, match="no public address"):
        await hooks.send("https://hooks.example.com/x", {}, key="out_1")
    assert sent == []


async def test_plain_http_and_unknown_addresses_get_nothing(clock: StillClock) -> None:
    hooks, sent = _hooks(clock, ["93.184.215.14"])
    with pytest.raises(VendorRefused, match="only https"):
        await hooks.send("http://hooks.example.com/x", {}, key="out_1")
    with pytest.raises(VendorRefused, match="no longer"):
        await hooks.send("https://elsewhere.example.com/x", {}, key="out_1")
    assert sent == []


@pytest.mark.parametrize(
    ("status", "error"), [(400, VendorBusy), (404, VendorBusy), (429, VendorBusy), (410, VendorRefused)]
)
async def test_a_no_is_tried_again_unless_it_is_for_ever(
    clock: StillClock, status: int, error: type[Exception]
) -> None:
    hooks, _ = _hooks(clock, ["93.184.215.14"], status=status)
    with pytest.raises(error):
        await hooks.send("https://hooks.example.com/x", {}, key="out_1")


async def test_a_name_without_an_address_is_tried_again(clock: StillClock) -> None:
    hooks, _ = _hooks(clock, [])
    with pytest.raises(VendorDown):
        await hooks.send("https://hooks.example.com/x", {}, key="out_1")


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example.com",
        f"ftp://a.example.com {NEW}",
        f"http://a.example.com {NEW}",
        "https://a.example.com whsec_short",
        "https://a.example.com MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        f"https://user@a.example.com {NEW}",
    ],
)
def test_a_wrong_list_of_receivers_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        receivers_of(load({"REMIT_WEBHOOKS": text}))
    assert "whsec_short" not in str(refused.value)


def test_several_receivers_with_their_secrets() -> None:
    found = receivers_of(
        load({"REMIT_WEBHOOKS": f"https://a.example.com/x {NEW} {OLD}; https://b.example.com {OLD}"})
    )
    assert {address: len(secrets) for address, secrets in found.items()} == {
        "https://a.example.com/x": 2,
        "https://b.example.com": 1,
    }


@pytest.mark.parametrize("text", ["U01", "ada=U01", "U01=", "u01=ada@example.com"])
def test_a_wrong_pair_of_slack_people_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="SLACK_PEOPLE"):
        people_of(text)
