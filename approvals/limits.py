"""Caps per object, customer, category and over all: what is reserved, unsure and done all counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, func, literal, or_, select, union_all, update

from core.actions import Action, Fired
from policies.model import CategoryPolicy, Limit
from store.columns import table
from store.tables.action import ReservationRow
from store.work import Work

_RESERVATION = table(ReservationRow)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
# Over every category together: what one bad hour may cost before somebody looks. Other currencies have no room.
OVERALL_HOUR = Limit(count=500, amounts={"usd": 2_000_000, "eur": 2_000_000, "gbp": 2_000_000})
OVERALL_DAY = Limit(count=5_000, amounts={"usd": 10_000_000, "eur": 10_000_000, "gbp": 10_000_000})


@dataclass(frozen=True, slots=True)
class _Scope:
    name: str
    key: str
    limit: Limit
    window: timedelta | None
    sentence: str


def _scopes(action: Action, policy: CategoryPolicy) -> Iterator[_Scope]:
    limits = policy.limits
    for target in action.targets:
        yield _Scope("object", target, limits.per_object_lifetime, None, "This object has reached its limit.")
    customer = f"{action.customer_id}/{action.category}"
    yield _Scope(
        "customer", customer, limits.per_customer_day, _DAY, "This customer has reached the daily limit."
    )
    yield _Scope(
        "category",
        action.category,
        limits.per_category_day,
        _DAY,
        "Requests of this kind have reached the daily limit.",
    )
    yield _Scope("overall", "", OVERALL_HOUR, _HOUR, "All requests together have reached the hourly limit.")
    yield _Scope("overall", "", OVERALL_DAY, _DAY, "All requests together have reached the daily limit.")


async def breaches(work: Work, action: Action, policy: CategoryPolicy) -> tuple[Fired, ...]:
    """The limits this action would cross now, its own reservation left out."""
    scopes = [
        scope for scope in _scopes(action, policy) if scope.limit.count is not None or scope.limit.amounts
    ]
    used = await _used(work, action, scopes)
    return tuple(
        Fired(rule=f"limit.{scope.name}", kind="escalate", sentence=scope.sentence)
        for number, scope in enumerate(scopes)
        if _crosses(action, scope.limit, *used[number])
    )


def _crosses(action: Action, limit: Limit, used_count: int, used_amount: int) -> bool:
    if limit.count is not None and used_count + 1 > limit.count:
        return True
    money = action.money
    if money is None or not limit.amounts:
        return False
    # A currency without a cap of its own has no room: amounts of two currencies are never added up.
    return used_amount + money.amount > limit.amounts.get(money.currency, 0)


async def _used(work: Work, action: Action, scopes: Sequence[_Scope]) -> dict[int, tuple[int, int]]:
    """How many and how much each scope counts already, in one question to the database."""
    if not scopes:
        return {}
    asked = union_all(*(_counted(work, action, number, scope) for number, scope in enumerate(scopes)))
    return {int(n): (int(count), int(amount)) for n, count, amount in (await work.conn.execute(asked)).all()}


def _counted(work: Work, action: Action, number: int, scope: _Scope) -> Select[Any]:
    r = _RESERVATION.c
    same_currency = r.currency == action.currency if action.currency else r.currency.is_(None)
    amount = func.coalesce(func.sum(r.amount).filter(same_currency), 0)
    where = and_(r.scope == scope.name, r.key == scope.key, r.state != "released", r.action_id != action.id)
    if scope.window is not None:
        # What has not ended counts whatever its age: an unsure refund of yesterday may still come true.
        where = and_(where, or_(r.at > work.now - scope.window, r.state == "reserved"))
    return select(literal(number), func.count(), amount).where(where)


async def hold_still(work: Work, action: Action, policy: CategoryPolicy) -> None:
    """Takes the locks of every limit this action touches, in one order, until the transaction ends."""
    await work.lock(*sorted({f"limit:{scope.name}:{scope.key}" for scope in _scopes(action, policy)}))


async def reserve(work: Work, action: Action, policy: CategoryPolicy) -> None:
    """Takes this action's share of every limit; call it under `hold_still`, in the transaction of the intent."""
    taken = {(scope.name, scope.key) for scope in _scopes(action, policy)}
    rows = [
        ReservationRow(
            action_id=action.id,
            scope=name,
            key=key,
            currency=action.currency,
            amount=action.amount or 0,
            at=work.now,
        )
        for name, key in sorted(taken)
    ]
    await work.add(*rows)


async def settle(work: Work, action_id: str, state: str) -> None:
    """Marks the reservations `done` or `released`."""
    await work.run(update(_RESERVATION).where(_RESERVATION.c.action_id == action_id).values(state=state))
