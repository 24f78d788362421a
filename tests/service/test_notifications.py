"""What others hear of a waiting action: Slack, mail and webhooks on loopback, and what Slack may decide."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from fastapi import FastAPI
from loopback_bench import Receiver
from pydantic import SecretStr
from sqlalchemy import select
from web_bench import client, colleague, customer, opened, say, shown

from service.announce import announce
from service.build import House
from service.deliver import deliver
from service.run import work_off
from store.columns import table
from store.tables.record import OutboxRow
from tools.slack.signature import sign

pytestmark = pytest.mark.asyncio(loop_scope="session")
_OUTBOX = table(OutboxRow)
SECRET = SecretStr("signing-for-tests")


async def told(home: House) -> None:
    """Everything that happened is announced and sent."""
    service = home.service
    while await announce(service.approvals, service.channels):
        pass
    await work_off(home)


@pytest_asyncio.fixture(loop_scope="session")
async def waiting(home: House, web: FastAPI, mara: str, outside: Receiver) -> AsyncIterator[dict[str, Any]]:
    """A refund that waits, and whose notice everybody has."""
    async with customer(home, web, mara) as asks:
        conversation = await opened(asks)
        words = (
            "I was charged twice for order 1042 <!channel> <https://evil.example|click>, I want my money back"
        )
        await say(home, asks, conversation, words, "key-00000001")
        card = next(body for kind, body in await shown(home, conversation) if kind == "confirm")
        await asks.post(f"/v1/actions/{card['action_id']}/confirm", json={"digest": card["digest"]})
    await told(home)
    yield {"id": card["action_id"], "digest": card["digest"], "conversation": conversation, "customer": mara}


def posts(outside: Receiver, method: str, action_id: str) -> list[dict[str, Any]]:
    return [one.json for one in outside.at(f"/{method}") if action_id in one.body.decode()]


async def press(web: FastAPI, home: House, payload: dict[str, Any], **more: Any) -> Any:
    """A signed call of Slack's, and whatever it set in motion."""
    at = str(int(home.service.clock.now().timestamp()) + more.get("late", 0))
    body = urlencode({"payload": json.dumps(payload)}).encode()
    signature = more.get("signature") or sign(more.get("secret", SECRET), at, body)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": at,
        "x-slack-signature": signature,
    }
    async with client(web) as slack:
        answer = await slack.post("/slack/interactions", content=more.get("body", body), headers=headers)
    await home.service.turns.drain(5)
    return answer


def look(action_id: str, user: str = "U0APPROVER") -> dict[str, Any]:
    pressed = [{"action_id": "remit_look", "value": action_id}]
    return {"type": "block_actions", "user": {"id": user}, "trigger_id": f"t.{action_id}", "actions": pressed}


def submit(
    waiting: dict[str, Any],
    decision: str,
    *,
    reason: str | None = None,
    user: str = "U0APPROVER",
    **kept: str,
) -> dict[str, Any]:
    keep = {"action_id": waiting["id"], "digest": waiting["digest"], **kept}
    chosen = {"value": reason} if reason else None
    return {
        "type": "view_submission",
        "user": {"id": user},
        "view": {
            "id": f"V.{waiting['id']}",
            "callback_id": "remit_decide",
            "private_metadata": json.dumps(keep),
            "state": {
                "values": {
                    "decision": {"decision": {"selected_option": {"value": decision}}},
                    "reason": {"reason": {"selected_option": chosen}},
                    "note": {"note": {"value": None}},
                }
            },
        },
    }


async def state_of(home: House, web: FastAPI, waiting: dict[str, Any]) -> str:
    async with colleague(home, web, "ops") as ops:
        return str((await ops.get(f"/v1/actions/{waiting['id']}")).json()["entry"]["state"])


async def test_the_channel_hears_that_something_waits_and_nothing_of_what(
    home: House, outside: Receiver, waiting: dict[str, Any]
) -> None:
    (message,) = posts(outside, "chat.postMessage", waiting["id"])
    text = json.dumps(message, ensure_ascii=False)
    assert message["channel"] == "C01"
    assert "Duplicate charge" in text or "duplicate" in text.lower()
    for argument in ("49", "4242", "ch_", "1042", "Mara", "!channel"):
        assert argument not in text.replace(waiting["id"], ""), argument
    assert outside.at("/chat.postMessage")[0].headers["authorization"] == "Bearer xoxb-for-tests"


async def test_the_modal_shows_the_arguments_and_makes_nothing_of_what_customers_write(
    home: House, web: FastAPI, outside: Receiver, waiting: dict[str, Any]
) -> None:
    assert (await press(web, home, look(waiting["id"]))).status_code == 200
    (opened_view,) = [one.json for one in outside.at("/views.open") if waiting["id"] in one.body.decode()]
    text = json.dumps(opened_view["view"], ensure_ascii=False)
    assert "4900" in text
    assert "<!channel>" in text
    # Every text is plain: Slack resolves no mention and no link in it.
    assert "mrkdwn" not in text


async def test_a_colleague_approves_in_slack_and_the_message_says_so(
    home: House, web: FastAPI, outside: Receiver, waiting: dict[str, Any]
) -> None:
    await press(web, home, look(waiting["id"]))
    answer = await press(web, home, submit(waiting, "approve"))
    assert answer.json()["response_action"] == "update"
    await work_off(home)
    assert await state_of(home, web, waiting) == "executed"
    await told(home)
    ended = posts(outside, "chat.update", "C01")[-1]
    assert "done" in ended["text"]
    assert ended["ts"].startswith("1.")
    view = [one.json["view"] for one in outside.at("/views.update")][-1]
    assert "Approved" in json.dumps(view)


@pytest.mark.parametrize(
    ("user", "says"),
    [
        pytest.param("U0EVALUATOR", "Only approvers", id="a-colleague-without-the-role"),
        pytest.param("U0NOBODY", "not linked", id="a-stranger"),
    ],
)
async def test_who_may_not_decide_is_told_and_decides_nothing(
    home: House, web: FastAPI, outside: Receiver, waiting: dict[str, Any], user: str, says: str
) -> None:
    await press(web, home, look(waiting["id"], user))
    assert says in outside.at("/views.open")[-1].body.decode()
    await press(web, home, submit(waiting, "approve", user=user))
    assert says in outside.at("/views.update")[-1].body.decode()
    assert await state_of(home, web, waiting) == "held"


async def test_nothing_is_decided_in_slack_that_was_not_opened_or_has_another_digest(
    home: House, web: FastAPI, outside: Receiver, waiting: dict[str, Any]
) -> None:
    await press(web, home, submit(waiting, "approve"))
    assert "Open it" in outside.at("/views.update")[-1].body.decode()
    await press(web, home, look(waiting["id"]))
    await press(web, home, submit(waiting, "approve", digest="0" * 64))
    assert "not what you looked at" in outside.at("/views.update")[-1].body.decode()
    assert await state_of(home, web, waiting) == "held"


async def test_a_rejection_in_slack_wants_a_reason(
    home: House, web: FastAPI, waiting: dict[str, Any]
) -> None:
    await press(web, home, look(waiting["id"]))
    answer = await press(web, home, submit(waiting, "reject"))
    assert answer.json() == {"response_action": "errors", "errors": {"reason": "Say why."}}
    await press(web, home, submit(waiting, "reject", reason="wrong_amount"))
    assert await state_of(home, web, waiting) == "rejected"
    await work_off(home)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"secret": SecretStr("another")}, id="forged"),
        pytest.param({"signature": "v0=00"}, id="not-a-signature"),
        pytest.param({"late": -360}, id="six-minutes-old"),
        pytest.param({"late": 360}, id="six-minutes-ahead"),
        pytest.param({"body": b"payload=%7B%7D"}, id="another-body"),
    ],
)
async def test_what_slack_did_not_sign_just_now_does_nothing(
    home: House, web: FastAPI, outside: Receiver, waiting: dict[str, Any], more: dict[str, Any]
) -> None:
    await press(web, home, look(waiting["id"]))
    before = len(outside.got)
    answer = await press(web, home, submit(waiting, "approve"), **more)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].endswith("Nothing was done.")
    assert len(outside.got) == before
    assert await state_of(home, web, waiting) == "held"


async def test_a_signed_request_of_five_minutes_is_taken(
    home: House, web: FastAPI, waiting: dict[str, Any]
) -> None:
    assert (await press(web, home, look(waiting["id"]), late=-299)).status_code == 200


@pytest.mark.parametrize(
    "payload",
    [{}, {"user": 1}, {"user": {}, "type": "view_submission"}, {"user": {}, "type": "block_actions"}],
)
async def test_a_signed_riddle_is_an_error_with_a_sentence(
    home: House, web: FastAPI, payload: dict[str, Any]
) -> None:
    answer = await press(web, home, payload)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


async def test_a_webhook_is_signed_and_carries_no_name_and_no_words(
    home: House, outside: Receiver, waiting: dict[str, Any]
) -> None:
    events = [one for one in outside.at("/hook") if waiting["id"] in one.body.decode()]
    held = next(one for one in events if one.json["type"] == "action.held")
    assert held.json["data"]["amount"] == 4900
    for word in ("Mara", "charged twice", "example.com", "4242"):
        assert word not in held.body.decode()
    assert len(held.headers["webhook-signature"].split(" ")) == 2


async def test_a_webhook_that_failed_comes_again_under_the_same_id(
    home: House, web: FastAPI, outside: Receiver, waiting: dict[str, Any]
) -> None:
    async with colleague(home, web, "approver") as approver:
        await approver.get(f"/v1/actions/{waiting['id']}")
        body = {"digest": waiting["digest"], "decision": "reject", "reason_code": "other"}
        await approver.post(f"/v1/actions/{waiting['id']}/reviews", json=body)
    outside.statuses["/hook"] = [500]
    await told(home)
    async with home.service.store.begin() as work:
        waits = select(_OUTBOX).where(_OUTBOX.c.kind == "webhook", _OUTBOX.c.state == "waiting")
        (row,) = await work.rows(OutboxRow, waits)
    await deliver(row.id, home.service.approvals, home.service.channels)
    first, again = [one for one in outside.at("/hook") if one.headers["webhook-id"] == row.id]
    assert first.body == again.body
    await deliver(row.id, home.service.approvals, home.service.channels)
    await told(home)
    assert len([one for one in outside.at("/hook") if one.headers["webhook-id"] == row.id]) == 2


async def test_approvers_get_a_mail_with_a_link_and_no_arguments(
    home: House, waiting: dict[str, Any]
) -> None:
    assert home.sandbox is not None
    async with home.service.store.begin() as work:
        rows = await work.rows(OutboxRow, select(_OUTBOX).where(_OUTBOX.c.kind == "mail"))
    mine = [r for r in rows if waiting["id"] in str(r.body.get("text", ""))]
    (letter,) = [r for r in mine if r.body.get("to") == "queue@example.com"]
    assert letter.state == "sent"
    assert "4242" not in letter.body["text"]
    assert "49" not in letter.body["text"].replace(waiting["id"], "")
