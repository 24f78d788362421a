"""Several wishes in one message: told apart only where the customer says so, and only when each is clear."""

import re
from collections.abc import Callable, Sequence

from agent.requests import OTHER, VERY_SURE
from core.conversation import Signals

_AND_ALSO = re.compile(
    r"(?:^|[\n])\s*(?:\d{1,2}[.)]|[-*•])\s+"
    r"|[\s,.;!?]+(?:and\s+|und\s+|et\s+|y\s+)?"
    r"(?:also|additionally|secondly|thirdly|another thing|one more thing|besides that|on top of that|"
    r"außerdem|zusätzlich|en plus|par ailleurs|además)\b[\s,:]*",
    re.IGNORECASE,
)
# "Refund my order, change my address and cancel my plan": only doing words begin another wish.
_THEN = re.compile(
    r"[\s,;.]+(?:and\s+(?:then\s+)?|then\s+)?(?=(?:please\s+)?(?:refund|cancel|change|update|reset|unlock|return|resend"
    r"|send|track|upgrade|downgrade|delete)\s+(?:me\s+)?(?:my|the|a|order|our)\b)",
    re.IGNORECASE,
)
# Two clauses are often one wish ("I was charged twice, refund the order"); three of different kinds are not.
FEWEST_CLAUSES = 3
MOST = 4
FEWEST_WORDS = 3
LONGEST = 2000


def wishes(text: str, read: Callable[[str], Signals]) -> tuple[tuple[str, Signals], ...]:
    """Each wish with its own signals when there are several clear ones of different kinds, else nothing."""
    if len(text) > LONGEST:
        return ()
    return _clear(_AND_ALSO.split(text), read, fewest=2) or _clear(
        _THEN.split(text), read, fewest=FEWEST_CLAUSES
    )


def in_turns(titles: Sequence[str]) -> str:
    """What is said of several wishes at once: that all were seen, and in which order they are taken."""
    first, *others = [title[:1].lower() + title[1:] for title in titles]
    return f"I will take these one after the other: first {first}, then {', then '.join(others)}."


def _clear(
    clauses: Sequence[str], read: Callable[[str], Signals], *, fewest: int
) -> tuple[tuple[str, Signals], ...]:
    parts = [part.strip(" ,;.") for part in clauses if part and len(part.split()) >= FEWEST_WORDS]
    if not fewest <= len(parts) <= MOST:
        return ()
    found = [(part, read(part)) for part in parts]
    kinds = {signals.category for _, signals in found}
    clear = all(s.category != OTHER and s.confidence >= VERY_SURE for _, s in found)
    return tuple(found) if clear and len(kinds) == len(found) else ()
