"""One action with everything needed to decide on it; opening it as an approver is noted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from approvals import queue
from approvals.claims import look_at
from approvals.notes import Note, notes_on
from approvals.parts import Parts, Reviewer
from approvals.queue import Entry, shown_state
from approvals.record import action_row, breaches_of, facts_of, preview_of, receipt_of, verdict_of
from core.actions import Fired, Preview, Receipt
from core.conversation import Said
from core.facts import FactValue
from store.columns import table
from store.tables.action import ActionRow, ConfirmationRow, ReviewRow
from store.tables.conversation import EventRow, MessageRow, RequestRow
from store.work import Work

_ACTION = table(ActionRow)
_MESSAGE = table(MessageRow)
_REQUEST = table(RequestRow)
_REVIEW = table(ReviewRow)
_CONFIRMATION = table(ConfirmationRow)
_EVENT = table(EventRow)


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact as a person reads it."""

    name: str
    value: str
    source: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Similar:
    """A past action of the same kind, how it ended, and why when a colleague said no."""

    action_id: str
    title: str
    state: str
    at: datetime
    because: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an action."""

    what: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What the customer sees of this action now: their card, and the agent's last words."""

    card: str
    card_text: str
    words: str


@dataclass(frozen=True, slots=True)
class Successor:
    """The action that a colleague's change made of this one."""

    action_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One action with its evidence."""

    entry: Entry
    digest: str
    conversation_id: str
    tool: str
    said: tuple[Said, ...]
    request_text: str
    preview: Preview
    args: dict[str, Any]
    args_schema: dict[str, Any]
    facts: tuple[FactView, ...]
    verdict: str
    fired: tuple[Fired, ...]
    policy_version: str
    similar: tuple[Similar, ...]
    history: tuple[Step, ...]
    receipt: Receipt | None
    expires_at: datetime
    decidable: bool
    told: Told
    notes: tuple[Note, ...]
    runs_at: datetime | None
    undo_by: str | None
    successor: Successor | None


async def detail(action_id: str, reviewer: Reviewer | None, parts: Parts) -> Detail:
    """Everything about one action; opening it as a reviewer is noted and keeps it theirs for five minutes."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        if reviewer is not None:
            await look_at(work, row, reviewer)
        entry = await queue.one(work, row.id, parts.catalog, me=reviewer.id if reviewer else None)
        thread = await work.rows(MessageRow, _thread(row))
        tool = parts.write_tool(row.tool)
        verdict = verdict_of(row)
        reviews = await work.rows(ReviewRow, select(_REVIEW).where(_REVIEW.c.action_id == row.id))
        return Detail(
            entry=entry,
            digest=row.digest,
            conversation_id=row.conversation_id,
            tool=row.tool,
            said=tuple(Said(author=m.author, text=m.text, at=m.at) for m in thread),  # type: ignore[arg-type]
            request_text=await _request_text(work, row),
            preview=preview_of(row),
            args=row.args,
            args_schema=tool.args.model_json_schema() if tool else {},
            facts=_fact_views(row),
            verdict=verdict.kind,
            fired=(*verdict.fired, *breaches_of(row)),
            policy_version=verdict.policy_version,
            similar=await _similar(work, row),
            history=await _history(work, row, reviews),
            receipt=receipt_of(row) if row.receipt else None,
            expires_at=row.expires_at,
            decidable=bool(row.waits),
            told=await _told(work, row, thread),
            notes=await notes_on(work, row.id),
            runs_at=row.runs_at if row.state == "approved" else None,
            undo_by=_undoable_by(row, reviews, work.now),
            successor=await _successor(work, row),
        )


def _undoable_by(row: ActionRow, reviews: Sequence[ReviewRow], now: datetime) -> str | None:
    """Who may still take the approval back."""
    if row.state != "approved" or row.runs_at is None or row.runs_at <= now:
        return None
    live = [r for r in reviews if r.used_at is None and r.decision in ("approve", "edit")]
    return max(live, key=lambda r: r.at).reviewer_id if live else None


def _thread(row: ActionRow) -> Any:
    return select(_MESSAGE).where(_MESSAGE.c.conversation_id == row.conversation_id).order_by(_MESSAGE.c.at)


async def _request_text(work: Work, row: ActionRow) -> str:
    query = (
        select(_MESSAGE.c.text)
        .join(_REQUEST, _REQUEST.c.message_id == _MESSAGE.c.id)
        .where(_REQUEST.c.id == row.request_id)
    )
    return str(await work.value(query) or "")


async def _told(work: Work, row: ActionRow, thread: Sequence[MessageRow]) -> Told:
    e = _EVENT.c
    query = (
        select(e.kind, e.body["text"].astext)
        .where(e.conversation_id == row.conversation_id, e.body["action_id"].astext == row.id)
        .order_by(e.seq.desc())
        .limit(1)
    )
    card = (await work.conn.execute(query)).first()
    words = next((m.text for m in reversed(thread) if m.author in ("agent", "person")), "")
    kind, text = (card[0], card[1] or "") if card else ("", "")
    return Told(kind, text, words)


async def _successor(work: Work, row: ActionRow) -> Successor | None:
    if row.state != "replaced":
        return None
    query = select(_ACTION.c.id, _ACTION.c.preview["title"].astext).where(_ACTION.c.replaces == row.id)
    found = (await work.conn.execute(query.where(_ACTION.c.request_id == row.request_id))).first()
    return None if found is None else Successor(found[0], found[1])


def _fact_views(row: ActionRow) -> tuple[FactView, ...]:
    facts = facts_of(row.facts).facts
    return tuple(FactView(name, _text(f.value), f.source, f.read_at) for name, f in sorted(facts.items()))


def _text(value: FactValue) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M UTC")
        case _:
            return str(value)


async def _similar(work: Work, row: ActionRow) -> tuple[Similar, ...]:
    a = _ACTION.c
    reason = (
        select(_REVIEW.c.reason_code)
        .where(_REVIEW.c.action_id == a.id, _REVIEW.c.decision == "reject")
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(a.id, a.preview["title"].astext, a.state, a.state_at, reason)
        .where(a.tool == row.tool, a.category == row.category, a.id != row.id)
        .where(a.state.in_(("executed", "rejected", "failed", "expired", "replaced")))
        .order_by(a.state_at.desc())
        .limit(5)
    )
    found = (await work.conn.execute(query)).all()
    return tuple(Similar(i, title, state, at, why or "") for i, title, state, at, why in found)


async def _history(work: Work, row: ActionRow, reviews: Sequence[ReviewRow]) -> tuple[Step, ...]:
    steps = [Step("Proposed by the agent", "agent", row.created_at)]
    confirmed = await work.row(
        ConfirmationRow, select(_CONFIRMATION).where(_CONFIRMATION.c.action_id == row.id)
    )
    if confirmed:
        how = "by button" if confirmed.event == "button" else "by answering yes"
        steps.append(Step(f"Confirmed {how}", "customer", confirmed.at))
    for review in reviews:
        steps.append(Step(_review_words(review), review.reviewer_id, review.at))
        if review.undone_at is not None:
            steps.append(Step("Approval taken back", review.reviewer_id, review.undone_at))
    state = shown_state(row.state, canary=row.canary, review_after=row.review_after)
    if state not in ("held", "asked", "proposed"):
        steps.append(Step(f"Now {state}", "system", row.state_at))
    return tuple(sorted(steps, key=lambda s: s.at))


def _review_words(review: ReviewRow) -> str:
    words = {"approve": "Approved", "edit": "Changed", "reject": "Rejected", "take_over": "Taken over"}
    reason = f" ({review.reason_code.replace('_', ' ')})" if review.reason_code else ""
    return f"{words[review.decision]}{reason}"
