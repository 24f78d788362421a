"""What the API takes and gives around a review: batches, notes, handing on, rehearsals, one's own numbers."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from service.wire import Digest, Fired, In, Out, Preview, Short


class Rehearsal(In):
    args: dict[str, Any]


class Shown(In):
    action_id: Short
    digest: Digest


class Batch(In):
    """Low-risk actions that were all opened, each with the digest that was shown."""

    actions: Annotated[list[Shown], Field(min_length=1, max_length=50)]


class HandOn(In):
    """`to`: an approver's id or login."""

    to: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


class NewNote(In):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Rehearsed(Out):
    """What an edit would lead to; nothing was changed."""

    passes: bool
    sentence: str
    preview: Preview | None
    fired: list[Fired]


class BatchResult(Out):
    action_id: str
    done: bool
    sentence: str


class BatchResults(Out):
    results: list[BatchResult]


class OwnKind(Out):
    category: str
    decided: int
    approved_pct: int
    median_seconds: int
    others_approved_pct: int | None
    others_median_seconds: int | None


class Own(Out):
    """One colleague's last 30 days."""

    decided: int
    approved: int
    edited: int
    rejected: int
    undone: int
    median_seconds: int | None
    compared: int
    agreement_pct: int | None
    kinds: list[OwnKind]


class HandedOn(Out):
    """To whom."""

    name: str
