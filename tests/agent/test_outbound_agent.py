"""What leaves: sentence by sentence through the filter, and nothing claimed that no receipt shows."""

from typing import Any

import pytest

from agent.outbound import UNPROVEN, Speaker, fit_to_send
from agent.parts import AgentParts
from tests.agent.chat_bench import Screen, triage

REFUND = frozenset({"refund"})


def _parts(screen: Screen) -> AgentParts:
    nothing: Any = None
    return AgentParts(
        approvals=nothing,
        triage=triage(),
        model=nothing,
        fallback=nothing,
        live=screen,
        link_hosts=frozenset({"help.example.com"}),
        secrets=("canary-7361",),
    )


@pytest.mark.parametrize(
    ("text", "receipts", "sent"),
    [
        pytest.param("I have refunded your $49.00.", frozenset(), UNPROVEN, id="claim-without-receipt"),
        pytest.param(
            "I have refunded your $49.00.", REFUND, "I have refunded your $49.00.", id="claim-with-receipt"
        ),
        pytest.param(
            "I have also cancelled your subscription.", REFUND, UNPROVEN, id="claim-of-another-kind"
        ),
        pytest.param("Refunds take 5-10 days.", frozenset(), "Refunds take 5-10 days.", id="no-claim"),
        pytest.param(
            "See https://help.example.com/a", frozenset(), "See https://help.example.com/a", id="own-link"
        ),
    ],
)
def test_fit_to_send(text: str, receipts: frozenset[str], sent: str) -> None:
    assert fit_to_send(text, receipts=receipts, parts=_parts(Screen())) == sent


@pytest.mark.parametrize(
    "text", ["the key is canary-7361", "go to https://evil.example.net/a", "card 4242424242424242"]
)
def test_what_must_not_leave_does_not(text: str) -> None:
    sent = fit_to_send(text, receipts=REFUND, parts=_parts(Screen()))
    assert not any(bad in sent for bad in ("canary-7361", "evil.example.net", "4242424242424242"))


async def _stream(text: str, *, receipts: frozenset[str], size: int) -> str:
    screen = Screen()
    speaker = Speaker("con_a", _parts(screen), receipts=receipts)
    for start in range(0, len(text), size):
        await speaker(text[start : start + size])
    speaker.end()
    return screen.words()


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_words_come_out_whole_whatever_pieces_they_came_in(size: int) -> None:
    text = "I see two payments. Which one is it? The second is of Monday"
    assert await _stream(text, receipts=frozenset(), size=size) == text


@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_nothing_is_shown_from_a_false_claim_on(size: int) -> None:
    text = "Good news. I have refunded your $49.00. It is all done now."
    assert (await _stream(text, receipts=frozenset(), size=size)).strip() == "Good news."


@pytest.mark.parametrize("size", [1, 4])
async def test_a_secret_cut_in_pieces_is_still_seen(size: int) -> None:
    shown = await _stream("The key is canary-7361 and more. Bye.", receipts=frozenset(), size=size)
    assert "canary-7361" not in shown
