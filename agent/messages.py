"""A transcript in the form of the Messages API: roles alternate, each result follows its call."""

from collections.abc import Iterable
from typing import Any, assert_never

from agent.entries import CallResult, Entry, Heard, Noted, Replied, Results

Blocks = list[dict[str, Any]]


def messages(transcript: Iterable[Entry]) -> list[dict[str, Any]]:
    """The conversation, ending in a cache mark; neighbours of one role become one message."""
    merged: list[dict[str, Any]] = []
    for entry in transcript:
        role, blocks = _message(entry)
        if not blocks:
            continue
        if merged and merged[-1]["role"] == role:
            merged[-1]["content"].extend(blocks)
        else:
            merged.append({"role": role, "content": blocks})
    if merged:
        # The whole conversation so far is a prefix of the next call.
        merged[-1]["content"][-1]["cache_control"] = {"type": "ephemeral"}
    return merged


def _message(entry: Entry) -> tuple[str, Blocks]:
    match entry:
        case Heard():
            return "user", [_text(delimited("customer_message", entry.text))]
        case Noted():
            return "user", [_text(delimited("note_from_remit", entry.text))]
        case Replied():
            return "assistant", _reply(entry)
        case Results():
            return "user", [_result(result) for result in entry.results]
        case _:
            assert_never(entry)


def _reply(entry: Replied) -> Blocks:
    said = [_text(entry.text)] if entry.text.strip() else []
    # The API takes only objects as input; what was no object was refused, and its result says so.
    calls: Blocks = [
        {
            "type": "tool_use",
            "id": call.id,
            "name": call.name,
            "input": call.args if isinstance(call.args, dict) else {},
        }
        for call in entry.calls
    ]
    # Reasoning alone is no message: the API wants words or calls after it.
    return [*(dict(block) for block in entry.kept), *said, *calls] if said or calls else []


def _result(result: CallResult) -> dict[str, Any]:
    block: dict[str, Any] = {
        "type": "tool_result",
        "tool_use_id": result.call_id,
        "content": result.content,
    }
    return block if result.ok else {**block, "is_error": True}


def delimited(tag: str, text: str) -> str:
    """Untrusted text between tags it cannot close itself."""
    inert = text.replace(f"</{tag}", f"< /{tag}").replace(f"<{tag}", f"< {tag}")
    return f"<{tag}>\n{inert}\n</{tag}>"


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
