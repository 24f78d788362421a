"""The model of the tests: fixed replies in order, strict about being asked too often or too seldom."""

from collections.abc import Callable, Sequence
from typing import Any

from agent.model import ModelDown, OnText, Prompt, Reply
from core.actions import ToolCall
from core.ids import new_id

Script = Reply | ModelDown | Callable[[Prompt], Reply]


class ScriptedModel:
    """Answers with its script; `seen` are the prompts it was shown."""

    name = "scripted"
    version = "1"

    def __init__(self, script: Sequence[Script]) -> None:
        self._left = list(script)
        self.seen: list[Prompt] = []
        self.closed = False

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        self.seen.append(prompt)
        if not self._left:
            raise AssertionError(f"asked {len(self.seen)} times, which is once too often")
        step = self._left.pop(0)
        if isinstance(step, ModelDown):
            raise step
        reply = step if isinstance(step, Reply) else step(prompt)
        if reply.text:
            await on_text(reply.text)
        return reply

    async def close(self) -> None:
        self.closed = True

    def assert_finished(self) -> None:
        """Fails when replies are left over."""
        assert not self._left, f"{len(self._left)} replies were never asked for"


def say(text: str) -> Reply:
    """A reply of words only."""
    return Reply(text=text)


def call(name: str, /, text: str = "", **args: Any) -> Reply:
    """A reply that calls one tool."""
    made = ToolCall(id=new_id("call"), name=name, args=args)
    return Reply(text=text, calls=(made,), stop="tool_use")
