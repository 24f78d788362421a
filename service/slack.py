"""Slack as one more door to the same decisions: who pressed, what they see, what they decide."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from approvals.announced import last_decider
from approvals.detail import detail
from approvals.parts import Parts, Reviewer
from approvals.record import action_row
from approvals.reviews import Decided, decide
from core.errors import Forbidden, RemitError, VendorError
from service import slack_words
from service.announce import Channels, page_of, title_of
from store.columns import table
from store.tables.people import UserRow
from store.tables.record import SlackMessageRow
from tools.slack.port import Posted, Slack

log = logging.getLogger("remit.slack")
_USER = table(UserRow)
_MESSAGE = table(SlackMessageRow)
# Slack does not say when somebody logged in, so what needs a fresh login is decided in the console.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
STRANGER = (
    "Your Slack account is not linked to a colleague here. Ask whoever runs Remit to add it to SLACK_PEOPLE."
)


@dataclass(frozen=True, slots=True)
class SlackDoor:
    """What the door needs: the secret its requests are signed with, and Slack id -> login of colleagues."""

    secret: SecretStr
    people: Mapping[str, str]
    slack: Slack


async def write_message(action_id: str, parts: Parts, channels: Channels) -> None:
    """Writes or renews the channel's message about an action as it stands now; a VendorError rises."""
    slack = parts.systems.slack
    if slack is None:
        return
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        query = select(_MESSAGE).where(_MESSAGE.c.action_id == action_id)
        known = await work.row(SlackMessageRow, query)
        by = await last_decider(work, action_id)
    if known is None and row.state != "held":
        return  # it never waited while we were listening
    title = title_of(row, parts.catalog)
    text, made = slack_words.message(row, title, by, page_of(row, channels), parts.clock.now())
    if known is not None:
        await slack.update(Posted(channel=known.channel, ts=known.ts), text, made)
        return
    posted = await slack.post(text, made)
    async with parts.store.begin() as work:
        kept = insert(_MESSAGE).values(action_id=action_id, channel=posted.channel, ts=posted.ts)
        await work.insert_once(kept)


async def open_modal(door: SlackDoor, payload: Mapping[str, Any], parts: Parts) -> None:
    """Shows an action to whoever pressed; opening it is what allows them to decide."""
    action_id = next((a["value"] for a in payload["actions"] if a.get("action_id") == slack_words.LOOK), None)
    if action_id is None:
        return
    try:
        reviewer = await who_is(door, payload, parts)
        view = slack_words.modal(await detail(str(action_id), reviewer, parts))
    except RemitError as error:
        view = slack_words.said(str(error))
    try:
        await door.slack.open_view(str(payload["trigger_id"]), view)
    except VendorError as error:
        log.warning("a modal could not be opened: %s", error)


async def decide_from_modal(door: SlackDoor, payload: Mapping[str, Any], parts: Parts) -> None:
    """Decides as the colleague behind the Slack account, and says in the modal what became of it."""
    sentence = await _decided(door, payload, parts)
    try:
        await door.slack.update_view(str(payload["view"]["id"]), slack_words.said(sentence))
    except VendorError as error:
        log.warning("a modal could not be renewed: %s", error)


async def _decided(door: SlackDoor, payload: Mapping[str, Any], parts: Parts) -> str:
    try:
        reviewer = await who_is(door, payload, parts)
        done = await decide(decision_in(payload), reviewer, parts)
    except RemitError as error:
        return f"{error} Nothing was done."
    return done.sentence


def decision_in(payload: Mapping[str, Any]) -> Decided:
    """What was chosen in the modal, bound to the digest it showed."""
    view = payload["view"]
    kept = json.loads(view["private_metadata"])
    values = view["state"]["values"]
    reason = values["reason"]["reason"].get("selected_option") or {}
    decision = values["decision"]["decision"]["selected_option"]["value"]
    if decision not in ("approve", "reject", "take_over"):
        raise Forbidden("That cannot be decided from Slack.")
    return Decided(
        action_id=str(kept["action_id"]),
        digest=str(kept["digest"]),
        decision=decision,
        reason_code=reason.get("value"),
        note=str(values["note"]["note"].get("value") or ""),
    )


async def who_is(door: SlackDoor, payload: Mapping[str, Any], parts: Parts) -> Reviewer:
    """The colleague behind a Slack account, with the roles of their login now; raises Forbidden."""
    login = door.people.get(str(payload["user"]["id"]))
    if login is None:
        raise Forbidden(STRANGER)
    async with parts.store.begin() as work:
        user = await work.row(UserRow, select(_USER).where(_USER.c.login == login))
    if user is None or user.disabled:
        raise Forbidden(STRANGER)
    if not set(user.roles) & {"approver", "admin"}:
        raise Forbidden("Only approvers may decide on actions.")
    return Reviewer(user.id, user.name, frozenset(user.roles), _LONG_AGO)
