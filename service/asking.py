"""Which sentence of a message asks for something, so that a colleague's eye lands on it first."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.conversation import Signals

_SENTENCE = re.compile(r"(?s).+?(?:[.!?]+(?=\s|\Z)|\n|\Z)")
_MOST = 40


@dataclass(frozen=True, slots=True)
class Marked:
    """A text in three parts; `asking` is the one to mark, empty when no sentence stands out."""

    before: str
    asking: str
    after: str


def marked(text: str, category: str, read: Callable[[str], Signals]) -> Marked:
    """The text with the sentence that speaks most surely of `category`."""
    parts = _SENTENCE.findall(text)
    if not 1 <= len(parts) <= _MOST:
        return Marked(text, "", "")
    scores = [_score(part, category, read) for part in parts]
    best = max(range(len(parts)), key=lambda at: scores[at])
    if scores[best] == 0:
        return Marked(text, "", "")
    asking = parts[best].strip()
    head, _, tail = parts[best].partition(asking)
    return Marked("".join(parts[:best]) + head, asking, tail + "".join(parts[best + 1 :]))


def _score(sentence: str, category: str, read: Callable[[str], Signals]) -> float:
    if not sentence.strip():
        return 0.0
    signals = read(sentence)
    return signals.confidence if signals.category == category else 0.0
