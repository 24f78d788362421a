"""What is shown to a customer while it happens, and kept nowhere."""

from typing import Any, Protocol


class Live(Protocol):
    """The open streams of this process."""

    def show(self, conversation_id: str, kind: str, body: dict[str, Any]) -> None:
        """Shows something transient: typing, looking or delta."""

    def is_watched(self, conversation_id: str) -> bool:
        """True when somebody reads this conversation in this process."""


class NoLive:
    """Nobody watches: workers without open streams, and tests."""

    def show(self, conversation_id: str, kind: str, body: dict[str, Any]) -> None:
        """Shows nothing."""

    def is_watched(self, conversation_id: str) -> bool:
        return False
