"""Several wishes in one message: told apart only where the customer says so, and only when each is clear."""

import re
from collections.abc import Callable

from agent.requests import OTHER, VERY_SURE
from core.conversation import Signals

_AND_ALSO = re.compile(
    r"(?:^|[\n])\s*(?:\d{1,2}[.)]|[-*•])\s+"
    r"|[\s,.;!?]+(?:and\s+|und\s+|et\s+|y\s+)?"
    r"(?:also|additionally|secondly|thirdly|another thing|one more thing|besides that|on top of that|"
    r"außerdem|zusätzlich|en plus|par ailleurs|además)\b[\s,:]*",
    re.IGNORECASE,
)
MOST = 4
FEWEST_WORDS = 3
LONGEST = 2000


def wishes(text: str, read: Callable[[str], Signals]) -> tuple[tuple[str, Signals], ...]:
    """Each wish with its own signals when there are several clear ones of different kinds, else nothing."""
    if len(text) > LONGEST:
        return ()
    parts = [part.strip() for part in _AND_ALSO.split(text) if part and len(part.split()) >= FEWEST_WORDS]
    if not 2 <= len(parts) <= MOST:
        return ()
    found = [(part, read(part)) for part in parts]
    kinds = {signals.category for _, signals in found}
    clear = all(s.category != OTHER and s.confidence >= VERY_SURE for _, s in found)
    return tuple(found) if clear and len(kinds) == len(found) else ()
