"""Findings: what a comparison with the vendors showed, kept until it is so no more or a colleague has explained it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from approvals.execute import end
from approvals.parts import Parts
from core.errors import Invalid, NotFound
from core.ids import new_id
from store import outbox
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.record import FindingRow
from store.work import Work

log = logging.getLogger("remit.reconcile")
_ACTION = table(ActionRow)
_FINDING = table(FindingRow)
_REVIEW = table(ReviewRow)
_NEVER_SENT = ("proposed", "asked", "held", "approved")
_DONE_ALREADY = "The system concerned shows that this was done already. A colleague is finding out."
GONE = "no longer so"


@dataclass(frozen=True)
class Difference:
    """One thing in which a vendor and our record disagree; `finding` and `owner` once it is kept."""

    kind: str  # mismatch, orphan, unsure
    vendor: str
    object: str
    action_id: str | None
    why: str
    finding: str = ""
    owner: str = ""

    @property
    def key(self) -> str:
        """The same for the same difference."""
        return f"{self.kind}:{self.action_id or ''}:{self.object}"

    def as_document(self) -> dict[str, Any]:
        """One entry of the JSON report."""
        return {
            "finding": self.finding,
            "action": self.action_id,
            "vendor": self.vendor,
            "object": self.object,
            "why": self.why,
            "owner": self.owner,
        }


async def explained(work: Work) -> set[str]:
    """Keys of what a colleague has explained."""
    f = _FINDING.c
    query = select(f.key).where(f.closed_at.is_not(None), f.closed_by != GONE)
    return set((await work.conn.execute(query)).scalars())


async def keep(
    differences: Sequence[Difference], parts: Parts, *, page: str | None, whole: bool
) -> list[Difference]:
    """Keeps each as a row, pages somebody about every new orphan, and stops actions that were done already.

    Args:
        page: the address that hears of orphans at once.
        whole: everything was compared, so what is not among these is so no more.
    """
    async with parts.store.begin() as work:
        kept = [await _kept(work, one) for one in differences]
        for one, is_new in kept:
            if one.kind == "orphan":
                await _never_run(work, one, parts)
                if is_new:
                    await _page(work, one, page, parts)
        if whole:
            await _close_gone(work, [one.key for one, _ in kept])
    return [one for one, _ in kept]


async def _kept(work: Work, one: Difference) -> tuple[Difference, bool]:
    owner = await _owner(work, one.action_id)
    row = {
        "id": new_id("fnd"),
        "key": one.key,
        "kind": one.kind,
        "action_id": one.action_id,
        "vendor": one.vendor,
        "object": one.object,
        "why": one.why,
        "owner": owner,
        "opened_at": work.now,
        "seen_at": work.now,
        "explained": "",
    }
    is_new = await work.insert_once(insert(FindingRow).values(**row))
    f = _FINDING.c
    again = update(_FINDING).where(f.key == one.key)
    await work.run(again.values(seen_at=work.now, why=one.why, closed_at=None, closed_by=None))
    found = await work.row(FindingRow, select(_FINDING).where(f.key == one.key))
    assert found is not None  # written above
    if is_new:
        work.audit(
            "finding.opened", finding=found.id, found=one.kind, action=one.action_id, vendor=one.vendor
        )
    return replace(one, finding=found.id, owner=found.owner), is_new


async def _owner(work: Work, action_id: str | None) -> str:
    """Who approved it knows most about it; ops look into the rest."""
    r = _REVIEW.c
    query = select(r.reviewer_id).where(r.action_id == action_id, r.decision.in_(("approve", "edit")))
    return str(await work.value(query.order_by(r.at.desc()).limit(1)) or "ops")


async def _never_run(work: Work, one: Difference, parts: Parts) -> None:
    """What the vendor shows under an action's id must not be done by it a second time."""
    query = select(_ACTION).where(_ACTION.c.id == one.action_id, _ACTION.c.state.in_(_NEVER_SENT))
    row = await work.row(ActionRow, query.with_for_update())
    if row is not None:
        await end(work, row, "refused", _DONE_ALREADY, parts, tell=True)


async def _page(work: Work, one: Difference, page: str | None, parts: Parts) -> None:
    log.critical("orphan: %s %s carries %s, which was never intended", one.vendor, one.object, one.action_id)
    work.audit(
        "incident.opened",
        incident="orphan_effect",
        action=one.action_id,
        vendor=one.vendor,
        object=one.object,
    )
    if page is None:
        return
    text = (
        f"{one.vendor} {one.object} carries {one.action_id}, which Remit never intended.\n\n"
        f'Look into it, then: remit reconcile --explain {one.finding} --because "…"\n'
    )
    body = {"to": page, "subject": f"Remit: an effect nobody intended ({one.vendor})", "text": text}
    key = f"finding:{one.finding}"
    await outbox.put(work, parts.jobs, "mail", key=key, conversation_id=None, body=body)


async def _close_gone(work: Work, seen: Sequence[str]) -> None:
    f = _FINDING.c
    left = update(_FINDING).where(f.closed_at.is_(None), f.key.not_in(list(seen)))
    await work.run(left.values(closed_at=work.now, closed_by=GONE))


async def explain(finding: str, because: str, *, by: str, at: datetime, parts: Parts) -> None:
    """Closes a finding that somebody has looked into; raises NotFound or Invalid."""
    if not because.strip():
        raise Invalid('Say what it was: --because "refunded by hand in the dashboard".')
    async with parts.store.begin() as work:
        f = _FINDING.c
        mine = update(_FINDING).where(f.id == finding, f.closed_at.is_(None))
        if not await work.run(mine.values(closed_at=at, closed_by=by, explained=because.strip()[:500])):
            raise NotFound(f"There is no open finding {finding!r}; `remit reconcile` lists them.")
        work.audit("finding.explained", finding=finding, by=by)
