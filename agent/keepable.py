"""What a model emitted, made fit to be kept: a database holds no NUL, no lone surrogate and no infinity."""

import math
from dataclasses import replace
from typing import Any

from agent.model import Reply
from core.actions import ToolCall

_INSTEAD = "\ufffd"


def keepable(reply: Reply) -> Reply:
    """The same reply; what cannot be stored is replaced, so that it can neither be lost nor mean something else."""
    calls = tuple(ToolCall(id=_text(c.id), name=_text(c.name), args=_value(c.args)) for c in reply.calls)
    kept = tuple(_value(block) for block in reply.kept)
    return replace(reply, text=_text(reply.text), calls=calls, kept=kept)


def _value(value: Any) -> Any:
    match value:
        case str():
            return _text(value)
        case float() if not math.isfinite(value):
            # As a word it is of the wrong type for every number, which is what it was.
            return str(value)
        case dict():
            return {_text(str(key)): _value(one) for key, one in value.items()}
        case list() | tuple():
            return [_value(one) for one in value]
        case _:
            return value


def _text(text: str) -> str:
    if text.isascii() and "\x00" not in text:
        return text
    return "".join(_INSTEAD if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text)
