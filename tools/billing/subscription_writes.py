"""What can be done to a subscription: cancel it, keep it after all, change its plan."""

from abc import abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar

from core.actions import Line, Permit, Preview, Receipt
from core.days import day
from core.errors import VendorRefused, VendorUnsure
from core.facts import FactSet, read_facts
from core.ids import ActionId
from core.money import Money
from core.tool_spec import ToolSpec
from tools.billing.facts import (
    CANCEL_FACTS,
    CHANGE_FACTS,
    SUBSCRIPTION_FACTS,
    change_facts,
    subscription_facts,
)
from tools.billing.own import own_subscription
from tools.billing.port import Subscription
from tools.crm.customer_facts import customer_facts
from tools.kit import Args, PriceId, Scope, SubscriptionId, WriteTool


class OfSubscription(Args):
    subscription_id: SubscriptionId


class CancelArgs(OfSubscription):
    when: Literal["period_end", "now"]


class ChangeArgs(OfSubscription):
    price_id: PriceId


S = TypeVar("S", bound=OfSubscription)


class SubscriptionWrite(WriteTool[S]):
    """What the writes share: whose subscription it is, what is known of it, and our mark on it afterwards."""

    honours_key = True
    mark = "latest"
    effect: ClassVar[str]

    async def owned(self, args: S, scope: Scope) -> bool:
        return await own_subscription(args.subscription_id, scope) is not None

    async def facts(self, args: S, scope: Scope) -> FactSet:
        found = await own_subscription(args.subscription_id, scope)
        if found is None:
            return FactSet()
        own = await self._more_facts(args, found, scope)
        return subscription_facts(found, scope) | own | await customer_facts(scope)

    def targets(self, args: S) -> tuple[str, ...]:
        return (f"subscription:{args.subscription_id}",)

    async def execute(self, args: S, permit: Permit, scope: Scope) -> Receipt:
        found = await own_subscription(args.subscription_id, scope)
        if found is None:
            raise VendorRefused(scope.systems.billing.vendor, "no such subscription")
        done = await self._do(args, found, permit, scope)
        return self._receipt(args, done, permit.action_id, scope)

    async def look_up(self, args: S, action_id: ActionId, scope: Scope) -> Receipt | None:
        billing = scope.systems.billing
        found = await billing.subscription(args.subscription_id)
        if found is None:
            raise VendorUnsure(billing.vendor, "the subscription cannot be read")
        if found.last_action_id != action_id:
            return None
        if not self._is_done(args, found):
            raise VendorUnsure(
                billing.vendor, "the subscription carries this action's id, but looks otherwise"
            )
        return self._receipt(args, found, action_id, scope)

    def _receipt(self, args: S, done: Subscription, action_id: str, scope: Scope) -> Receipt:
        return Receipt(
            vendor=scope.systems.billing.vendor,
            kind=self.effect,
            object=done.id,
            reference=action_id,
            title=self._title(args, done),
            lines=(Line(label="Plan", after=_plan(done)),),
            at=scope.now,
        )

    async def _more_facts(self, args: S, found: Subscription, scope: Scope) -> FactSet:
        return FactSet()

    @abstractmethod
    async def _do(self, args: S, found: Subscription, permit: Permit, scope: Scope) -> Subscription:
        """The call at the vendor."""

    @abstractmethod
    def _is_done(self, args: S, found: Subscription) -> bool:
        """Whether the subscription looks as it must after this."""

    @abstractmethod
    def _title(self, args: S, done: Subscription) -> str:
        """What happened, in a sentence."""


class CancelSubscription(SubscriptionWrite[CancelArgs]):
    """Ends the subscription now, or lets it run out."""

    args = CancelArgs
    effect = "subscription_cancel"
    spec = ToolSpec(
        name="cancel_subscription",
        version=1,
        kind="write",
        family="billing",
        risk="medium",
        description=(
            "Cancels the customer's subscription (from get_subscription): at the end of the paid period, "
            "or now, which ends access at once and gives no money back."
        ),
        schema=CancelArgs.model_json_schema(),
        facts=CANCEL_FACTS,
    )

    def preview(self, args: CancelArgs, facts: FactSet) -> Preview:
        now = args.when == "now"
        ends = f"today (would have renewed on {_day(facts)})" if now else _day(facts)
        return Preview(
            title=f"Cancel the {_named(facts)} now"
            if now
            else f"Cancel the {_named(facts)} on {_day(facts)}",
            lines=(Line(label="Ends", after=ends),),
            note=(
                "Access ends at once; what was paid for the rest of the period is not paid back."
                if now
                else "Everything works until then; nothing more is charged."
            ),
        )

    async def _more_facts(self, args: CancelArgs, found: Subscription, scope: Scope) -> FactSet:
        return read_facts("request", scope.now, cancel__now=args.when == "now")

    async def _do(self, args: CancelArgs, found: Subscription, permit: Permit, scope: Scope) -> Subscription:
        return await scope.systems.billing.cancel(found.id, when=args.when, permit=permit)

    def _is_done(self, args: CancelArgs, found: Subscription) -> bool:
        ended = found.status == "canceled"
        return ended if args.when == "now" else ended or found.cancel_at_period_end

    def _title(self, args: CancelArgs, done: Subscription) -> str:
        if args.when == "now":
            return f"Cancelled the {done.plan.name} plan"
        return f"Cancelled the {done.plan.name} plan; it runs until {day(done.period_end)}"


class ResumeSubscription(SubscriptionWrite[OfSubscription]):
    """Takes back a cancellation that has not come into force."""

    args = OfSubscription
    effect = "subscription_resume"
    spec = ToolSpec(
        name="resume_subscription",
        version=1,
        kind="write",
        family="billing",
        risk="low",
        description="Keeps a subscription that was cancelled for the end of its period: it renews again.",
        schema=OfSubscription.model_json_schema(),
        facts=SUBSCRIPTION_FACTS,
    )

    def preview(self, args: OfSubscription, facts: FactSet) -> Preview:
        return Preview(
            title=f"Keep the {_named(facts)}",
            lines=(Line(label=f"On {_day(facts)}", before="ends", after=f"renews at {_price(facts)}"),),
        )

    async def _do(
        self, args: OfSubscription, found: Subscription, permit: Permit, scope: Scope
    ) -> Subscription:
        return await scope.systems.billing.resume(found.id, permit)

    def _is_done(self, args: OfSubscription, found: Subscription) -> bool:
        return not found.cancel_at_period_end and found.status != "canceled"

    def _title(self, args: OfSubscription, done: Subscription) -> str:
        return f"The {done.plan.name} plan goes on; it renews on {day(done.period_end)}"


class ChangePlan(SubscriptionWrite[ChangeArgs]):
    """Moves the subscription to another price now, settling the difference at once."""

    args = ChangeArgs
    effect = "plan_change"
    spec = ToolSpec(
        name="change_plan",
        version=1,
        kind="write",
        family="billing",
        risk="medium",
        description=(
            "Changes the customer's subscription to another plan (a price from list_plans). The difference for "
            "the rest of the period is charged or credited at once; preview_plan_change says how much."
        ),
        schema=ChangeArgs.model_json_schema(),
        facts=CHANGE_FACTS,
        moves_money=True,
    )

    async def owned(self, args: ChangeArgs, scope: Scope) -> bool:
        if not await super().owned(args, scope):
            return False
        return args.price_id in {plan.price for plan in await scope.systems.billing.plans()}

    def preview(self, args: ChangeArgs, facts: FactSet) -> Preview:
        new = facts.get("plan.name") or "another plan"
        lines = [Line(label="Plan", before=_named(facts), after=str(new))]
        amount, due, currency = (
            facts.get("plan.new_amount"),
            facts.get("plan.due_now"),
            facts.get("subscription.currency"),
        )
        if isinstance(amount, int) and isinstance(currency, str):
            after = f"{Money(amount, currency)} per {facts.get('plan.interval')}"
            lines.append(Line(label="Price", before=_price(facts), after=after))
        if isinstance(due, int) and isinstance(currency, str):
            word = "Due now" if due >= 0 else "Credited now"
            lines.append(Line(label=word, after=f"about {Money(abs(due), currency)}"))
        return Preview(title=f"Change the plan to {new}", lines=tuple(lines))

    async def _more_facts(self, args: ChangeArgs, found: Subscription, scope: Scope) -> FactSet:
        return await change_facts(found, args.price_id, scope)

    async def _do(self, args: ChangeArgs, found: Subscription, permit: Permit, scope: Scope) -> Subscription:
        return await scope.systems.billing.change_plan(found, args.price_id, permit)

    def _is_done(self, args: ChangeArgs, found: Subscription) -> bool:
        return found.plan.price == args.price_id

    def _title(self, args: ChangeArgs, done: Subscription) -> str:
        return f"Changed the plan to {_plan(done)}"


def _plan(found: Subscription) -> str:
    return f"{found.plan.name}, {Money(found.plan.amount, found.plan.currency)} per {found.plan.interval}"


def _named(facts: FactSet) -> str:
    plan = facts.get("subscription.plan")
    return f"{plan} plan" if plan else "subscription"


def _price(facts: FactSet) -> str:
    amount, currency = facts.get("subscription.amount"), facts.get("subscription.currency")
    if not isinstance(amount, int) or not isinstance(currency, str):
        return "the present price"
    return f"{Money(amount, currency)} per {facts.get('subscription.interval')}"


def _day(facts: FactSet) -> str:
    ends = facts.get("subscription.period_end")
    return day(ends) if isinstance(ends, datetime) else "the end of the period"


SUBSCRIPTION_WRITES: tuple[WriteTool[Any], ...] = (CancelSubscription(), ResumeSubscription(), ChangePlan())
