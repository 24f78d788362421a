"""What waits for a colleague, most urgent first, and one action with everything needed to decide on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update

from approvals.parts import Parts, Reviewer
from approvals.record import action_row, breaches_of, facts_of, preview_of, receipt_of, verdict_of
from core.actions import Fired, Preview, Receipt
from core.conversation import Said
from core.facts import FactValue
from core.money import Money
from policies.model import Catalog
from store.columns import table
from store.tables.action import ActionRow, ConfirmationRow, ReviewRow
from store.tables.conversation import CustomerRow, MessageRow, RequestRow
from store.work import Work

_ACTION = table(ActionRow)
_CUSTOMER = table(CustomerRow)
_MESSAGE = table(MessageRow)
_REQUEST = table(RequestRow)
_REVIEW = table(ReviewRow)
_CONFIRMATION = table(ConfirmationRow)
CLAIM = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the queue."""

    action_id: str
    customer_name: str
    tier: str
    title: str
    category: str
    category_title: str
    because: str
    amount_text: str | None
    waiting_since: datetime
    due_at: datetime
    risk: str
    claimed_by: str | None
    review_after: bool
    confidence_pct: int
    state: str


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact as a person reads it."""

    name: str
    value: str
    source: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Similar:
    """A past action of the same kind and how it ended."""

    action_id: str
    title: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an action."""

    what: str
    by: str
    at: datetime


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


_AFTER = and_(_ACTION.c.state == "executed", _ACTION.c.review_after, _ACTION.c.approved_at.is_(None))


async def waiting(parts: Parts, *, limit: int = 500) -> list[Entry]:
    """Held actions by due time, then answers already sent that want a look."""
    query = (
        _entries(parts)
        .where(or_(_ACTION.c.state == "held", _AFTER))
        .order_by(_ACTION.c.review_after, _ACTION.c.due_at)
        .limit(limit)
    )
    async with parts.store.begin() as work:
        return [_entry(row._mapping, parts.catalog) for row in (await work.conn.execute(query)).all()]


async def recent(parts: Parts, *, limit: int = 20) -> list[Entry]:
    """What was decided lately, newest first."""
    ended = (
        "approved",
        "executing",
        "executed",
        "failed",
        "unsure",
        "needs_person",
        "rejected",
        "expired",
        "withdrawn",
    )
    query = _entries(parts).where(_ACTION.c.state.in_(ended)).order_by(_ACTION.c.state_at.desc()).limit(limit)
    async with parts.store.begin() as work:
        return [_entry(row._mapping, parts.catalog) for row in (await work.conn.execute(query)).all()]


def _entries(parts: Parts) -> Any:
    return (
        select(_ACTION, _CUSTOMER.c.name, _REQUEST.c.confidence)
        .join(_CUSTOMER, _CUSTOMER.c.id == _ACTION.c.customer_id)
        .join(_REQUEST, _REQUEST.c.id == _ACTION.c.request_id)
    )


def _entry(row: Any, catalog: Catalog) -> Entry:
    policy = catalog.get(row["category"])
    money = Money(row["amount"], row["currency"]) if row["amount"] is not None else None
    tier = row["facts"].get("customer.tier", {}).get("value", "unknown")
    return Entry(
        action_id=row["id"],
        customer_name=row["name"],
        tier=str(tier),
        title=row["preview"]["title"],
        category=row["category"],
        category_title=policy.title if policy else row["category"],
        because=" ".join(row["because"]),
        amount_text=str(money) if money else None,
        waiting_since=row["state_at"],
        due_at=row["due_at"],
        risk=row["risk"],
        claimed_by=row["claimed_by"],
        review_after=row["review_after"],
        confidence_pct=round(row["confidence"] * 100),
        state=_shown_state(row["state"], canary=row["canary"], review_after=row["review_after"]),
    )


def _shown_state(state: str, *, canary: bool, review_after: bool) -> str:
    """A canary among actions that are looked at after they ran reads as if it had run."""
    return "executed" if canary and review_after and state == "held" else state


async def detail(action_id: str, reviewer: Reviewer | None, parts: Parts) -> Detail:
    """Everything about one action; opening it as a reviewer is noted and shown to colleagues for five minutes."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        if reviewer is not None:
            await _open(work, row, reviewer)
        found = (await work.conn.execute(_entries(parts).where(_ACTION.c.id == action_id))).one()
        entry = _entry(found._mapping, parts.catalog)
        thread = await work.rows(MessageRow, _thread(row))
        tool = parts.write_tool(row.tool)
        verdict = verdict_of(row)
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
            history=await _history(work, row),
            receipt=receipt_of(row) if row.receipt else None,
            expires_at=row.expires_at,
            decidable=row.state == "held" or (row.review_after and row.approved_at is None),
        )


async def _open(work: Work, row: ActionRow, reviewer: Reviewer) -> None:
    values: dict[str, Any] = {}
    if row.opened_at is None:
        values["opened_at"] = work.now
    free = row.claimed_by is None or row.claimed_until is None or row.claimed_until <= work.now
    if row.state == "held" and (free or row.claimed_by == reviewer.id):
        values |= {"claimed_by": reviewer.id, "claimed_until": work.now + CLAIM}
    if values:
        await work.run(update(_ACTION).where(_ACTION.c.id == row.id).values(**values))


def _thread(row: ActionRow) -> Any:
    return select(_MESSAGE).where(_MESSAGE.c.conversation_id == row.conversation_id).order_by(_MESSAGE.c.at)


async def _request_text(work: Work, row: ActionRow) -> str:
    query = (
        select(_MESSAGE.c.text)
        .join(_REQUEST, _REQUEST.c.message_id == _MESSAGE.c.id)
        .where(_REQUEST.c.id == row.request_id)
    )
    return str(await work.value(query) or "")


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
    query = (
        select(_ACTION)
        .where(a.tool == row.tool, a.category == row.category, a.id != row.id)
        .where(a.state.in_(("executed", "rejected", "failed", "expired", "replaced")))
        .order_by(a.state_at.desc())
        .limit(5)
    )
    rows: Sequence[ActionRow] = await work.rows(ActionRow, query)
    return tuple(Similar(r.id, r.preview["title"], r.state, r.state_at) for r in rows)


async def _history(work: Work, row: ActionRow) -> tuple[Step, ...]:
    steps = [Step("Proposed by the agent", "agent", row.created_at)]
    confirmed = await work.row(
        ConfirmationRow, select(_CONFIRMATION).where(_CONFIRMATION.c.action_id == row.id)
    )
    if confirmed:
        how = "by button" if confirmed.event == "button" else "by answering yes"
        steps.append(Step(f"Confirmed {how}", "customer", confirmed.at))
    reviews = await work.rows(ReviewRow, select(_REVIEW).where(_REVIEW.c.action_id == row.id))
    steps += [Step(_review_words(r), r.reviewer_id, r.at) for r in reviews]
    state = _shown_state(row.state, canary=row.canary, review_after=row.review_after)
    if state not in ("held", "asked", "proposed"):
        steps.append(Step(f"Now {state}", "system", row.state_at))
    return tuple(sorted(steps, key=lambda s: s.at))


def _review_words(review: ReviewRow) -> str:
    words = {"approve": "Approved", "edit": "Changed", "reject": "Rejected", "take_over": "Taken over"}
    reason = f" ({review.reason_code.replace('_', ' ')})" if review.reason_code else ""
    return f"{words[review.decision]}{reason}"
