"""Outgoing mail: codes, notices and follow-ups, written by the service."""

from typing import Protocol

from core.frozen import Frozen


class Letter(Frozen):
    """One plain-text mail; `key` becomes its Message-ID, so a repeat is recognised as the same."""

    to: str
    subject: str
    text: str
    key: str


class Mail(Protocol):
    async def send(self, letter: Letter) -> None:
        """Hands it to the server; raises VendorDown, VendorRefused or VendorUnsure."""
