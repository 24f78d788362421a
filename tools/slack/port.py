"""What the service asks of Slack; Block Kit documents are plain JSON."""

from typing import Any, Protocol

from core.frozen import Frozen

Blocks = list[dict[str, Any]]


class Posted(Frozen):
    """Where a message stands, for changing it later."""

    channel: str
    ts: str


class Slack(Protocol):
    async def post(self, text: str, blocks: Blocks) -> Posted:
        """Writes into the approvers' channel; raises a VendorError."""

    async def update(self, posted: Posted, text: str, blocks: Blocks) -> None:
        """Replaces a message of ours; raises a VendorError."""

    async def open_view(self, trigger: str, view: dict[str, Any]) -> None:
        """Opens a modal for whoever pressed; Slack forgets the trigger after three seconds."""

    async def update_view(self, view_id: str, view: dict[str, Any]) -> None:
        """Replaces an open modal; raises a VendorError."""
