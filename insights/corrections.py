"""Correction notes: drafted from a review, checked by a person, released in batches, withdrawn the same way."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from approvals.lessons import IN_FORCE
from approvals.parts import Parts, Reviewer
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from insights.personal import cleaned, personal_in
from insights.reviewed import Reviewed, reviewed
from store.columns import table
from store.tables.conversation import CustomerRow
from store.tables.learning import CorrectionRow
from store.work import Work

_CORRECTION = table(CorrectionRow)
_CUSTOMER = table(CustomerRow)
SHORTEST, LONGEST = 10, 300
# What every prompt of a category carries costs in every turn, and too many notes say nothing.
MOST_SHOWN = 12
# What a reason tells the agent to do otherwise; the colleague's own words follow.
_TELLS: Mapping[str, str] = {
    "wrong_action": "Make sure that this is what was asked.",
    "wrong_customer": "Make sure whose it is.",
    "wrong_amount": "Check the sum against what was asked and what is owed.",
    "wrong_text": "Check every statement against what was read.",
    "policy_missing": "No rule covers this case: hand it over.",
    "insufficient_evidence": "Look up more before proposing it.",
    "duplicate_request": "Check whether it was done already.",
}


async def draft(action_id: str, *, by: Reviewer, parts: Parts) -> str:
    """The id of the note drafted from an action's edit or rejection; one review makes one note. Raises RemitError."""
    _may(by)
    async with parts.store.begin() as work:
        found = await reviewed(work, action_id)
        values = {
            "id": new_id("cor"),
            "category": found.proposed.category,
            "review_id": found.review.id,
            "action_id": found.proposed.id,
            "text": drafted(found),
            "state": "draft",
            "drafted_by": by.id,
            "drafted_at": work.now,
        }
        if await work.insert_once(insert(_CORRECTION).values(**values)):
            work.audit("correction.drafted", correction=values["id"], action=found.proposed.id, by=by.id)
        mine = select(_CORRECTION.c.id).where(_CORRECTION.c.review_id == found.review.id)
        return str(await work.value(mine))


def drafted(found: Reviewed) -> str:
    """A first wording by code, without personal text: the tool, what was wrong, and what the colleague wrote."""
    tool = found.proposed.tool.replace("_", " ")
    lead = f"Before proposing to {tool}:" if found.proposed.tool != "answer" else "Before answering:"
    told = _TELLS.get(found.review.reason_code or "", "")
    if found.instead is not None:
        told = _changed(found.proposed.args, found.instead.args)
    note = cleaned(found.review.note.strip(), name=found.customer.name, email=found.customer.email).text
    return " ".join(part for part in (lead, told or "Look twice.", note) if part)[:LONGEST]


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Which arguments a colleague changed; values only where they are numbers or yes and no."""
    names = [name for name in after if before.get(name) != after.get(name)]
    told = [
        f"{name} from {before.get(name)} to {after[name]}" if isinstance(after[name], bool | int) else name
        for name in names
    ]
    return f"A colleague changed {', '.join(told)}." if told else ""


async def approve(correction_id: str, text: str, *, by: Reviewer, parts: Parts) -> None:
    """Keeps the checked wording for the next release; raises Forbidden, NotFound, Conflict or Invalid."""
    _may(by)
    text = " ".join(text.split())
    if not SHORTEST <= len(text) <= LONGEST:
        raise Invalid(f"A note has {SHORTEST} to {LONGEST} characters; this one has {len(text)}.")
    async with parts.store.begin() as work:
        row = await _locked(work, correction_id)
        if row.state not in ("draft", "approved"):
            raise Conflict(f"This note is {row.state} already. Draft another one.")
        who = await work.row(
            CustomerRow, select(_CUSTOMER).where(_CUSTOMER.c.id == await _customer(work, row))
        )
        named = personal_in(text, name=who.name if who else "", email=who.email if who else "")
        if named:
            raise Invalid(f"A note names nobody. Take out: {', '.join(named)}.")
        await _set(work, row.id, text=text, state="approved", approved_by=by.id, approved_at=work.now)
        work.audit("correction.approved", correction=row.id, by=by.id)


async def withdraw(correction_id: str, *, by: Reviewer, parts: Parts) -> None:
    """Drops a note; one that is in force leaves with the next release. Raises Forbidden, NotFound or Conflict."""
    _may(by)
    async with parts.store.begin() as work:
        row = await _locked(work, correction_id)
        if row.state not in ("draft", "approved", "released"):
            raise Conflict(f"This note is {row.state} already.")
        await _set(work, row.id, state="leaving" if row.state == "released" else "withdrawn")
        work.audit("correction.withdrawn", correction=row.id, by=by.id)


async def release(category: str, *, by: Reviewer, parts: Parts) -> int:
    """Brings every approved note of a category into its prompt at once; the number of the release.

    The agent's version changes with it, so that the category's evidence begins anew. Raises Forbidden, Conflict.
    """
    _may(by)
    c = _CORRECTION.c
    async with parts.store.begin() as work:
        await work.lock(f"corrections:{category}")
        mine = c.category == category
        count = select(
            func.count().filter(c.state == "approved"),
            func.count().filter(c.state == "leaving"),
            func.count().filter(c.state == "released"),
            func.coalesce(func.max(c.release), 0),
        ).where(mine)
        coming, leaving, staying, last = (await work.conn.execute(count)).one()
        if not coming and not leaving:
            raise Conflict("There is nothing to release: approve a note first.")
        if coming + staying > MOST_SHOWN:
            raise Conflict(
                f"A prompt shows {MOST_SHOWN} notes at most; {coming + staying} would be. Withdraw some."
            )
        number = int(last) + 1
        into = {"state": "released", "release": number, "released_at": work.now}
        await work.run(update(_CORRECTION).where(mine, c.state == "leaving").values(state="withdrawn"))
        await work.run(update(_CORRECTION).where(mine, c.state == "approved").values(**into))
        work.audit("corrections.released", category=category, release=number, notes=coming, by=by.id)
        await parts.jobs.defer(work, "weigh_category", once=f"weigh:{category}", category=category)
    return number


async def category_of(correction_id: str, parts: Parts) -> str:
    """The category of a note; raises NotFound."""
    async with parts.store.begin() as work:
        mine = select(_CORRECTION.c.category).where(_CORRECTION.c.id == correction_id)
        found: str | None = await work.value(mine)
    if found is None:
        raise NotFound(f"There is no note {correction_id!r}.")
    return found


async def corrections(category: str, parts: Parts) -> Sequence[CorrectionRow]:
    """The notes of a category that are in force or on their way, the newest first."""
    c = _CORRECTION.c
    async with parts.store.begin() as work:
        wanted = select(_CORRECTION).where(
            c.category == category, c.state.in_(("draft", "approved", *IN_FORCE))
        )
        return await work.rows(CorrectionRow, wanted.order_by(c.drafted_at.desc(), c.id))


async def _locked(work: Work, correction_id: str) -> CorrectionRow:
    one = select(_CORRECTION).where(_CORRECTION.c.id == correction_id).with_for_update()
    row = await work.row(CorrectionRow, one)
    if row is None:
        raise NotFound(f"There is no note {correction_id!r}.")
    await work.lock(f"corrections:{row.category}")
    return row


async def _customer(work: Work, row: CorrectionRow) -> str | None:
    return (await reviewed(work, row.action_id)).customer.id


async def _set(work: Work, correction_id: str, **values: Any) -> None:
    await work.run(update(_CORRECTION).where(_CORRECTION.c.id == correction_id).values(**values))


def _may(by: Reviewer) -> None:
    if not by.roles & {"ops", "admin"}:
        raise Forbidden("Only ops may change what the agent is told.")
