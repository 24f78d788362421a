"""Several approvals with one press: only of low risk, only what rules allow, and only what was opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.parts import Parts, Reviewer
from approvals.record import action_row
from approvals.reviews import Decided, decide
from core.errors import Forbidden, Invalid, RemitError

MOST = 50


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one of them: the sentence says why not, too."""

    action_id: str
    done: bool
    sentence: str


async def approve_all(shown: Sequence[tuple[str, str]], reviewer: Reviewer, parts: Parts) -> list[Result]:
    """Approves each (id, digest) for itself, so that one that fails stops no other; raises Invalid for too many."""
    if not 1 <= len(shown) <= MOST:
        raise Invalid(f"Between 1 and {MOST} at once; these are {len(shown)}.")
    if len({action_id for action_id, _ in shown}) != len(shown):
        raise Invalid("The same action is named twice.")
    return [await _one(action_id, digest, reviewer, parts) for action_id, digest in shown]


async def _one(action_id: str, digest: str, reviewer: Reviewer, parts: Parts) -> Result:
    try:
        await _check_kind(action_id, parts)
        done = await decide(Decided(action_id, digest, "approve"), reviewer, parts)
    except RemitError as error:
        return Result(action_id, False, str(error))
    return Result(action_id, True, done.sentence)


async def _check_kind(action_id: str, parts: Parts) -> None:
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
    if row.risk != "low" or not row.allowed_by_rules:
        raise Forbidden("This kind is decided on its own page, one at a time.")
