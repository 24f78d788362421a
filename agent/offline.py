"""The model without a model: it follows the category's procedure to the letter and never invents."""

from typing import assert_never

from agent.entries import Replied
from agent.language import IN_ENGLISH
from agent.model import HAND_OVER, OnText, Prompt, Reply
from agent.procedure import Do, Give, Tell, Walk
from agent.view import view_of
from core.actions import ToolCall
from core.ids import new_id


class OfflineModel:
    """Deterministic and without state: the transcript is all it knows."""

    name = "offline"
    version = "1"

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        if prompt.topic is None:
            return _call(HAND_OVER, {"reason": "It is not clear what this is about."})
        view = view_of(prompt.transcript, prompt.topic.request_id)
        move = Walk(prompt.topic, view, prompt.now, notice=_notice(prompt)).move()
        match move:
            case Tell(text=text):
                said = _politely(text, prompt)
                await on_text(said)
                return Reply(text=said)
            case Do(name=name, args=args):
                return _call(name, dict(args))
            case Give(reason=reason, text=text):
                return _call(HAND_OVER, {"reason": reason}, text=_politely(text, prompt) if text else "")
            case _:
                assert_never(move)

    async def close(self) -> None:
        """Holds nothing open."""


def _call(name: str, args: dict[str, object], *, text: str = "") -> Reply:
    return Reply(text=text, calls=(ToolCall(id=new_id("call"), name=name, args=args),), stop="tool_use")


def _politely(text: str, prompt: Prompt) -> str:
    before = any(isinstance(entry, Replied) and entry.text for entry in prompt.transcript)
    notice = _notice(prompt)
    return text if before or not notice else f"{notice} {text}"


def _notice(prompt: Prompt) -> str:
    return IN_ENGLISH.get(prompt.topic.signals.language, "") if prompt.topic else ""
