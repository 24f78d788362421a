"""Who looks at a waiting action: a lease that ends by itself, given back on leaving, handed to a colleague."""

from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from approvals.notes import add_note
from approvals.parts import Parts, Reviewer
from approvals.record import action_row
from core.errors import Conflict, Forbidden, Invalid, NotFound
from store.columns import table
from store.tables.action import ActionRow, LookRow
from store.tables.people import UserRow
from store.work import Work

_ACTION = table(ActionRow)
_LOOK = table(LookRow)
_USER = table(UserRow)
# An open page renews it; so long after the page fell silent the action is free again.
LEASE = timedelta(minutes=5)
# A colleague who was handed something has this long to open it.
HANDED = timedelta(minutes=30)
SEES = frozenset({"approver", "admin"})


async def look_at(work: Work, row: ActionRow, reviewer: Reviewer) -> None:
    """Notes that this colleague reads a waiting action now, and gives it to them if nobody else has it."""
    if not row.waits:
        return
    mine = _ACTION.c.id == row.id
    if row.opened_at is None:
        await work.run(update(_ACTION).where(mine).values(opened_at=work.now))
        row.opened_at = work.now
    await _begin_look(work, row, reviewer)
    if row.state != "held":
        return
    a = _ACTION.c
    free = or_(
        a.claimed_by.is_(None),
        a.claimed_by == reviewer.id,
        a.claimed_until.is_(None),
        a.claimed_until <= work.now,
    )
    until = work.now + LEASE
    if row.claimed_by == reviewer.id and row.claimed_until is not None:
        until = max(until, row.claimed_until)
    taken = update(_ACTION).where(mine, a.state == "held", free)
    if await work.run(taken.values(claimed_by=reviewer.id, claimed_until=until)):
        if row.claimed_by != reviewer.id:
            # Whoever had it before may have read other reasons: only the latest to take it may decide.
            others = delete(_LOOK).where(_LOOK.c.action_id == row.id, _LOOK.c.reviewer_id != reviewer.id)
            await work.run(others)
        row.claimed_by, row.claimed_until = reviewer.id, until


async def _begin_look(work: Work, row: ActionRow, reviewer: Reviewer) -> None:
    look = {"action_id": row.id, "reviewer_id": reviewer.id, "opened_at": work.now, "seconds": 0.0}
    again = insert(_LOOK).values(**look)
    await work.run(
        again.on_conflict_do_update(
            index_elements=["action_id", "reviewer_id"],
            set_={"opened_at": again.excluded.opened_at},
            where=_LOOK.c.opened_at.is_(None),
        )
    )


async def seconds_looked(work: Work, row: ActionRow, reviewer: Reviewer) -> float:
    """How long this colleague had it open since it last changed; raises Conflict when they had not."""
    look = await _look_of(work, row.id, reviewer.id)
    if look is None:
        # Who opened it last knows why it waits now; a page from before may show other reasons.
        raise Conflict("This is not what you looked at: it has changed. Open it again.")
    now_open = (work.now - look.opened_at).total_seconds() if look.opened_at else 0.0
    return max(0.0, look.seconds + now_open)


async def forget_looks(work: Work, action_id: str) -> None:
    """After a decision every earlier look has served: what comes back is opened anew."""
    await work.run(delete(_LOOK).where(_LOOK.c.action_id == action_id))


async def leave(action_id: str, reviewer: Reviewer, parts: Parts) -> None:
    """Gives the action back when its page is left; harmless for one that is not theirs."""
    async with parts.store.begin() as work:
        look = await _look_of(work, action_id, reviewer.id)
        if look is not None and look.opened_at is not None:
            seconds = look.seconds + max(0.0, (work.now - look.opened_at).total_seconds())
            mine = (_LOOK.c.action_id == action_id) & (_LOOK.c.reviewer_id == reviewer.id)
            await work.run(update(_LOOK).where(mine).values(opened_at=None, seconds=seconds))
        a = _ACTION.c
        theirs = update(_ACTION).where(a.id == action_id, a.state == "held", a.claimed_by == reviewer.id)
        if await work.run(theirs.values(claimed_by=None, claimed_until=None)):
            await work.notify("remit_queue", action_id)


async def hand_on(action_id: str, to: str, note: str, reviewer: Reviewer, parts: Parts) -> str:
    """Gives a waiting action to a colleague by id or login, who has half an hour to open it; their name."""
    if not reviewer.roles & SEES:
        raise Forbidden("Only approvers may hand an action on.")
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        if row.state != "held":
            raise Conflict(f"This is already {row.state}.")
        if row.claimed_by not in (None, reviewer.id) and row.claimed_until and row.claimed_until > work.now:
            raise Conflict("A colleague is looking at this.")
        given = await _colleague(work, to)
        if given.id == reviewer.id:
            raise Invalid("That is you. Choose a colleague.")
        if given.id == row.customer_id:
            raise Forbidden("Nobody decides on their own request.")
        values = {"claimed_by": given.id, "claimed_until": work.now + HANDED}
        await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(**values))
        if note.strip():
            await add_note(work, row.id, by=reviewer.id, text=note)
        work.audit("action.handed_on", action=row.id, digest=row.digest, by=reviewer.id, to=given.id)
        await work.notify("remit_queue", row.id)
    return given.name


async def colleagues(parts: Parts) -> list[tuple[str, str]]:
    """(id, name) of everybody who may decide, by name."""
    async with parts.store.begin() as work:
        rows = await work.rows(UserRow, select(_USER).where(_USER.c.disabled.is_(False)))
    return sorted(((u.id, u.name) for u in rows if set(u.roles) & SEES), key=lambda pair: pair[1])


async def _colleague(work: Work, to: str) -> UserRow:
    query = select(_USER).where(or_(_USER.c.id == to, _USER.c.login == to), _USER.c.disabled.is_(False))
    found = await work.row(UserRow, query)
    if found is None or not set(found.roles) & SEES:
        raise NotFound(f"There is no approver {to!r}.")
    return found


async def _look_of(work: Work, action_id: str, reviewer_id: str) -> LookRow | None:
    query = select(_LOOK).where(_LOOK.c.action_id == action_id, _LOOK.c.reviewer_id == reviewer_id)
    return await work.row(LookRow, query)
