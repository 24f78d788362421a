"""The model without a model: it follows the category's procedure to the letter and never invents."""

from typing import assert_never

from agent.entries import Replied
from agent.model import HAND_OVER, OnText, Prompt, Reply
from agent.procedure import Do, Give, Tell, Walk
from agent.view import view_of
from core.actions import ToolCall
from core.ids import new_id

# Said once, before the first English sentence, to people who wrote in another language.
_IN_ENGLISH = {
    "de": "Ich antworte auf Englisch; wenn Ihnen das nicht hilft, schreiben Sie „Mensch“.",
    "fr": "Je réponds en anglais ; si cela ne vous aide pas, écrivez « humain ».",
    "es": "Respondo en inglés; si no le ayuda, escriba «persona».",
    "it": "Rispondo in inglese; se non le è utile, scriva «operatore».",
    "pt": "Respondo em inglês; se isso não ajudar, escreva «pessoa».",
    "nl": "Ik antwoord in het Engels; als dat niet helpt, schrijf dan ‘medewerker’.",
}


class OfflineModel:
    """Deterministic and without state: the transcript is all it knows."""

    name = "offline"
    version = "1"

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        if prompt.topic is None:
            return _call(HAND_OVER, {"reason": "It is not clear what this is about."})
        view = view_of(prompt.transcript, prompt.topic.request_id)
        move = Walk(prompt.topic, view, prompt.now).move()
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
    language = prompt.topic.signals.language if prompt.topic else "en"
    before = any(isinstance(entry, Replied) and entry.text for entry in prompt.transcript)
    lead = _IN_ENGLISH.get(language)
    return text if before or lead is None else f"{lead} {text}"
