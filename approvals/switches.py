"""Kill switches: for everything, a category or a tool; read again right before each effect."""

from collections.abc import Sequence

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from approvals.parts import Parts, Reviewer
from core.errors import Forbidden, Invalid
from store.columns import table
from store.tables.standing import SwitchRow
from store.work import Work

_SWITCH = table(SwitchRow)
SCOPES = ("all", "category", "tool")
# A stop for everything that no colleague throws or lifts by hand: the record is older than what really happened.
RESTORED = "restored"


# A part of the gate's one question (`approvals/judge.py`), and a question of its own before a call is sent again.
STOPPED = (
    select(_SWITCH.c.scope)
    .where(
        _SWITCH.c.on,
        or_(
            _SWITCH.c.scope == "all",
            (_SWITCH.c.scope == "category") & (_SWITCH.c.key == bindparam("category")),
            (_SWITCH.c.scope == "tool") & (_SWITCH.c.key == bindparam("tool")),
        ),
    )
    .exists()
)
_IS_STOPPED = select(STOPPED)


async def is_stopped(work: Work, category: str, tool: str) -> bool:
    """True while any switch covers this category or tool."""
    asked = await work.conn.execute(_IS_STOPPED, {"category": category, "tool": tool})
    return bool(asked.scalar_one())


async def switches(parts: Parts) -> Sequence[SwitchRow]:
    """Every switch ever thrown, with who threw it last."""
    async with parts.store.begin() as work:
        return await work.rows(SwitchRow, select(_SWITCH).order_by(_SWITCH.c.at.desc()))


async def set_switch(scope: str, key: str, *, on: bool, by: Reviewer, reason: str, parts: Parts) -> None:
    """Stops (or allows again) everything it covers from this commit on; raises Forbidden or Invalid."""
    if not by.roles & {"ops", "admin"}:
        raise Forbidden("Only ops may use the kill switch.")
    if scope not in SCOPES or (scope == "category" and parts.catalog.get(key) is None):
        raise Invalid(f"No such switch: {scope} {key!r}. Use all, category NAME or tool NAME.")
    if scope == "tool" and parts.write_tool(key) is None:
        raise Invalid(f"There is no write tool {key!r}.")
    values = {
        "scope": scope,
        "key": "" if scope == "all" else key,
        "on": on,
        "by": by.id,
        "reason": reason,
        "at": parts.clock.now(),
    }
    async with parts.store.begin() as work:
        await work.run(
            insert(_SWITCH)
            .values(**values)
            .on_conflict_do_update(index_elements=["scope", "key"], set_=values)
        )
        work.audit("switch.thrown", scope=scope, key=key, on=on, by=by.id)


async def stop_restored(work: Work, why: str) -> None:
    """Stops everything until the record and the vendors agree again; `remit audit reanchor` lifts it."""
    values = {"scope": "all", "key": RESTORED, "on": True, "by": "start", "reason": why, "at": work.now}
    await work.run(
        insert(_SWITCH).values(**values).on_conflict_do_update(index_elements=["scope", "key"], set_=values)
    )
    work.audit("switch.thrown", scope="all", key=RESTORED, on=True, by="start")


async def release_restored(work: Work) -> None:
    """Lets everything run again after a restore was made good."""
    mine = (_SWITCH.c.scope == "all") & (_SWITCH.c.key == RESTORED) & _SWITCH.c.on
    if await work.run(update(_SWITCH).where(mine).values(on=False, at=work.now)):
        work.audit("switch.thrown", scope="all", key=RESTORED, on=False, by="reanchor")
