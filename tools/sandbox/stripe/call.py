"""What a handler of the Stripe door gets, and how it finds its objects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tools.sandbox.stripe.errors import invalid, missing
from tools.sandbox.stripe.form import Params
from tools.sandbox.stripe.render import Wire, listing
from tools.sandbox.world import Change, Record


@dataclass(frozen=True)
class Call:
    """One request: its parameters, the ids in its path, and the change it may make."""

    change: Change
    params: Params
    ids: Mapping[str, str]

    @property
    def now(self) -> int:
        return int(self.change.now.timestamp())

    def one(self, what: str, key: str, *, param: str = "id") -> Record:
        """The record, or Stripe's 404."""
        row = self.change.get(f"stripe.{what}", key)
        if row is None:
            raise missing(what, key, param=param)
        return row

    def of_path(self, what: str) -> Record:
        """The record that the path names."""
        return self.one(what, self.ids["id"])


Handler = Callable[[Call], Wire]


def page(call: Call, path: str, rows: Sequence[Record], render: Callable[[Record], Wire]) -> Wire:
    """One page of rows, newest first, as `limit`, `starting_after` and `ending_before` ask."""
    limit = call.params.integer("limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= 100:
        raise invalid("limit", "limit must be between 1 and 100", code="parameter_invalid_integer")
    newest = sorted(rows, key=lambda row: (-row["created"], row["id"]))
    ids = [row["id"] for row in newest]
    if after := call.params.text("starting_after"):
        newest = newest[_place(ids, after, "starting_after") + 1 :]
    elif before := call.params.text("ending_before"):
        place = _place(ids, before, "ending_before")
        cut = newest[max(0, place - limit) : place]
        return listing(path, [render(row) for row in cut], more=place > limit)
    return listing(path, [render(row) for row in newest[:limit]], more=len(newest) > limit)


def _place(ids: Sequence[str], key: str, param: str) -> int:
    if key not in ids:
        raise missing("object", key, param=param)
    return ids.index(key)


PAGING = ("limit", "starting_after", "ending_before")
