"""What of billing belongs to the principal, read now; somebody else's object is as if it were not there."""

from tools.billing.port import Charge, Invoice, Subscription
from tools.kit import Scope

LIVE = frozenset({"active", "trialing", "past_due", "unpaid", "paused"})


async def own_customer(scope: Scope) -> str | None:
    """The principal's id at the billing vendor: the linked one, else by external id; never by e-mail."""
    if scope.who.assurance == "anonymous":
        return None
    billing = scope.systems.billing
    linked = scope.who.links.get(billing.vendor)
    return linked if linked is not None else await billing.find_customer(scope.who.id)


async def own_charge(charge: str, scope: Scope) -> Charge | None:
    customer = await own_customer(scope)
    found = await scope.systems.billing.charge(charge) if customer is not None else None
    return found if found is not None and found.customer == customer else None


async def own_invoice(invoice: str, scope: Scope) -> Invoice | None:
    customer = await own_customer(scope)
    found = await scope.systems.billing.invoice(invoice) if customer is not None else None
    return found if found is not None and found.customer == customer else None


async def own_subscription(subscription: str, scope: Scope) -> Subscription | None:
    customer = await own_customer(scope)
    found = await scope.systems.billing.subscription(subscription) if customer is not None else None
    return found if found is not None and found.customer == customer else None


async def current_subscription(scope: Scope) -> Subscription | None:
    """The principal's running subscription, the newest if there are several; else the newest that ended."""
    customer = await own_customer(scope)
    if customer is None:
        return None
    found = await scope.systems.billing.subscriptions(customer)
    newest = sorted(found, key=lambda s: (s.status in LIVE, s.started_at), reverse=True)
    return newest[0] if newest else None
