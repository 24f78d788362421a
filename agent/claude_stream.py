"""Collects a reply of the Messages API, streamed or whole, judging each call's arguments only once complete."""

import json
from dataclasses import dataclass, field
from typing import Any

from core.actions import ToolCall
from core.ids import new_id


@dataclass
class _Open:
    """A content block still growing."""

    kind: str
    start: dict[str, Any]
    text: str = ""


@dataclass
class Collected:
    """What came so far; a call is in `calls` only when its block was closed."""

    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    stop: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cache_written: int = 0
    tokens_cache_read: int = 0
    complete: bool = False
    _open: dict[int, _Open] = field(default_factory=dict)

    def take(self, event: Any) -> str:
        """Takes one event of a stream; the words it added, if any. Raises ValueError for one that makes no sense."""
        try:
            return self._take(event)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not an event of the Messages API: {error}") from error

    def _take(self, event: Any) -> str:
        match event.type:
            case "message_start":
                self._count(event.message.usage)
            case "content_block_start":
                block = event.content_block.model_dump(mode="json", exclude_none=True)
                self._open[event.index] = _Open(block["type"], block)
            case "content_block_delta":
                return self._grow(self._open[event.index], event.delta.model_dump(mode="json"))
            case "content_block_stop":
                self._close(self._open.pop(event.index))
            case "message_delta":
                self.stop = event.delta.stop_reason
                self._count(event.usage)
            case "message_stop":
                self.complete = True
            case _:
                pass  # a kind of event newer than this code adds nothing we know how to use
        return ""

    def take_whole(self, message: Any) -> None:
        """Takes a reply that came in one piece; raises ValueError for one that makes no sense."""
        try:
            self._take_whole(message)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a reply of the Messages API: {error}") from error

    def _take_whole(self, message: Any) -> None:
        for block in message.content:
            raw = block.model_dump(mode="json", exclude_none=True)
            opened = _Open(raw["type"], raw)
            if raw["type"] == "text":
                self.text += raw["text"]
            elif raw["type"] == "tool_use":
                opened.text = json.dumps(raw["input"])
            self._close(opened)
        self.stop = message.stop_reason
        self._count(message.usage)
        self.complete = True

    def _grow(self, block: _Open, delta: dict[str, Any]) -> str:
        match delta["type"]:
            case "text_delta":
                self.text += delta["text"]
                return str(delta["text"])
            case "input_json_delta":
                block.text += delta["partial_json"]
            case "thinking_delta":
                block.start["thinking"] = block.start.get("thinking", "") + delta["thinking"]
            case "signature_delta":
                block.start["signature"] = delta["signature"]
            case _:
                pass
        return ""

    def _close(self, block: _Open) -> None:
        if block.kind == "tool_use":
            call_id = str(block.start.get("id") or new_id("call"))
            self.calls.append(ToolCall(id=call_id, name=str(block.start["name"]), args=_args(block.text)))
        elif block.kind in ("thinking", "redacted_thinking"):
            self.kept.append(block.start)

    def _count(self, usage: Any) -> None:
        # message_start has what went in, message_delta the final count of what came out.
        self.tokens_in = usage.input_tokens or self.tokens_in
        self.tokens_out = usage.output_tokens or self.tokens_out
        self.tokens_cache_written = usage.cache_creation_input_tokens or self.tokens_cache_written
        self.tokens_cache_read = usage.cache_read_input_tokens or self.tokens_cache_read


def _args(text: str) -> Any:
    """The arguments; malformed ones stay text, which no schema accepts."""
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text
