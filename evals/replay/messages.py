"""Takes the messages of a recorded conversation apart: words, calls, and which output belongs to which call."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from evals.replay.talk import Called, Said

# How the simulated customers of these benchmarks end a conversation; no words of a customer.
_MARKS = ("###STOP###", "###TRANSFER###", "###OUT-OF-SCOPE###")

_ERROR = re.compile(r"\s*(?:error|unknown action)", re.IGNORECASE)


@dataclass(slots=True)
class _Waiting:
    """A call whose output has not come yet."""

    id: str
    name: str
    args: dict[str, Any]
    index: int
    output: str | None = None
    failed: bool = False
    answered: bool = False


def events_of(place: str, messages: list[Any]) -> Iterator[Said | Called]:
    """Words and answered calls in the order they happened; raises Invalid naming the message that is wrong."""
    parts: list[Said | _Waiting] = []
    waiting: list[_Waiting] = []
    for index, message in enumerate(messages):
        where = f"{place}, message {index}"
        if not isinstance(message, dict):
            raise Invalid(f"{where}: must be an object with `role` and `content`")
        match message.get("role"):
            case "system" | "developer":
                pass
            case "tool" | "function":
                for one in _outputs(message):
                    _answer(waiting, one)
            case "user":
                for block in _tool_results(message):
                    _answer(waiting, block)
                parts += _words(message, "customer", index)
            case "assistant":
                parts += _words(message, "agent", index)
                waiting = [_Waiting(*call, index) for call in _calls(where, message)]
                parts += waiting
            case other:
                raise Invalid(
                    f"{where}: unknown role {other!r}; known: system, user, assistant, tool, function"
                )
    for part in parts:
        yield part if isinstance(part, Said) else _called(part)


def _called(call: _Waiting) -> Called:
    return Called(call.name, call.args, call.index, call.output, call.failed)


def _words(message: Mapping[str, Any], speaker: Any, index: int) -> list[Said]:
    text = text_of(message.get("content"))
    for mark in _MARKS:
        text = text.replace(mark, "")
    return [Said(speaker, text.strip(), index)] if text.strip() else []


def text_of(content: Any) -> str:
    """The words of a message, whether written as a string or as a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(
        str(b.get("text", "")) for b in content if isinstance(b, dict) and b.get("type") == "text"
    )


def _calls(where: str, message: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for call in message.get("tool_calls") or ():
        yield _call(where, call)
    if message.get("function_call"):
        yield _call(where, message["function_call"])
    content = message.get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_use":
            yield _call(where, {**block, "arguments": block.get("input")})


def _call(where: str, call: Any) -> tuple[str, str, dict[str, Any]]:
    inner = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        raise Invalid(f"{where}: a tool call needs a name and arguments")
    given = inner.get("arguments")
    return str(call.get("id") or ""), inner["name"], object_of(where, {} if given is None else given)


def object_of(where: str, value: Any) -> dict[str, Any]:
    """Arguments as an object, whether given as one or as JSON text; raises Invalid."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else {}
        except (ValueError, RecursionError) as error:
            raise Invalid(f"{where}: its arguments are not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Invalid(f"{where}: arguments must be an object, not {type(value).__name__}")
    return value


def _outputs(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    # tau2 gathers the answers to calls made together in one message.
    inner = message.get("tool_messages")
    yield from inner if isinstance(inner, list) else (message,)


def _tool_results(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    content = message.get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_result":
            yield {**block, "tool_call_id": block.get("tool_use_id"), "error": block.get("is_error")}


def _answer(waiting: list[_Waiting], message: Mapping[str, Any]) -> None:
    id = str(message.get("tool_call_id") or message.get("id") or "")
    unanswered = [call for call in waiting if not call.answered]
    # Ids repeat within some recordings, so only calls of the message before count, in their order.
    found = next((call for call in unanswered if call.id == id), unanswered[0] if unanswered else None)
    # Simulated customers may have tools of their own; what answers no call of the agent is not ours to judge.
    if found is None or message.get("requestor") == "user":
        return
    content = message.get("content")
    found.output = content if isinstance(content, str) else text_of(content) or json.dumps(content)
    found.failed = bool(message.get("error")) or is_error(found.output)
    found.answered = True


def is_error(output: str) -> bool:
    """Whether a tool's answer says that nothing happened, as these benchmarks' tools say it."""
    return _ERROR.match(output) is not None
