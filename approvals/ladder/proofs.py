"""Remembers for a moment which standing was recomputed from the reviews, so that the gate need not do it every time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# A change of the standing itself is seen at once; a change of the reviews behind it within this.
FRESH = timedelta(seconds=60)
Key = tuple[object, ...]


@dataclass
class Proofs:
    """What was found, by the whole content of a standing's row."""

    _found: dict[Key, tuple[bool, datetime]] = field(default_factory=dict)
    _begun: set[Key] = field(default_factory=set)

    async def holds(self, key: Key, now: datetime, recompute: Callable[[], Awaitable[bool]]) -> bool:
        """Whether the standing of this key is carried by its evidence, recomputed at most once a minute."""
        known = self._found.get(key)
        # A clock that stepped back makes everything stale: never an answer from the future.
        if known is not None and known[1] <= now < known[1] + FRESH:
            return known[0]
        holds = await recompute()
        self._found[key] = (holds, now)
        return holds

    def knows(self, version: Key) -> bool:
        """True when this version of a category is known to have begun."""
        return version in self._begun

    async def remember(self, version: Key) -> None:
        """This version of a category has begun; it never ceases to."""
        self._begun.add(version)

    def forget(self) -> None:
        """The next question is recomputed."""
        self._found.clear()
        self._begun.clear()
