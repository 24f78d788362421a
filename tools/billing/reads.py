"""What the agent may look up about money: the principal's own payments, invoices, plan, and what plans cost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from core.days import day_of
from core.errors import ToolFailed, VendorRefused
from core.money import Money
from core.tool_spec import ToolSpec
from tools.billing.duplicates import duplicate_of
from tools.billing.own import current_subscription, own_customer, own_subscription
from tools.billing.port import Charge, Invoice, Plan, Subscription
from tools.kit import Args, Card, ChargeId, InvoiceId, PriceId, ReadTool, Result, Scope, SubscriptionId

# One sentence for what does not exist and what is somebody else's.
NO_CHARGE = "I see no such payment on your account."
NO_SUBSCRIPTION = "I see no subscription on your account."
NO_PRICE = "No such plan is on offer."
# More rows than this help nobody; older ones are for a person to look through.
_MOST = 50
# Stripe's words are a bookkeeper's.
INVOICE_STATUS = {"open": "not paid yet", "void": "cancelled", "uncollectible": "not paid"}
ChargeStatus = Literal["paid", "refunded", "partly_refunded", "disputed", "failed"]


class FindCharges(Args):
    """No arguments: they are always the principal's own."""


class GetCharge(Args):
    charge_id: ChargeId


class ListInvoices(Args):
    """No arguments: they are always the principal's own."""


class GetSubscription(Args):
    """No arguments: it is always the principal's own."""


class ListPlans(Args):
    """No arguments: everybody may know what plans cost."""


class PreviewPlanChange(Args):
    subscription_id: SubscriptionId
    price_id: PriceId


class ChargeRow(Result):
    id: ChargeId
    amount: int
    currency: str
    money: str
    created_at: str
    card: str
    description: str
    status: ChargeStatus
    order_number: str | None
    duplicate_of: ChargeId | None
    refundable: int


class Charges(Result):
    charges: tuple[ChargeRow, ...]


class InvoiceRow(Result):
    id: InvoiceId
    number: str
    status: str
    total: int
    currency: str
    money: str
    created_at: str


class Invoices(Result):
    invoices: tuple[InvoiceRow, ...]


class SubscriptionRow(Result):
    id: SubscriptionId
    plan: str
    price: PriceId
    amount: int
    currency: str
    money: str
    interval: Literal["month", "year"]
    status: str
    cancel_at_period_end: bool
    period_end: str


class PlanRow(Result):
    price: PriceId
    name: str
    amount: int
    currency: str
    money: str
    interval: Literal["month", "year"]


class Plans(Result):
    plans: tuple[PlanRow, ...]


class PlanChange(Result):
    due_now: int
    next_amount: int
    currency: str
    due_now_money: str
    next_money: str


def said(at: datetime) -> str:
    """A time as rows show it: ISO 8601, to the minute, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def status_of(charge: Charge) -> ChargeStatus:
    if not charge.paid:
        return "failed"
    if charge.disputed:
        return "disputed"
    if charge.amount_refunded == 0:
        return "paid"
    return "refunded" if charge.amount_refunded >= charge.amount else "partly_refunded"


def refundable(charge: Charge) -> int:
    """What could still be given back: nothing of a payment that failed or that the bank is asked about."""
    return max(charge.remaining, 0) if charge.paid and not charge.disputed else 0


def _charge_row(charge: Charge, charges: Sequence[Charge]) -> ChargeRow:
    twin = duplicate_of(charge, charges)
    return ChargeRow(
        id=charge.id,
        amount=charge.amount,
        currency=charge.currency,
        money=str(Money(charge.amount, charge.currency)),
        created_at=said(charge.created_at),
        card=charge.card,
        description=charge.description,
        status=status_of(charge),
        order_number=charge.order_number,
        duplicate_of=twin.id if twin else None,
        refundable=refundable(charge),
    )


async def _find_charges(args: FindCharges, scope: Scope) -> Charges:
    charges = await own_charges(scope)
    newest = sorted(charges, key=lambda charge: charge.created_at, reverse=True)[:_MOST]
    return Charges(charges=tuple(_charge_row(charge, charges) for charge in newest))


async def own_charges(scope: Scope) -> Sequence[Charge]:
    """All the principal's charges; none for somebody billing does not know."""
    customer = await own_customer(scope)
    if customer is None:
        return ()
    charges = await scope.systems.billing.charges(customer)
    return [charge for charge in charges if charge.customer == customer]


async def _get_charge(args: GetCharge, scope: Scope) -> ChargeRow:
    charges = await own_charges(scope)
    found = next((charge for charge in charges if charge.id == args.charge_id), None)
    if found is None:
        raise ToolFailed(NO_CHARGE)
    return _charge_row(found, charges)


async def _list_invoices(args: ListInvoices, scope: Scope) -> Invoices:
    customer = await own_customer(scope)
    invoices = await scope.systems.billing.invoices(customer) if customer is not None else ()
    own = sorted((i for i in invoices if i.customer == customer), key=lambda i: i.created_at, reverse=True)
    # A draft is not for the customer's eyes yet.
    return Invoices(invoices=tuple(_invoice_row(i) for i in own if i.status != "draft")[:_MOST])


def _invoice_row(invoice: Invoice) -> InvoiceRow:
    return InvoiceRow(
        id=invoice.id,
        number=invoice.number,
        status=invoice.status,
        total=invoice.total,
        currency=invoice.currency,
        money=str(Money(invoice.total, invoice.currency)),
        created_at=said(invoice.created_at),
    )


async def _get_subscription(args: GetSubscription, scope: Scope) -> SubscriptionRow:
    found = await current_subscription(scope)
    if found is None:
        raise ToolFailed(NO_SUBSCRIPTION)
    return _subscription_row(found)


def _subscription_row(found: Subscription) -> SubscriptionRow:
    plan = found.plan
    return SubscriptionRow(
        id=found.id,
        plan=plan.name,
        price=plan.price,
        amount=plan.amount,
        currency=plan.currency,
        money=str(Money(plan.amount, plan.currency)),
        interval=plan.interval,
        status=found.status,
        cancel_at_period_end=found.cancel_at_period_end,
        period_end=found.period_end.strftime("%Y-%m-%d"),
    )


async def _list_plans(args: ListPlans, scope: Scope) -> Plans:
    return Plans(plans=tuple(_plan_row(plan) for plan in await scope.systems.billing.plans()))


def _plan_row(plan: Plan) -> PlanRow:
    return PlanRow(
        price=plan.price,
        name=plan.name,
        amount=plan.amount,
        currency=plan.currency,
        money=str(Money(plan.amount, plan.currency)),
        interval=plan.interval,
    )


async def _preview_plan_change(args: PreviewPlanChange, scope: Scope) -> PlanChange:
    found = await own_subscription(args.subscription_id, scope)
    if found is None:
        raise ToolFailed(NO_SUBSCRIPTION)
    if args.price_id not in {plan.price for plan in await scope.systems.billing.plans()}:
        raise ToolFailed(NO_PRICE)
    try:
        preview = await scope.systems.billing.preview_change(found, args.price_id)
    except VendorRefused:
        raise ToolFailed("This subscription cannot be changed to that plan.") from None
    return PlanChange(
        due_now=preview.due_now,
        next_amount=preview.next_amount,
        currency=preview.currency,
        due_now_money=str(Money(preview.due_now, preview.currency)),
        next_money=str(Money(preview.next_amount, preview.currency)),
    )


def _charges_card(result: Any) -> Card | None:
    rows = tuple(
        (row.money, day_of(row.created_at), row.card, row.status.replace("_", " "))
        for row in result.charges[:5]
    )
    return Card(title="Your payments", rows=rows) if rows else None


def _charge_card(result: Any) -> Card:
    row = (result.money, day_of(result.created_at), result.card, result.status.replace("_", " "))
    return Card(title="Your payment", rows=(row,))


def _invoices_card(result: Any) -> Card | None:
    rows = tuple(
        (row.number, day_of(row.created_at), row.money, INVOICE_STATUS.get(row.status, row.status))
        for row in result.invoices[:5]
    )
    return Card(title="Your invoices", rows=rows) if rows else None


def _subscription_card(result: Any) -> Card:
    word = "Ends on" if result.cancel_at_period_end else "Renews on"
    rows: tuple[tuple[str, ...], ...] = (
        ("Plan", result.plan),
        ("Price", f"{result.money} per {result.interval}"),
        ("Status", result.status.replace("_", " ")),
        (word, day_of(result.period_end)),
    )
    return Card(title="Your subscription", rows=rows)


def _plans_card(result: Any) -> Card:
    rows = tuple((row.name, f"{row.money} per {row.interval}") for row in result.plans)
    return Card(title="Plans", rows=rows)


def _change_card(result: Any) -> Card:
    rows = (("Due now", result.due_now_money), ("From the next period on", result.next_money))
    return Card(title="What the change costs", rows=rows)


A = TypeVar("A", bound=Args)


def _read(name: str, args: type[A], run: Any, description: str, looking: str, card: Any) -> ReadTool[A]:
    spec = ToolSpec(
        name=name,
        version=1,
        kind="read",
        family="billing",
        risk="none",
        description=description,
        schema=args.model_json_schema(),
    )
    return ReadTool(spec=spec, args=args, run=run, looking=looking, card=card)


READS: tuple[ReadTool[Any], ...] = (
    _read(
        "find_charges",
        FindCharges,
        _find_charges,
        "Lists the customer's own payments, newest first: amount, card, order number, what can still be "
        "refunded, and which earlier payment one repeats.",
        "Looking at your payments",
        _charges_card,
    ),
    _read(
        "get_charge",
        GetCharge,
        _get_charge,
        "Looks up one of the customer's own payments.",
        "Looking at your payment",
        _charge_card,
    ),
    _read(
        "list_invoices",
        ListInvoices,
        _list_invoices,
        "Lists the customer's own invoices, newest first.",
        "Looking at your invoices",
        _invoices_card,
    ),
    _read(
        "get_subscription",
        GetSubscription,
        _get_subscription,
        "Looks up the customer's own subscription: plan, price, status, and when its period ends.",
        "Looking at your subscription",
        _subscription_card,
    ),
    _read(
        "list_plans",
        ListPlans,
        _list_plans,
        "Lists the plans on offer with their prices.",
        "Looking at the plans",
        _plans_card,
    ),
    _read(
        "preview_plan_change",
        PreviewPlanChange,
        _preview_plan_change,
        "Works out what changing the subscription to another plan costs now and from the next period on. "
        "Changes nothing.",
        "Working out what the change costs",
        _change_card,
    ),
)
