"""The attempt beside an action: how often it was sent, whether it may have arrived, and when it is looked at again."""

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import case, select, update

from store.columns import table
from store.jobs import Jobs
from store.tables.action import AttemptRow
from store.work import Work

_ATTEMPT = table(AttemptRow)
# A vendor may ask us to wait long; beyond this we look whether it has changed its mind.
MOST_WAIT = timedelta(hours=6)


async def attempt_of(work: Work, action_id: str) -> AttemptRow:
    """The recorded intent of an action that was sent; RuntimeError when there is none, which is our own bug."""
    row = await work.row(AttemptRow, select(_ATTEMPT).where(_ATTEMPT.c.action_id == action_id))
    if row is None:
        raise RuntimeError(f"action {action_id} is unsure without an attempt")
    return row


async def tries_of(work: Work, action_id: str) -> int:
    """How often something was asked of the vendor."""
    return int(await work.value(select(_ATTEMPT.c.tries).where(_ATTEMPT.c.action_id == action_id)) or 1)


async def send_again(work: Work, action_id: str) -> None:
    """Notes, before a call is repeated, that it may arrive; a call that may have arrived before stays `lost` for good."""
    a = _ATTEMPT.c
    state = case((a.state == "not_sent", "open"), else_="lost")
    await work.run(update(_ATTEMPT).where(a.action_id == action_id).values(state=state))
    await count_try(work, action_id)


async def note_not_sent(work: Work, action_id: str) -> None:
    """This call surely did nothing; that says nothing of an earlier one whose answer was lost."""
    a = _ATTEMPT.c
    await work.run(
        update(_ATTEMPT).where(a.action_id == action_id, a.state == "open").values(state="not_sent")
    )


async def was_lost(work: Work, action_id: str) -> bool:
    """True when a call before the latest one may have arrived."""
    query = select(_ATTEMPT.c.state).where(_ATTEMPT.c.action_id == action_id)
    return bool(await work.value(query) == "lost")


async def count_try(work: Work, action_id: str) -> None:
    """One more time that something was asked of the vendor."""
    mine = _ATTEMPT.c.action_id == action_id
    await work.run(update(_ATTEMPT).where(mine).values(tries=_ATTEMPT.c.tries + 1))


async def close_attempt(work: Work, action_id: str, state: str) -> None:
    """Ends it as `done` or `refused`."""
    await work.run(
        update(_ATTEMPT).where(_ATTEMPT.c.action_id == action_id).values(state=state, ended_at=work.now)
    )


async def later(work: Work, action_id: str, jobs: Jobs, *, tries: int, at_least: int = 0) -> None:
    """Looks at an unsure action again after 2, 8, 32, 128… seconds and up to a quarter more, or when the vendor said."""
    plain = max(at_least, min(2 * 4 ** max(0, tries - 1), 600))
    wait = min(plain + _spread(action_id, tries, plain), int(MOST_WAIT.total_seconds()))
    due = work.now + timedelta(seconds=wait)
    await work.run(update(_ATTEMPT).where(_ATTEMPT.c.action_id == action_id).values(next_at=due))
    await jobs.defer(work, "settle_action", once=f"settle:{action_id}", in_seconds=wait, action_id=action_id)


def _spread(action_id: str, tries: int, wait: int) -> int:
    """Up to a quarter of the wait: actions that failed together do not all come back in the same second."""
    return int.from_bytes(sha256(f"{action_id}:{tries}".encode()).digest()[:4]) % (wait // 4 + 1)
