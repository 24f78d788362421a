"""What the service asks of outgoing webhooks."""

from typing import Any, Protocol


class Hooks(Protocol):
    @property
    def addresses(self) -> tuple[str, ...]:
        """Where events go."""

    async def send(self, address: str, event: dict[str, Any], *, key: str) -> None:
        """Delivers one event under its key; raises a VendorError, VendorRefused when trying again is no use."""
