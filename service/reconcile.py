"""Do the vendors' effects and our own record agree? Both directions; each difference is a row with an owner."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from approvals.again import principal_of
from approvals.judge import parse
from approvals.parts import Parts
from approvals.record import action_of
from approvals.reopen import reopen_undone
from core.actions import Receipt
from core.errors import RemitError
from core.ids import ActionId
from service.findings import Difference, explained
from store.columns import table
from store.tables.action import ActionRow, AttemptRow
from store.tables.conversation import CustomerRow
from tools.kit import Args, WriteTool

_ACTION = table(ActionRow)
_ATTEMPT = table(AttemptRow)
_CUSTOMER = table(CustomerRow)
# How far back the vendors' own list of refunds is read when everything is compared.
WHOLE = timedelta(days=30)


@dataclass
class Found:
    """Actions that disagree with the vendor, effects without an intent, and actions whose end is not known."""

    checked: int = 0
    differences: list[Difference] = field(default_factory=list)
    explained: int = 0

    def of(self, kind: str) -> list[Difference]:
        """The differences of one kind."""
        return [one for one in self.differences if one.kind == kind]

    @property
    def is_clean(self) -> bool:
        """True when nothing disagrees and nothing is open."""
        return not self.differences

    @property
    def is_equal(self) -> bool:
        """True when both sides show the same effects, whatever is still being found out."""
        return not (self.of("mismatch") or self.of("orphan"))

    def as_document(self) -> dict[str, Any]:
        """The JSON report."""
        return {
            "ok": self.is_clean,
            "checked": self.checked,
            "mismatches": [one.as_document() for one in self.of("mismatch")],
            "orphans": [one.as_document() for one in self.of("orphan")],
            "unsure": [one.action_id for one in self.of("unsure")],
            "explained": self.explained,
        }

    def as_text(self) -> str:
        """The same for people."""
        lines = [f"{self.checked} executed actions checked at their vendors; {self.explained} explained."]
        lines += [
            f"MISMATCH {one.finding} {one.action_id}: {one.why} (owner {one.owner})"
            for one in self.of("mismatch")
        ]
        lines += [
            f"ORPHAN   {one.finding} {one.vendor} {one.object} carries {one.action_id}: {one.why} (owner {one.owner})"
            for one in self.of("orphan")
        ]
        lines += [f"UNSURE   {one.finding} {one.action_id} (owner {one.owner})" for one in self.of("unsure")]
        return "\n".join(lines if not self.is_clean else [*lines, "Everything agrees."])


async def compare(parts: Parts, *, since: datetime | None = None) -> Found:
    """Looks executed actions up at their vendors, and what carries our action ids up in our record.

    Args:
        since: only what happened at or after this time, and only refunds on the vendors' side; None: everything.
    """
    found = Found()
    async with parts.store.begin() as work:
        rows = await work.rows(ActionRow, _sent(since))
        customers = list((await work.conn.execute(select(_CUSTOMER.c.id))).scalars()) if since is None else []
        known = await explained(work)
    found.differences += [_open(row) for row in rows if row.state in ("executing", "unsure", "needs_person")]
    for row in rows:
        if row.state == "executed":
            found.checked += 1
            if (why := await _differs(row, rows, parts)) is not None:
                found.differences.append(_of(row, "mismatch", why))
    found.differences += await _orphans(customers, since, parts)
    found.explained = sum(one.key in known for one in found.differences)
    found.differences = [one for one in found.differences if one.key not in known]
    return found


def _sent(since: datetime | None) -> Any:
    a = _ACTION.c
    sent = select(_ACTION).where(
        a.tool != "answer", a.state.in_(("executing", "unsure", "needs_person", "executed"))
    )
    return sent if since is None else sent.where((a.state_at >= since) | (a.state != "executed"))


def _open(row: ActionRow) -> Difference:
    return _of(row, "unsure", f"it is {row.state}")


def _of(row: ActionRow, kind: str, why: str) -> Difference:
    receipt: Mapping[str, Any] = row.receipt or {}
    vendor, of = receipt.get("vendor", ""), receipt.get("object") or ", ".join(row.targets)
    return Difference(kind=kind, vendor=vendor, object=of, action_id=row.id, why=why)


async def _differs(row: ActionRow, rows: Sequence[ActionRow], parts: Parts) -> str | None:
    """Why the vendor shows something else than this executed action; None when it fits, or nobody can tell any more."""
    tool = parts.write_tool(row.tool)
    args = parse(tool, row.args) if tool is not None and tool.spec.version == row.tool_version else None
    if tool is None or not isinstance(args, Args):
        return None  # this code cannot ask about it any more; what it did was checked while it could
    if tool.mark == "none" or (tool.mark == "latest" and _was_followed(row, rows)):
        return None
    try:
        if await reopen_undone(row.id, parts):
            return None  # the action itself says so now, and has a person
        receipt = await _looked_up(row, tool, args, parts)
    except RemitError as error:
        return f"cannot be looked up: {error}"
    if receipt is None:
        return "the vendor shows no such effect"
    money = action_of(row).money
    if money is not None and (receipt.amount, receipt.currency) != (money.amount, money.currency):
        return "the vendor shows another amount"
    return None


async def _looked_up(row: ActionRow, tool: WriteTool[Any], args: Args, parts: Parts) -> Receipt | None:
    async with parts.store.begin() as work:
        who = await principal_of(work, row.customer_id)
    return await tool.look_up(args, ActionId(row.id), parts.scope(who))


def _was_followed(row: ActionRow, rows: Sequence[ActionRow]) -> bool:
    """True when a later action of ours is on the same object, whose mark took the place of this one's."""
    return any(
        other.state == "executed" and other.state_at > row.state_at and set(other.targets) & set(row.targets)
        for other in rows
    )


async def _orphans(customers: Sequence[str], since: datetime | None, parts: Parts) -> list[Difference]:
    """Effects that carry an action id of ours which was never intended."""
    marked: dict[str, Difference] = {}
    try:
        refunds = await parts.systems.billing.refunds_since(since or parts.clock.now() - WHOLE)
    except RemitError as error:
        return [
            Difference(
                "mismatch", parts.systems.billing.vendor, "refunds", None, f"cannot be listed: {error}"
            )
        ]
    for refund in refunds:
        if refund.action_id:
            marked[refund.action_id] = _orphan(parts.systems.billing.vendor, refund.id, refund.action_id)
    for customer in customers:
        for one in await _marked_of(customer, parts):
            marked.setdefault(str(one.action_id), one)
    async with parts.store.begin() as work:
        known = select(_ATTEMPT.c.action_id).where(_ATTEMPT.c.action_id.in_(list(marked)))
        intended = set((await work.conn.execute(known)).scalars())
    return [one for action, one in marked.items() if action not in intended]


async def _marked_of(customer: str, parts: Parts) -> Iterable[Difference]:
    """What else of one customer carries our mark: older refunds, credits, subscriptions and orders."""
    found: list[Difference] = []
    try:
        billing, orders = parts.systems.billing, parts.systems.orders
        if (payer := await billing.find_customer(customer)) is not None:
            for charge in await billing.charges(payer):
                refunds = await billing.refunds(charge.id) if charge.amount_refunded else ()
                found += [_orphan(billing.vendor, r.id, r.action_id) for r in refunds]
            found += [
                _orphan(billing.vendor, c.id, c.action_id) for c in await billing.balance_changes(payer)
            ]
            subscriptions = await billing.subscriptions(payer)
            found += [_orphan(billing.vendor, s.id, s.last_action_id) for s in subscriptions]
        if (buyer := await orders.find_customer(customer)) is not None:
            for order in await orders.orders(buyer):
                found += [_orphan(orders.vendor, order.id, mark) for mark in order.last_action_ids]
    except RemitError as error:
        return [Difference("mismatch", "", customer, None, f"cannot be looked through: {error}")]
    return [one for one in found if one.action_id]


def _orphan(vendor: str, of: str, action_id: str | None) -> Difference:
    return Difference("orphan", vendor, of, action_id, "we never intended it")
