"""One check of the gate, switched off: what changes in the source, and where a test must turn red."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One source change: `old` must be found exactly once, or the table is out of date."""

    name: str
    off: str
    edits: tuple[tuple[str, str, str], ...]
    aim: str
    """The file of tests that must notice."""


def one(name: str, off: str, aim: str, file: str, old: str, new: str) -> Mutant:
    """A mutant of a single edit."""
    return Mutant(name, off, ((file, old, new),), aim)
