"""A stub of the Messages API on loopback: plays a list of replies, as JSON or SSE, and the ways they go wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """A reply of words; `cut_after` breaks the connection after so many words of the stream."""

    text: str
    stop: str = "end_turn"
    cut_after: int | None = None


@dataclass(frozen=True)
class Use:
    """A reply with tool calls, (id, name, input); an input given as text is sent as it is, malformed or not."""

    calls: Sequence[tuple[str, str, Any]]
    text: str = ""
    stop: str = "tool_use"
    thinking: str = ""


@dataclass(frozen=True)
class Trouble:
    """An HTTP error, or (with status 200) an error inside the stream."""

    status: int
    kind: str = "api_error"
    retry_after: str | None = None


@dataclass(frozen=True)
class Raw:
    """Any body under a 200, and the connection closed after it."""

    body: bytes
    content_type: str = "application/json"


Play = Words | Use | Trouble | Raw
Turn = Play | Callable[[Body], Play]


@dataclass
class MessagesStub:
    """`asked` are the request bodies in order; `plays` are taken in order, `otherwise` when they run out."""

    plays: list[Turn]
    otherwise: Turn | None = None
    asked: list[Body] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def next_play(self, body: Body) -> Play:
        self.asked.append(body)
        play = self.plays.pop(0) if self.plays else self.otherwise
        if play is None:
            return Trouble(500, "script_over")
        return play(body) if callable(play) else play

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            headers, body = await _read(reader)
            self.headers.append(headers)
            play = self.next_play(body)
            for part in answer(play, stream=bool(body.get("stream"))):
                writer.write(part)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def messages_stub(*plays: Turn, otherwise: Turn | None = None) -> AsyncIterator[MessagesStub]:
    """A running stub that answers with `plays` in order, then with `otherwise`."""
    stub = MessagesStub(list(plays), otherwise)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield stub
    finally:
        server.close()
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> tuple[dict[str, str], Body]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = [line.partition(":") for line in head.split("\r\n")[1:] if line]
    headers = {name.lower(): value.strip() for name, _, value in lines}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    return headers, json.loads(raw or b"{}")


def answer(play: Play, *, stream: bool) -> list[bytes]:
    """The bytes of one HTTP response, in the pieces they are sent in."""
    match play:
        case Trouble(status=200):
            return [_head(200, "text/event-stream"), _event("error", _error(play))]
        case Trouble():
            extra = {"retry-after": play.retry_after} if play.retry_after is not None else {}
            return [_head(play.status, "application/json", extra), json.dumps(_error(play)).encode()]
        case Raw():
            return [_head(200, play.content_type), play.body]
        case _ if stream:
            return [_head(200, "text/event-stream"), *_events(play)]
        case _:
            return [_head(200, "application/json"), json.dumps(_message(play)).encode()]


def _head(status: int, content_type: str, extra: dict[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Stub", f"content-type: {content_type}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in (extra or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _error(trouble: Trouble) -> Body:
    return {"type": "error", "error": {"type": trouble.kind, "message": "a stub's trouble"}}


def _usage() -> Body:
    return {
        "input_tokens": 100,
        "output_tokens": 20,
        "cache_creation_input_tokens": 50,
        "cache_read_input_tokens": 1000,
    }


def _blocks(play: Words | Use) -> list[Body]:
    text = [{"type": "text", "text": play.text}] if play.text else []
    if isinstance(play, Words):
        return list(text)
    thought = [{"type": "thinking", "thinking": play.thinking, "signature": "sig"}] if play.thinking else []
    uses = [{"type": "tool_use", "id": i, "name": n, "input": given} for i, n, given in play.calls]
    return [*thought, *text, *uses]


def _message(play: Words | Use) -> Body:
    return {
        "id": "msg_stub",
        "type": "message",
        "role": "assistant",
        "model": "stub",
        "content": _blocks(play),
        "stop_reason": play.stop,
        "stop_sequence": None,
        "usage": _usage(),
    }


def _event(name: str, data: Body) -> bytes:
    return f"event: {name}\ndata: {json.dumps({**data, 'type': name})}\n\n".encode()


def _events(play: Words | Use) -> list[bytes]:
    start = {**_message(play), "content": [], "stop_reason": None}
    out = [_event("message_start", {"message": start}), _event("ping", {})]
    for index, block in enumerate(_blocks(play)):
        out += _block_events(index, block, play)
    if isinstance(play, Words) and play.cut_after is not None:
        return out
    delta = {"delta": {"stop_reason": play.stop, "stop_sequence": None}, "usage": {"output_tokens": 20}}
    return [*out, _event("message_delta", delta), _event("message_stop", {})]


def _block_events(index: int, block: Body, play: Words | Use) -> list[bytes]:
    empty = {"text": {"text": ""}, "tool_use": {"input": {}}, "thinking": {"thinking": "", "signature": ""}}
    begin = _event(
        "content_block_start", {"index": index, "content_block": {**block, **empty[block["type"]]}}
    )
    deltas = [_event("content_block_delta", {"index": index, "delta": d}) for d in _deltas(block, play)]
    whole = not (isinstance(play, Words) and play.cut_after is not None) and not _half_a_call(block, play)
    return [begin, *deltas, *([_event("content_block_stop", {"index": index})] if whole else [])]


def _half_a_call(block: Body, play: Words | Use) -> bool:
    return block["type"] == "tool_use" and play.stop == "max_tokens"


def _deltas(block: Body, play: Words | Use) -> list[Body]:
    if block["type"] == "text":
        words = [f"{w} " for w in block["text"].split(" ")]
        words[-1] = words[-1][:-1]
        cut = play.cut_after if isinstance(play, Words) else None
        return [{"type": "text_delta", "text": w} for w in words[:cut]]
    if block["type"] == "thinking":
        return [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    raw = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
    parts = [raw[: len(raw) // 2], raw[len(raw) // 2 :]]
    if _half_a_call(block, play):
        parts = parts[:1]
    return [{"type": "input_json_delta", "partial_json": p} for p in parts]
