"""What may be told about work while it runs: names, ids and numbers, never words of people."""

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Value = str | int | float | bool


class Span(Protocol):
    """A piece of work under way."""

    def note(self, **attributes: Value) -> None:
        """Adds what is known now; `__` in a name becomes a dot."""


class Watch(Protocol):
    """Whoever watches: nobody, or OpenTelemetry."""

    def span(
        self, name: str, conversation_id: str, attributes: Mapping[str, Value]
    ) -> AbstractContextManager[Span]:
        """Watches a block; all blocks of one conversation share one trace, in whichever process they run."""

    def measure(self, name: str, value: float, attributes: Mapping[str, Value]) -> None:
        """Adds one value to a distribution; its name's unit is documented in docs/observability.md."""


class _Unseen:
    def note(self, **attributes: Value) -> None:
        """Nobody looks."""


class Unwatched:
    """Nobody watches."""

    def span(
        self, name: str, conversation_id: str, attributes: Mapping[str, Value]
    ) -> AbstractContextManager[Span]:
        return nullcontext(_Unseen())

    def measure(self, name: str, value: float, attributes: Mapping[str, Value]) -> None:
        """Nobody counts."""


def trace_id(conversation_id: str) -> str:
    """The trace of a conversation, 32 hex digits: a function of its id, so that its ticket can name it for good."""
    return hashlib.sha256(f"remit trace {conversation_id}".encode()).hexdigest()[:32]
