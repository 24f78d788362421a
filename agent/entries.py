"""The entries of a transcript: what was heard, replied, found out and noted, in order."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from core.actions import ToolCall
from core.frozen import Frozen

VERSION = 1


class Heard(Frozen):
    """The customer's own words."""

    entry: Literal["heard"] = "heard"
    text: str
    message_id: str
    request_id: str | None
    at: datetime


class Replied(Frozen):
    """A model's reply, with the calls it made."""

    entry: Literal["replied"] = "replied"
    text: str
    calls: tuple[ToolCall, ...] = ()
    kept: tuple[dict[str, Any], ...] = ()
    model: str
    request_id: str | None
    at: datetime


class CallResult(Frozen):
    """What came of one call, as JSON or a sentence."""

    call_id: str
    name: str
    content: str
    ok: bool


class Results(Frozen):
    """What came of every call of the reply before it."""

    entry: Literal["results"] = "results"
    results: tuple[CallResult, ...]
    request_id: str | None
    at: datetime


class Noted(Frozen):
    """What happened meanwhile, told to the model by code: a decision, a confirmation, a reply cut off."""

    entry: Literal["noted"] = "noted"
    text: str
    request_id: str | None
    action_id: str | None = None
    outcome: str | None = None
    at: datetime


Entry = Annotated[Heard | Replied | Results | Noted, Field(discriminator="entry")]
ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
