"""Ids: one type per kind of thing, and one way to make a new one."""

import re
import secrets
from typing import NewType

ActionId = NewType("ActionId", str)
ConversationId = NewType("ConversationId", str)
CustomerId = NewType("CustomerId", str)
MessageId = NewType("MessageId", str)
RequestId = NewType("RequestId", str)
ReviewId = NewType("ReviewId", str)
TicketId = NewType("TicketId", str)
TurnId = NewType("TurnId", str)
UserId = NewType("UserId", str)
Category = NewType("Category", str)

# Ids of foreign systems that may reach an adapter; Auth0 and Shopify ids are stored in their bare form.
ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
_ID = re.compile(ID_PATTERN)
_ALPHABET = "0123456789abcdefghijkmnpqrstvwxyz"


def is_id(value: str) -> bool:
    """True for text that may be sent to a vendor as an id."""
    return bool(_ID.fullmatch(value))


def new_id(prefix: str) -> str:
    """A fresh unguessable id such as `act_5k2…` (100 bits)."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(20))
