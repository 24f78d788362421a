"""Takes a permit through a vendor's SDK, which passes on headers but nothing else, and marks the call as ours."""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from core.actions import Permit
from core.errors import VendorDown, VendorUnsure
from core.ids import ActionId

T = TypeVar("T")
P = ParamSpec("P")
_AGENT = re.compile(r"\bremit/1 \((act_[0-9a-z]+)\)")


class Carried:
    """The permits of the calls that are under way, found again by the user agent they are sent with."""

    def __init__(self) -> None:
        self._permits: dict[str, Permit] = {}

    @contextmanager
    def carry(self, permit: Permit) -> Iterator[str]:
        """The user agent to send; the vendor's log keeps it, so the call can be recognised afterwards."""
        agent = user_agent(permit.action_id)
        self._permits[agent] = permit
        try:
            yield agent
        finally:
            self._permits.pop(agent, None)

    def of(self, agent: str) -> Permit | None:
        """The permit a request with this user agent travels under, if any."""
        return self._permits.get(agent)


async def before_write(vendor: str, read: Awaitable[T]) -> T:
    """A read that a write needs first: whatever becomes of it, the write itself was not sent."""
    try:
        return await read
    except VendorUnsure as error:
        raise VendorDown(vendor, f"it could not be read first, nothing was sent ({error})") from None


def readable(vendor: str, make: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What `make` makes of an SDK's object; VendorUnsure when the object lacks what it needs."""
    try:
        return make(*args, **named)
    # The SDKs leave out what the vendor left out: an attribute is None, or our type refuses it.
    except (AttributeError, TypeError, ValueError) as error:
        raise VendorUnsure(vendor, f"unreadable answer ({type(error).__name__})") from None


def user_agent(action_id: ActionId) -> str:
    """How a write names itself to an identity provider."""
    return f"remit/1 ({action_id})"


def action_in(agent: str) -> str | None:
    """The action id in a user agent of ours."""
    told = _AGENT.search(agent)
    return told[1] if told else None
