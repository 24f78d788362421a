"""Where colleagues and other systems hear of waiting actions: mail, Slack and webhooks, as the settings say."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from pydantic import SecretStr

from core.clock import Clock
from core.errors import SettingsError
from service.announce import Channels
from service.settings import Settings
from service.slack import SlackDoor
from tools.slack import web
from tools.systems import Systems
from tools.webhooks import sender
from tools.webhooks.signing import key_of

_ADDRESS = re.compile(r"https?://[^\s/@]+(/\S*)?")
_MAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
SLACK_API = "https://slack.com/api"


def channels_of(settings: Settings) -> Channels:
    """Who hears of what; raises SettingsError for an address that is none."""
    return Channels(
        mail=mail_of(settings.notify_mail or ""),
        hooks=tuple(receivers_of(settings)),
        slack=settings.slack_bot_token is not None,
        console=settings.public_url or f"http://{settings.host}:{settings.port}",
    )


def with_channels(systems: Systems, settings: Settings, clock: Clock, stack: AsyncExitStack) -> Systems:
    """The systems with what the settings ask for beside them; `stack` closes it."""
    if settings.slack_bot_token is not None and settings.slack_channel is not None:
        client = web.connect(settings.slack_url or SLACK_API, settings.slack_bot_token)
        stack.push_async_callback(client.aclose)
        systems = replace(systems, slack=web.SlackWeb(client, channel=settings.slack_channel))
    if receivers := receivers_of(settings):
        client = sender.connect(local=settings.webhooks_local)
        stack.push_async_callback(client.aclose)
        systems = replace(systems, hooks=sender.SignedHooks(client, receivers, clock=clock))
    return systems


def slack_door(settings: Settings, systems: Systems) -> SlackDoor | None:
    """The door Slack calls, when Slack is set up."""
    if systems.slack is None or settings.slack_signing_secret is None:
        return None
    return SlackDoor(settings.slack_signing_secret, people_of(settings.slack_people or ""), systems.slack)


def receivers_of(settings: Settings) -> Mapping[str, Sequence[SecretStr]]:
    """Address -> secrets of `https://a.example.com/x whsec_… [whsec_…]; https://…`; raises SettingsError."""
    text = settings.webhooks.get_secret_value() if settings.webhooks else ""
    found: dict[str, list[SecretStr]] = {}
    for one in filter(None, (part.strip() for part in text.split(";"))):
        address, *secrets = one.split()
        if not _ADDRESS.fullmatch(address) or not secrets:
            raise SettingsError(
                "REMIT_WEBHOOKS must read: https://receiver.example.com/path whsec_…, several separated by ;"
            )
        if not address.startswith("https://") and not settings.webhooks_local:
            raise SettingsError("REMIT_WEBHOOKS: only https; a local receiver needs REMIT_WEBHOOKS_LOCAL=1")
        found[address] = [SecretStr(secret) for secret in secrets]
        for secret in found[address]:
            key_of(secret)
    return found


def mail_of(text: str) -> tuple[str, ...]:
    """The addresses of a list with commas; raises SettingsError naming the one that is none."""
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    if wrong := [one for one in found if not _MAIL.fullmatch(one)]:
        raise SettingsError(f"REMIT_NOTIFY_MAIL: {wrong[0]!r} is no mail address")
    return found


def people_of(text: str) -> Mapping[str, str]:
    """Slack id -> login of `U0123=ada@example.com, …`; raises SettingsError naming the pair that is none."""
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        slack_id, equals, login = (word.strip() for word in one.partition("="))
        if not equals or not login or not _SLACK_ID.fullmatch(slack_id):
            raise SettingsError(f"SLACK_PEOPLE: {one!r} must read U0123ABC=login")
        found[slack_id] = login.lower()
    return found
