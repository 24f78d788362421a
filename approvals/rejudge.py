"""Judging anew what waits, when something happened to the object it is about: stricter at once, never looser."""

from typing import assert_never

from sqlalchemy import select, update

from approvals import cards
from approvals.again import Seen, mandate_of, see_again
from approvals.context import Mandate
from approvals.execute import end
from approvals.gate import route
from approvals.judge import Judged, evidence, judge
from approvals.parts import Parts
from approvals.record import action_row, stored_facts, stored_verdict
from core.actions import Ask, Execute, HandOver, Hold, Refuse
from core.errors import Conflict
from store.columns import table
from store.tables.action import ActionRow
from store.work import Work

_ACTION = table(ActionRow)
# What is approved or running reads its facts again by itself, right before it is sent.
_WAITING = ("asked", "held")


async def rejudge(target: str, parts: Parts) -> int:
    """Judges every waiting action on `target` (`kind:id`) on facts read now; how many there were.

    Raises a VendorError when the facts cannot be read: then nothing has changed, and execution asks again anyway.
    """
    a = _ACTION.c
    waiting = select(a.id).where(a.state.in_(_WAITING), ~a.canary, a.targets.contains([target]))
    async with parts.store.begin() as work:
        ids = list((await work.conn.execute(waiting)).scalars())
    for action_id in ids:
        await _one(action_id, parts)
    return len(ids)


async def _one(action_id: str, parts: Parts) -> None:
    try:
        seen = await see_again(action_id, parts)
    except Conflict:
        return  # its tool has changed since: execution ends it
    async with parts.store.begin() as work:
        row = await action_row(work, action_id, lock=True)
        under = await mandate_of(work, row, parts)
        if row.state not in _WAITING or under is None:
            return
        judged = await judge(work, seen.action, seen.facts, under, parts)
        await _apply(work, row, seen, judged, under, parts)


async def _apply(
    work: Work, row: ActionRow, seen: Seen, judged: Judged, under: Mandate, parts: Parts
) -> None:
    decided = route(await evidence(work, seen.action, judged, under, given=True, owned=seen.owned))
    match decided:
        case Refuse(because=because) | HandOver(because=because):
            work.audit("action.rejudged", action=row.id, digest=row.digest, verdict=judged.verdict.kind)
            await end(work, row, "refused", because, parts, tell=True)
        case Hold(because=because) if row.state == "held":
            await _renew(work, row, judged, because)
        case Hold() | Ask() | Execute():
            pass  # it waits for the same answer as before, and is judged again when that comes
        case _:
            assert_never(decided)


async def _renew(work: Work, row: ActionRow, judged: Judged, because: tuple[str, ...]) -> None:
    """A colleague decides on what is true now: who has it open must open it again."""
    verdict = stored_verdict(judged.verdict, judged.breaches)
    facts = stored_facts(judged.facts)
    if _values(facts) == _values(row.facts) and list(because) == row.because:
        return
    changed = {
        "facts": facts,
        "verdict": verdict,
        "because": list(because),
        "allowed_by_rules": judged.verdict.kind == "allow" and not judged.breaches,
        "opened_at": None,
        "claimed_by": None,
    }
    await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(**changed))
    work.audit("action.rejudged", action=row.id, digest=row.digest, verdict=judged.verdict.kind)
    for name, value in changed.items():
        setattr(row, name, value)
    await cards.show_state(work, row)
    await work.notify("remit_queue", row.id)


def _values(facts: dict[str, dict[str, object]]) -> dict[str, object]:
    """What the facts say, without when they were read."""
    return {name: fact["value"] for name, fact in facts.items()}
