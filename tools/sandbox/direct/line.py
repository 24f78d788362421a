"""The line to a vendor that a direct port pretends: planned faults go wrong on it as they do at a door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.actions import Permit
from core.errors import VendorBusy, VendorDown, VendorUnsure
from tools.sandbox.faults import Faults, Kind
from tools.sandbox.world import Change, World

_LOST_ON_THE_WAY: frozenset[Kind] = frozenset({"timeout_before", "saved_500"})
_LOST_ON_THE_WAY_BACK: frozenset[Kind] = frozenset({"timeout_after", "malformed", "drop"})
_TURNED_AWAY: frozenset[Kind] = frozenset({"busy", "unavailable_503"})
_ANY = _LOST_ON_THE_WAY | _LOST_ON_THE_WAY_BACK | _TURNED_AWAY
# As often as the adapters ask again before they give a read up.
_TRIES = 3


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

    def ask(self, what: str) -> Change:
        """The world for one read; raises VendorDown when every try of it goes wrong as planned."""
        if all(self._fails(what, _ANY) for _ in range(_TRIES)):
            raise VendorDown(self._vendor, f"{what} got no answer")
        return self.records

    @asynccontextmanager
    async def write(self, what: str, permit: Permit) -> AsyncIterator[Change]:
        """The change that `what` makes; raises what a client would meet on a line that fails as planned."""
        # The type promises it; a compromised caller would not keep the promise.
        if not isinstance(permit, Permit):
            raise Unpermitted(f"{self._vendor}: {what} carries no permit")
        async with self.message(what) as change:
            yield change

    @asynccontextmanager
    async def message(self, what: str) -> AsyncIterator[Change]:
        """The change of a service message, which needs no permit and meets the same faults."""
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
