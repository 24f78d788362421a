"""Personal text in what is about to be kept for learning: found, and replaced by invented words. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Card and phone numbers; order numbers and sums are shorter.
_NUMBER = re.compile(r"\+?\d(?:[ ().\-/]{0,3}\d){8,}")
_SHORTEST_NAME = 3
MAIL, NUMBER, NAME = "someone@example.com", "+1 555 0100", "Sam"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without what names somebody, and what was replaced in it, for the person who checks."""

    text: str
    replaced: tuple[str, ...]


def cleaned(text: str, *, name: str = "", email: str = "") -> Cleaned:
    """The text with mail addresses, long numbers and this customer's own names replaced."""
    replaced: list[str] = []

    def by(word: str) -> Callable[[re.Match[str]], str]:
        def swap(found: re.Match[str]) -> str:
            if found[0] != word:
                replaced.append(found[0])
            return word

        return swap

    for pattern, word in _patterns(name, email):
        text = pattern.sub(by(word), text)
    return Cleaned(text, tuple(dict.fromkeys(replaced)))


def personal_in(text: str, *, name: str = "", email: str = "") -> tuple[str, ...]:
    """What in the text names somebody; empty when nothing does."""
    return cleaned(text, name=name, email=email).replaced


def _patterns(name: str, email: str) -> Iterator[tuple[re.Pattern[str], str]]:
    if email:
        yield re.compile(re.escape(email), re.IGNORECASE), MAIL
    yield _MAIL, MAIL
    yield _NUMBER, NUMBER
    # The whole name first, then its parts, so that "Pat Quill" does not become "Sam Quill".
    for one in [name, *name.split()]:
        if len(one) >= _SHORTEST_NAME:
            yield re.compile(rf"\b{re.escape(one)}\b", re.IGNORECASE), NAME
