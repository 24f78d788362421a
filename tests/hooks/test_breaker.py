"""F28: a vendor that does not answer is not asked for a while, is tried again, and is asked again; others go on."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from agent.model import ModelDown, Prompt, Reply
from agent.scripted import ScriptedModel
from agent.steady import Steady
from core.breaker import Breaker
from core.errors import VendorDown, VendorRefused, VendorUnsure
from tools import http
from tools.breaking import Breakers, Breaking


class Seconds:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


Answer = Callable[[httpx.Request], httpx.Response]


class Vendor:
    """A vendor that answers as told and counts how often it was asked."""

    def __init__(self, breakers: Breakers, name: str) -> None:
        self.asked = 0
        self.status = 200
        self.name = name
        inner = httpx.MockTransport(self._answer)
        self.client = http.client(
            name,
            base_url="https://vendor.example.com",
            auth={"Authorization": SecretStr("Bearer key")},
            transport=Breaking(breakers.of(name), inner),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.status == 0:
            raise httpx.ReadTimeout("silent", request=request)
        return httpx.Response(self.status)

    async def read(self) -> httpx.Response:
        return await http.send(self.client, self.name, "GET", "/things")


async def failing(vendor: Vendor, times: int) -> None:
    for _ in range(times):
        with pytest.raises((VendorUnsure, VendorDown)):
            await vendor.read()


@pytest.mark.parametrize("status", [0, 500, 503], ids=["silent", "500", "503"])
async def test_f28_opens_after_five_failures_and_the_sixth_is_not_sent(status: int) -> None:
    seconds = Seconds()
    breakers = Breakers(seconds)
    vendor, other = Vendor(breakers, "identity"), Vendor(breakers, "billing")
    vendor.status = status
    await failing(vendor, 4)
    assert breakers.states() == {"billing": "closed", "identity": "closed"}
    await failing(vendor, 1)
    assert breakers.states() == {"billing": "closed", "identity": "open"}
    with pytest.raises(VendorDown):
        await vendor.read()
    assert vendor.asked == 5
    assert (await other.read()).status_code == 200


async def test_f28_one_try_passes_after_a_while_and_closes_it_or_not() -> None:
    seconds = Seconds()
    breakers = Breakers(seconds, failures=2, seconds=20)
    vendor = Vendor(breakers, "identity")
    vendor.status = 500
    await failing(vendor, 2)
    seconds.at += 19.9
    await failing(vendor, 1)
    assert vendor.asked == 2
    seconds.at += 0.1
    assert breakers.states()["identity"] == "half_open"
    await failing(vendor, 1)
    assert (vendor.asked, breakers.states()["identity"]) == (3, "open")
    seconds.at += 20
    vendor.status = 200
    assert (await vendor.read()).status_code == 200
    assert breakers.states()["identity"] == "closed"


async def test_a_refusal_is_an_answer() -> None:
    breakers = Breakers(Seconds(), failures=1)
    vendor = Vendor(breakers, "billing")
    vendor.status = 404
    with pytest.raises(VendorRefused):
        await vendor.read()
    assert breakers.states()["billing"] == "closed"


def test_only_one_try_is_on_its_way_and_one_that_was_given_up_lets_the_next_in() -> None:
    seconds = Seconds()
    breaker = Breaker("x", seconds, failures=1, seconds=5)
    assert breaker.admits()
    breaker.failed()
    seconds.at += 5
    assert breaker.admits()
    assert not breaker.admits()
    breaker.given_up()
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.admits()
    assert breaker.state == "closed"


def test_failures_that_are_not_in_a_row_open_nothing() -> None:
    breaker = Breaker("x", Seconds(), failures=2)
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.state == "closed"


async def words(text: str) -> None:
    """Nobody listens."""


async def test_only_the_first_customer_waits_for_a_model_that_is_down(prompt: Prompt) -> None:
    seconds = Seconds()
    script = ScriptedModel([ModelDown("silent"), Reply(text="Back again.")])
    model = Steady(script, Breaker("model", seconds, failures=1, seconds=30))
    for _ in range(3):
        with pytest.raises(ModelDown):
            await model.reply(prompt, on_text=words)
    assert len(script.seen) == 1
    seconds.at += 30
    assert (await model.reply(prompt, on_text=words)).text == "Back again."
    script.assert_finished()


async def test_a_customer_who_leaves_says_nothing_about_the_model(prompt: Prompt) -> None:
    class Silent(ScriptedModel):
        async def reply(self, prompt: Prompt, *, on_text: object) -> Reply:
            raise asyncio.CancelledError

    seconds = Seconds()
    breaker = Breaker("model", seconds, failures=1)
    with pytest.raises(asyncio.CancelledError):
        await Steady(Silent([]), breaker).reply(prompt, on_text=words)
    assert breaker.state == "closed"


@pytest.fixture
def prompt() -> Prompt:
    from tests.agent.test_claude import PROMPT

    return PROMPT
