"""The address Slack calls: checked, answered at once, and only then worked on."""

import json
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse

from core.errors import Invalid, NotFound
from service import slack, slack_words
from service.auth import PartsOf
from service.parts import ServiceParts
from tools.slack.signature import check_signature

_UNREADABLE = "This is no interaction of Slack's."
router = APIRouter(include_in_schema=False)


@router.post("/slack/interactions")
async def interact(
    request: Request,
    parts: PartsOf,
    x_slack_request_timestamp: Annotated[str, Header()] = "",
    x_slack_signature: Annotated[str, Header()] = "",
) -> JSONResponse:
    """A press or a sent modal: 200 within Slack's three seconds, whatever it leads to."""
    door = parts.slack
    if door is None:
        raise NotFound("There is no Slack here; see docs/notifications.md.")
    body = await request.body()
    check_signature(
        door.secret,
        timestamp=x_slack_request_timestamp,
        signature=x_slack_signature,
        body=body,
        now=parts.clock.now(),
    )
    payload = _payload(body)
    try:
        return _answered(door, payload, parts)
    except (KeyError, TypeError, ValueError):
        raise Invalid(_UNREADABLE) from None


def _answered(door: slack.SlackDoor, payload: dict[str, Any], parts: ServiceParts) -> JSONResponse:
    match payload.get("type"):
        case "block_actions":
            name = f"slack {payload['trigger_id']}"
            parts.turns.start(slack.open_modal(door, payload, parts.approvals), name=name)
            return JSONResponse({})
        case "view_submission" if payload["view"].get("callback_id") == slack_words.DECIDE:
            return _submitted(door, payload, parts)
        case _:
            return JSONResponse({})


def _submitted(door: slack.SlackDoor, payload: dict[str, Any], parts: ServiceParts) -> JSONResponse:
    decided = slack.decision_in(payload)
    if decided.decision == "reject" and decided.reason_code is None:
        errors = {"reason": "Say why."}
        return JSONResponse({"response_action": "errors", "errors": errors})
    work = slack.decide_from_modal(door, payload, parts.approvals)
    parts.turns.start(work, name=f"slack {payload['view']['id']}")
    return JSONResponse({"response_action": "update", "view": slack_words.said("One moment.")})


def _payload(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(parse_qs(body.decode())["payload"][0])
        if isinstance(found, dict) and isinstance(found.get("user"), dict):
            return found
    except (ValueError, KeyError, UnicodeDecodeError):
        pass
    raise Invalid(_UNREADABLE)
