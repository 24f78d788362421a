"""Finds, in a domain's policy.md, the sentence that a rule is written from; a rule's reason ends in [Section: words]."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_REFERENCE = re.compile(r"\[([^:\]]+): ([^\]]+)\]")
_HEADING = re.compile(r"^#+\s*(.+?)\s*$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The sentences of a policy by section; empty where there is no policy.md."""

    sentences: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, folder: Path) -> "PolicyText":
        """Read from the folder's policy.md, where it has one."""
        path = folder / "policy.md"
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        return cls(tuple(_sentences(text)))

    def quotes(self, reason: str) -> tuple[str, ...]:
        """The sentences a rule's reason refers to, each with its section; fewer where the text has none like it."""
        found = (self._find(ref[1].lower(), ref[2]) for ref in _REFERENCE.finditer(reason))
        return tuple(dict.fromkeys(one for one in found if one))

    def _find(self, section: str, words: str) -> str | None:
        wanted = [word.strip().lower() for word in words.split(",")]
        # Another edition of a policy may have moved a sentence or worded it anew, so fewer words are tried next.
        for some in (wanted, wanted[:1]):
            for anywhere in (False, True):
                for heading, sentence in self.sentences:
                    here = anywhere or heading.lower() == section
                    if here and all(word in sentence.lower() for word in some):
                        return f"{heading}: {sentence}"
        return None


def sections(reason: str) -> tuple[str, ...]:
    """Which sections of the policy a rule's reason names."""
    return tuple(dict.fromkeys(found[1] for found in _REFERENCE.finditer(reason)))


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    heading = ""
    for line in text.splitlines():
        if found := _HEADING.match(line):
            heading = found[1]
            continue
        for sentence in _SENTENCE.split(line.strip().lstrip("-* ").strip()):
            if sentence:
                yield heading, sentence
