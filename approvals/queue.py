"""What waits for a colleague: one page at a time, by due time, narrowed by what a person can ask for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Select, and_, case, func, literal, or_, select, text, tuple_

from approvals.parts import Parts
from core.errors import Invalid
from core.money import ZERO_DECIMAL, Money
from core.tool_spec import Risk
from policies.model import Catalog
from store.columns import table
from store.tables.action import ENDED, ActionRow, LookRow
from store.tables.conversation import ConversationRow, CustomerRow, RequestRow
from store.work import Work

_ACTION = table(ActionRow)
_CUSTOMER = table(CustomerRow)
_CONVERSATION = table(ConversationRow)
_REQUEST = table(RequestRow)
_LOOK = table(LookRow)
PAGE = 50
MOST = 200
Tier = Literal["standard", "plus", "vip", "unknown"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the queue somebody wants to see; amounts in major units of each action's own currency, age in minutes."""

    category: str | None = None
    tier: Tier | None = None
    language: str | None = None
    risk: Risk | None = None
    at_least: int | None = None
    at_most: int | None = None
    older_than: int | None = None

    @property
    def is_everything(self) -> bool:
        """True when nothing is left out."""
        return self == Wanted()


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the queue; `is_seen` when this colleague has opened it as it stands now."""

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
    digest: str
    language: str
    urgent: bool
    claimed_until: datetime | None
    is_seen: bool = False
    is_batchable: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the queue, how much fits the wish in all, and where the next part begins."""

    entries: tuple[Entry, ...]
    total: int
    next: str | None


_WAITS = text("action.waits")
_ENDED = text(f"action.{ENDED}")
# Exactly these columns: facts are large, and a list shows none of them.
_SHOWN = (
    *(
        _ACTION.c[name]
        for name in (
            "id",
            "category",
            "state",
            "state_at",
            "because",
            "amount",
            "currency",
            "due_at",
            "risk",
            "claimed_by",
            "claimed_until",
            "review_after",
            "canary",
            "digest",
            "urgent",
            "tier",
            "allowed_by_rules",
        )
    ),
    _ACTION.c.preview["title"].astext.label("title"),
    _CUSTOMER.c.name,
    _REQUEST.c.confidence,
    _CONVERSATION.c.language,
)


async def waiting(
    parts: Parts,
    wanted: Wanted | None = None,
    *,
    after: str | None = None,
    limit: int = PAGE,
    me: str | None = None,
) -> Page:
    """Held actions by due time, then answers already sent that want a look; raises Invalid for a foreign `after`."""
    wanted = wanted or Wanted()
    query = _narrowed(_entries(me).where(_WAITS), wanted, parts.clock.now())
    if after is not None:
        query = query.where(_place(after) < _KEY)
    limit = max(1, min(limit, MOST))
    async with parts.store.begin() as work:
        rows = (await work.conn.execute(query.order_by(*_ORDER).limit(limit + 1))).mappings().all()
        total = await _total(work, wanted)
    shown = rows[:limit]
    entries = tuple(entry(row, parts.catalog, now=parts.clock.now()) for row in shown)
    return Page(entries, total, _cursor(shown[-1]) if len(rows) > limit else None)


async def recent(parts: Parts, *, limit: int = 20) -> list[Entry]:
    """What was decided lately, newest first."""
    query = _entries(None).where(_ENDED, ~_ACTION.c.waits).order_by(_ACTION.c.state_at.desc()).limit(limit)
    async with parts.store.begin() as work:
        rows = (await work.conn.execute(query)).mappings().all()
    return [entry(row, parts.catalog, now=parts.clock.now()) for row in rows]


async def neighbours(
    parts: Parts, action_id: str, wanted: Wanted, *, me: str
) -> tuple[str | None, str | None]:
    """The free actions before and after one in this part of the queue; after a decided one, the first."""
    a = _ACTION.c
    async with parts.store.begin() as work:
        query = select(a.review_after, a.due_at, a.id, a.waits).where(a.id == action_id)
        found = (await work.conn.execute(query)).mappings().first()
        taken = and_(a.claimed_by.is_not(None), a.claimed_by != me, a.claimed_until > work.now)
        free = _narrowed(_joined(select(a.id)).where(_WAITS, ~func.coalesce(taken, False)), wanted, work.now)
        free = free.where(a.id != action_id)
        if found is None or not found["waits"]:
            return None, await work.value(free.order_by(*_ORDER).limit(1))
        here = _at(found["review_after"], found["due_at"], found["id"])
        backwards = [one.desc() for one in _ORDER]
        return (
            await work.value(free.where(here > _KEY).order_by(*backwards).limit(1)),
            await work.value(free.where(here < _KEY).order_by(*_ORDER).limit(1)),
        )


_ORDER = (_ACTION.c.review_after, _ACTION.c.due_at, _ACTION.c.id)
_KEY = tuple_(*_ORDER)


def _at(review_after: bool, due_at: datetime, action_id: str) -> Any:
    return tuple_(
        literal(review_after),
        literal(due_at, type_=_ACTION.c.due_at.type),
        literal(action_id),
    )


def _cursor(row: Any) -> str:
    plain = f"{int(row['review_after'])}|{row['due_at'].isoformat()}|{row['id']}"
    return urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _place(cursor: str) -> Any:
    try:
        plain = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        review_after, due_at, action_id = plain.split("|")
        at = datetime.fromisoformat(due_at)
        if at.tzinfo is None or review_after not in ("0", "1") or not action_id.isprintable():
            raise ValueError
    except ValueError:
        raise Invalid("That is no place in the queue. Begin again without `after`.") from None
    return _at(review_after == "1", at, action_id)


def _joined(query: Select[Any]) -> Select[Any]:
    return (
        query.join_from(_ACTION, _CUSTOMER, _CUSTOMER.c.id == _ACTION.c.customer_id)
        .join(_REQUEST, _REQUEST.c.id == _ACTION.c.request_id)
        .join(_CONVERSATION, _CONVERSATION.c.id == _ACTION.c.conversation_id)
    )


def _entries(me: str | None) -> Select[Any]:
    seen = (
        select(literal(1))
        .where(_LOOK.c.action_id == _ACTION.c.id, _LOOK.c.reviewer_id == (me or ""))
        .exists()
    )
    return _joined(select(*_SHOWN, seen.label("is_seen")))


def _narrowed(query: Select[Any], wanted: Wanted, now: datetime) -> Select[Any]:
    a = _ACTION.c
    major = case((a.currency.in_(ZERO_DECIMAL), a.amount * 100), else_=a.amount)
    parts = (
        None if wanted.category is None else a.category == wanted.category,
        None if wanted.tier is None else a.tier == wanted.tier,
        None if wanted.risk is None else a.risk == wanted.risk,
        None if wanted.language is None else _CONVERSATION.c.language == wanted.language,
        None if wanted.at_least is None else major >= wanted.at_least * 100,
        None if wanted.at_most is None else or_(a.amount.is_(None), major <= wanted.at_most * 100),
        None if wanted.older_than is None else a.state_at <= now - timedelta(minutes=wanted.older_than),
    )
    return query.where(*(one for one in parts if one is not None))


async def _total(work: Work, wanted: Wanted) -> int:
    bare = select(func.count()).select_from(_ACTION)
    if wanted.language is not None:
        bare = bare.join(_CONVERSATION, _CONVERSATION.c.id == _ACTION.c.conversation_id)
    return int(await work.value(_narrowed(bare.where(_WAITS), wanted, work.now)) or 0)


async def one(work: Work, action_id: str, catalog: Catalog, *, me: str | None) -> Entry:
    """The row of one action, in whatever state."""
    query = _entries(me).where(_ACTION.c.id == action_id)
    return entry((await work.conn.execute(query)).mappings().one(), catalog, now=work.now)


async def languages(parts: Parts) -> Sequence[str]:
    """The languages of what waits now, for a choice."""
    query = (
        select(_CONVERSATION.c.language)
        .join(_ACTION, _ACTION.c.conversation_id == _CONVERSATION.c.id)
        .where(_WAITS)
        .distinct()
        .order_by(_CONVERSATION.c.language)
    )
    async with parts.store.begin() as work:
        return list((await work.conn.execute(query)).scalars())


def entry(row: Any, catalog: Catalog, *, now: datetime) -> Entry:
    """A row of the list as people read it; a lease that ran out is nobody's."""
    policy = catalog.get(row["category"])
    money = Money(row["amount"], row["currency"]) if row["amount"] is not None else None
    is_taken = row["state"] == "held" and row["claimed_until"] is not None and row["claimed_until"] > now
    return Entry(
        action_id=row["id"],
        customer_name=row["name"],
        tier=row["tier"] or "unknown",
        title=row["title"],
        category=row["category"],
        category_title=policy.title if policy else row["category"],
        because=" ".join(row["because"]),
        amount_text=str(money) if money else None,
        waiting_since=row["state_at"],
        due_at=row["due_at"],
        risk=row["risk"],
        claimed_by=row["claimed_by"] if is_taken else None,
        review_after=row["review_after"],
        confidence_pct=round(row["confidence"] * 100),
        state=shown_state(row["state"], canary=row["canary"], review_after=row["review_after"]),
        digest=row["digest"],
        language=row["language"],
        urgent=bool(row["urgent"]),
        claimed_until=row["claimed_until"] if is_taken else None,
        is_seen=row["is_seen"],
        is_batchable=row["risk"] == "low" and row["allowed_by_rules"],
    )


def shown_state(state: str, *, canary: bool, review_after: bool) -> str:
    """A canary among actions that are looked at after they ran reads as if it had run."""
    return "executed" if canary and review_after and state == "held" else state


TIERS: tuple[Tier, ...] = get_args(Tier)
RISKS: tuple[Risk, ...] = get_args(Risk)
