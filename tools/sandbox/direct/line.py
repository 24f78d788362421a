"""The line to a vendor that a direct port pretends: planned faults go wrong on it as they do at a door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.actions import Permit
from core.errors import VendorBusy, VendorUnsure
from tools.sandbox.faults import Faults, Kind
from tools.sandbox.world import Change, World

_LOST_ON_THE_WAY: frozenset[Kind] = frozenset({"timeout_before", "saved_500"})
_LOST_ON_THE_WAY_BACK: frozenset[Kind] = frozenset({"timeout_after", "malformed", "drop"})
_TURNED_AWAY: frozenset[Kind] = frozenset({"busy", "unavailable_503"})


class Unpermitted(RuntimeError):
    """A write reached a vendor without the gate's permit."""


class Line:
    """One vendor's line: a write is one change of the world under a permit."""

    def __init__(self, vendor: str, world: World, faults: Faults) -> None:
        self._vendor = vendor
        self._world = world
        self._faults = faults

    @property
    def records(self) -> Change:
        """The world as it is now, for reading."""
        return Change(self._world)

    @asynccontextmanager
    async def write(self, what: str, permit: Permit) -> AsyncIterator[Change]:
        """The change that `what` makes; raises what a client would meet on a line that fails as planned."""
        # The type promises it; a compromised caller would not keep the promise.
        if not isinstance(permit, Permit):
            raise Unpermitted(f"{self._vendor}: {what} carries no permit")
        if self._fails(what, _TURNED_AWAY):
            raise VendorBusy(self._vendor, f"{what} was turned away")
        if self._fails(what, _LOST_ON_THE_WAY):
            raise VendorUnsure(self._vendor, f"{what} got no answer")
        async with self._world.change() as change:
            yield change
        if self._fails(what, _LOST_ON_THE_WAY_BACK):
            raise VendorUnsure(self._vendor, f"{what} got no whole answer")

    def _fails(self, what: str, kinds: frozenset[Kind]) -> bool:
        return self._faults.waiting > 0 and self._faults.take(self._vendor, what, kinds=kinds) is not None
