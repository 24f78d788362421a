"""Every word to a customer passes here: cleaned, and never claiming an effect without a receipt."""

import re
from collections.abc import Iterator

from agent.parts import AgentParts
from agent.prompt import ROLE
from core.outbound import clean, is_unproven

UNPROVEN = (
    "I cannot say that something was done before there is a receipt for it. "
    "When it happens, the receipt appears here, with amount and reference."
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n")
# The instructions belong to nobody's answer, a part of them neither; what they share with ordinary speech is shorter.
_SHORTEST = 25


def _pieces(instructions: str) -> Iterator[str]:
    """Each sentence in pieces of a few words, so that half a sentence is known as well."""
    for line in instructions.splitlines():
        for sentence in _SENTENCE_END.split(line):
            piece = ""
            for word in sentence.strip(" -").split():
                piece = f"{piece} {word}".strip()
                if len(piece) >= _SHORTEST:
                    yield piece
                    piece = ""


_INSTRUCTIONS = tuple(_pieces(ROLE))


def fit_to_send(text: str, *, receipts: frozenset[str], parts: AgentParts) -> str:
    """The text as it may leave; replaced when it claims an effect of a kind that no receipt here shows."""
    if is_unproven(text, receipts=receipts):
        return UNPROVEN
    return cleaned(text, parts)


def cleaned(text: str, parts: AgentParts) -> str:
    """The text without what must not leave."""
    return clean(text, link_hosts=parts.link_hosts, secrets=(*parts.secrets, *_INSTRUCTIONS)).text


class Speaker:
    """Shows a reply while it is written, sentence by sentence, each through the same filter."""

    def __init__(self, conversation_id: str, parts: AgentParts, *, receipts: frozenset[str]) -> None:
        self._conversation_id = conversation_id
        self._parts = parts
        self._receipts = receipts
        self._pending = ""
        self._silent = False

    async def __call__(self, words: str) -> None:
        """Takes words as they come; shows the sentences they complete."""
        self._pending += words
        while (end := _SENTENCE_END.search(self._pending)) is not None:
            sentence, self._pending = self._pending[: end.end()], self._pending[end.end() :]
            self._show(sentence)

    def end(self) -> None:
        """Shows what is left without a full stop."""
        rest, self._pending = self._pending, ""
        if rest.strip():
            self._show(rest)

    def _show(self, sentence: str) -> None:
        # After a sentence that must not be seen nothing more is shown: the whole reply is replaced in a moment.
        self._silent = self._silent or is_unproven(sentence, receipts=self._receipts)
        if self._silent:
            return
        fit = cleaned(sentence, self._parts)
        if fit.strip():
            space = " " if sentence[-1:].isspace() and not fit[-1:].isspace() else ""
            self._parts.live.show(self._conversation_id, "delta", {"text": fit + space})
