"""Giving money back for one payment: exactly the amount asked, once."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.actions import Line, Permit, Preview, Receipt
from core.errors import VendorRefused, VendorUnsure
from core.facts import FactSet, read_facts
from core.ids import ActionId
from core.money import Money
from core.tool_spec import ToolSpec
from tools.billing.facts import REFUND_FACTS, charge_facts, order_facts
from tools.billing.own import own_charge
from tools.billing.port import Charge, Refund
from tools.billing.reads import refundable
from tools.crm.customer_facts import customer_facts
from tools.kit import Args, ChargeId, Scope, WriteTool

Currency = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$", strict=True)]
# Stripe takes eight digits at most.
Amount = Annotated[int, Field(ge=1, le=99_999_999)]
_WHY = {"requested_by_customer": "asked for by the customer", "duplicate": "charged twice"}


class RefundArgs(Args):
    charge_id: ChargeId
    amount: Amount
    currency: Currency
    reason: Literal["requested_by_customer", "duplicate"]


class RefundCharge(WriteTool[RefundArgs]):
    """Refunds a payment, in part or whole, to the card it came from."""

    honours_key = True
    args = RefundArgs
    spec = ToolSpec(
        name="refund_charge",
        version=1,
        kind="write",
        family="billing",
        risk="high",
        description=(
            "Refunds one of the customer's payments (from find_charges) to the card it came from. The amount is "
            "in minor units of the payment's own currency and at most what is left of it."
        ),
        schema=RefundArgs.model_json_schema(),
        facts=REFUND_FACTS,
        moves_money=True,
    )

    async def owned(self, args: RefundArgs, scope: Scope) -> bool:
        return await own_charge(args.charge_id, scope) is not None

    async def facts(self, args: RefundArgs, scope: Scope) -> FactSet:
        charge = await own_charge(args.charge_id, scope)
        if charge is None:
            return FactSet()
        asked = read_facts(
            "request",
            scope.now,
            refund__amount=args.amount,
            refund__currency=args.currency,
            refund__full=args.amount == charge.remaining,
            refund__reason=args.reason,
        )
        order = await order_facts(charge.order_number, scope)
        return asked | await charge_facts(charge, scope) | order | await customer_facts(scope)

    def targets(self, args: RefundArgs) -> tuple[str, ...]:
        return (f"charge:{args.charge_id}",)

    def money(self, args: RefundArgs) -> Money | None:
        return Money(args.amount, args.currency)

    def preview(self, args: RefundArgs, facts: FactSet) -> Preview:
        money = Money(args.amount, args.currency)
        card = facts.get("charge.card") or "the card it was paid with"
        return Preview(
            title=f"Refund {money} to {card}",
            lines=(Line(label="Amount", after=str(money)), *_payment_lines(args, facts)),
            note="Banks usually show it after 5 to 10 days.",
        )

    async def execute(self, args: RefundArgs, permit: Permit, scope: Scope) -> Receipt:
        billing = scope.systems.billing
        charge = await own_charge(args.charge_id, scope)
        if charge is None or charge.currency != args.currency:
            raise VendorRefused(billing.vendor, "no such payment in this currency")
        # A second send of this very action meets its own refund here; Stripe answers it from the key.
        if args.amount > refundable(charge) and await self._done(args, permit.action_id, scope) is None:
            raise VendorRefused(billing.vendor, "the payment has not that much left to refund")
        money = Money(args.amount, args.currency)
        done = await billing.refund(charge.id, money, args.reason, permit)
        return _receipt(billing.vendor, done, charge)

    async def look_up(self, args: RefundArgs, action_id: ActionId, scope: Scope) -> Receipt | None:
        billing = scope.systems.billing
        done = await self._done(args, action_id, scope)
        if done is None:
            return None
        if done.status not in ("succeeded", "pending"):
            raise VendorUnsure(billing.vendor, f"the refund is there, but {done.status}")
        charge = await billing.charge(args.charge_id)
        if charge is None:
            raise VendorUnsure(billing.vendor, "the refunded payment cannot be read")
        return _receipt(billing.vendor, done, charge)

    async def undone(self, args: RefundArgs, action_id: ActionId, scope: Scope) -> str | None:
        done = await self._done(args, action_id, scope)
        if done is None or done.status in ("succeeded", "pending"):
            return None
        return "The bank did not take the refund, so the money did not reach you."

    async def _done(self, args: RefundArgs, action_id: ActionId, scope: Scope) -> Refund | None:
        """The refund of this action; VendorUnsure when one carries its id and is about something else."""
        billing = scope.systems.billing
        done = await billing.find_refund(args.charge_id, action_id)
        if done is not None and (done.amount, done.currency) != (args.amount, args.currency):
            raise VendorUnsure(billing.vendor, "a refund carries this action's id and another amount")
        return done


def _payment_lines(args: RefundArgs, facts: FactSet) -> tuple[Line, ...]:
    lines = []
    if order := facts.get("order.number"):
        lines.append(Line(label="Order", after=str(order)))
    amount, left = facts.get("charge.amount"), facts.get("charge.remaining")
    if isinstance(amount, int) and isinstance(left, int) and facts.get("charge.currency") == args.currency:
        lines.append(Line(label="Payment", after=str(Money(amount, args.currency))))
        lines.append(
            Line(
                label="Left on the payment",
                before=str(Money(left, args.currency)),
                after=str(Money(left - args.amount, args.currency)),
            )
        )
    lines.append(Line(label="Reason", after=_WHY[args.reason]))
    return tuple(lines)


def _receipt(vendor: str, done: Refund, charge: Charge) -> Receipt:
    money = Money(done.amount, done.currency)
    lines = (Line(label="Order", after=charge.order_number),) if charge.order_number else ()
    return Receipt(
        vendor=vendor,
        kind="refund",
        object=done.charge,
        reference=done.id,
        title=f"Refunded {money} to {charge.card or 'the card it was paid with'}",
        lines=lines,
        amount=done.amount,
        currency=done.currency,
        at=done.created_at,
    )
