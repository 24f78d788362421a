"""Replies of a model kept in a file and given again: the same run without the model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.model import Model, OnText, Prompt, Reply, Usage
from core.actions import ToolCall
from core.errors import Invalid
from evals.run import Key

FORMAT = 1
Kept = Sequence[Mapping[str, Any]]


class Recorder:
    """Any model, its replies kept."""

    def __init__(self, inner: Model) -> None:
        self.name, self.version = inner.name, inner.version
        self.kept: list[Mapping[str, Any]] = []
        self._inner = inner

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        reply = await self._inner.reply(prompt, on_text=on_text)
        self.kept.append(as_kept(reply))
        return reply

    async def close(self) -> None:
        await self._inner.close()


class RecordedModel:
    """Gives the kept replies in order; a conversation that asks for more than was kept has gone another way."""

    name, version = "recorded", "1"

    def __init__(self, kept: Kept) -> None:
        self._left = [as_reply(one) for one in kept]

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        if not self._left:
            raise Invalid("the recording has no further reply: this conversation went another way")
        reply = self._left.pop(0)
        if reply.text:
            await on_text(reply.text)
        return reply

    async def close(self) -> None:
        """Holds nothing open."""


def as_kept(reply: Reply) -> Mapping[str, Any]:
    """A reply as it stands in the file."""
    calls = [call.model_dump(mode="json") for call in reply.calls]
    return {
        "text": reply.text,
        "calls": calls,
        "stop": reply.stop,
        "usage": asdict(reply.usage),
        "kept": list(reply.kept),
    }


def as_reply(kept: Mapping[str, Any]) -> Reply:
    """The reply again; raises KeyError, TypeError or ValueError for anything else."""
    calls = tuple(ToolCall.model_validate(call) for call in kept["calls"])
    more = {"stop": kept["stop"], "usage": Usage(**kept["usage"]), "kept": tuple(kept["kept"])}
    return Reply(text=kept["text"], calls=calls, **more)


def line_of(key: Key, kept: Kept) -> str:
    """One conversation as a line of the file."""
    told = {"format": FORMAT, "scenario": key[0], "epoch": key[1], "replies": list(kept)}
    return json.dumps(told, ensure_ascii=False)


def load_recording(path: Path) -> Mapping[Key, Kept]:
    """Kept replies by scenario and epoch; raises Invalid with file:line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: cannot be read ({type(error).__name__})") from None
    found: dict[Key, Kept] = {}
    for number, line in enumerate(lines, start=1):
        try:
            told = json.loads(line)
            if told["format"] != FORMAT:
                raise Invalid(f"{path}:{number}: format {told['format']!r} is not {FORMAT}")
            [as_reply(one) for one in told["replies"]]
            found[told["scenario"], told["epoch"]] = told["replies"]
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid(f"{path}:{number}: not a recorded conversation ({type(error).__name__})") from None
    if not found:
        raise Invalid(f"{path}: holds no recorded conversation")
    return found
