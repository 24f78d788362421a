"""What one recorded run stands on: a domain's world as far as it was shown, and what it says about a proposed write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.facts import FactValue
from evals.domains.stating import Claim
from evals.replay.talk import Called, Said


@dataclass(frozen=True, slots=True)
class Look:
    """What was established about one write: `malformed` says why its arguments fit no tool, else None."""

    malformed: str | None = None
    owned: bool = True
    given: bool = True
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    target: str = ""
    """The object it is about, so that writes to one thing can be told from writes to another."""


class Ground(Protocol):
    """One run's world. Reads and writes that were answered keep it current."""

    def heard(self, said: Said) -> None:
        """Takes in words of the customer or the agent."""

    def answered(self, call: Called) -> None:
        """Takes in what a tool answered."""

    def look(self, call: Called) -> Look:
        """What is known about a write at the moment it is proposed."""


class Shown:
    """Provenance: what the customer said and what tools answered. An id from nowhere else was made up."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, text: str) -> None:
        """Takes in words or an answer."""
        self._texts.append(text.lower())

    def has(self, id: str) -> bool:
        """True when this id was shown before."""
        wanted = id.lower().lstrip("#")
        return any(wanted in text for text in self._texts)

    def all(self, ids: list[str]) -> bool:
        """True when each of these ids was shown before."""
        return all(self.has(id) for id in ids)
