"""Do the vendors' effects and our own record agree? Both directions, for every customer we ever met."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from approvals.again import see_again
from approvals.execute import fits
from approvals.parts import Parts
from core.errors import RemitError
from store.columns import table
from store.tables.action import ActionRow, AttemptRow
from store.tables.conversation import CustomerRow

_ACTION = table(ActionRow)
_ATTEMPT = table(AttemptRow)
_CUSTOMER = table(CustomerRow)


@dataclass
class Found:
    """Actions that disagree with the vendor, effects without an intent, and actions whose end is not known."""

    checked: int = 0
    mismatches: list[dict[str, Any]] = field(default_factory=list)
    orphans: list[dict[str, Any]] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True when nothing disagrees and nothing is open."""
        return not (self.mismatches or self.orphans or self.unsure)

    def as_document(self) -> dict[str, Any]:
        """The JSON report."""
        return {
            "ok": self.is_clean,
            "checked": self.checked,
            "mismatches": self.mismatches,
            "orphans": self.orphans,
            "unsure": self.unsure,
        }

    def as_text(self) -> str:
        """The same for people."""
        lines = [f"{self.checked} executed actions checked at their vendors."]
        lines += [f"MISMATCH {m['action']}: {m['why']}" for m in self.mismatches]
        lines += [
            f"ORPHAN   refund {o['refund']} carries {o['action']}, which we never intended"
            for o in self.orphans
        ]
        lines += [f"UNSURE   {action}" for action in self.unsure]
        return "\n".join(lines if not self.is_clean else [*lines, "Everything agrees."])


async def compare(parts: Parts) -> Found:
    """Looks every executed action up at its vendor, and every refund that carries our id up in our record."""
    found = Found()
    async with parts.store.begin() as work:
        rows = await work.rows(ActionRow, select(_ACTION).where(_ACTION.c.tool != "answer"))
        intended = set((await work.conn.execute(select(_ATTEMPT.c.action_id))).scalars())
        customers = list((await work.conn.execute(select(_CUSTOMER.c.id))).scalars())
    found.unsure = [r.id for r in rows if r.state in ("executing", "unsure", "needs_person")]
    for row in rows:
        if row.state == "executed":
            found.checked += 1
            await _check(row, parts, found)
    await _orphans(customers, intended, parts, found)
    return found


async def _check(row: ActionRow, parts: Parts, found: Found) -> None:
    try:
        seen = await see_again(row.id, parts)
        receipt = await seen.tool.look_up(seen.args, seen.action.id, seen.scope)
    except RemitError as error:
        found.mismatches.append({"action": row.id, "why": f"cannot be looked up: {error}"})
        return
    if receipt is None:
        found.mismatches.append({"action": row.id, "why": "the vendor shows no such effect"})
    elif not fits(receipt, seen):
        found.mismatches.append({"action": row.id, "why": "the vendor shows another amount"})


async def _orphans(customers: Sequence[str], intended: set[str], parts: Parts, found: Found) -> None:
    billing = parts.systems.billing
    for customer in customers:
        known = await billing.find_customer(customer)
        for charge in await billing.charges(known) if known else ():
            if not charge.amount_refunded:
                continue
            for refund in await billing.refunds(charge.id):
                if refund.action_id and refund.action_id not in intended:
                    found.orphans.append(
                        {"refund": refund.id, "action": refund.action_id, "charge": charge.id}
                    )
