"""What can be done on a customer's billing account: a credit, a link to change the card, an invoice sent again."""

from typing import Annotated

from pydantic import StringConstraints

from core.actions import Line, Permit, Preview, Receipt
from core.errors import VendorRefused
from core.facts import FactSet, read_facts
from core.ids import ActionId
from core.money import Money
from core.tool_spec import ToolSpec
from tools.billing.facts import (
    CREDIT_FACTS,
    INVOICE_FACTS,
    LINK_FACTS,
    credit_facts,
    mail_facts,
    whole_days,
)
from tools.billing.own import current_subscription, own_customer, own_invoice
from tools.billing.port import BalanceChange
from tools.billing.refund import Amount, Currency
from tools.crm.customer_facts import customer_facts
from tools.identity.contact import masked
from tools.kit import Args, InvoiceId, Scope, WriteTool
from tools.mail.port import Letter


class CreditArgs(Args):
    amount: Amount
    currency: Currency
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class NoArgs(Args):
    """No arguments: the link goes to the address on file."""


class InvoiceArgs(Args):
    invoice_id: InvoiceId


class CreditBalance(WriteTool[CreditArgs]):
    """Credits the customer's balance; the next invoice takes it off."""

    honours_key = True
    args = CreditArgs
    spec = ToolSpec(
        name="credit_balance",
        version=1,
        kind="write",
        family="billing",
        risk="high",
        description=(
            "Credits the customer's balance, in minor units of the currency they pay in. "
            "The next invoices take it off; no money is paid out."
        ),
        schema=CreditArgs.model_json_schema(),
        facts=CREDIT_FACTS,
        moves_money=True,
    )

    async def owned(self, args: CreditArgs, scope: Scope) -> bool:
        return await own_customer(scope) is not None

    async def facts(self, args: CreditArgs, scope: Scope) -> FactSet:
        return await credit_facts(args.amount, args.currency, scope) | await customer_facts(scope)

    def targets(self, args: CreditArgs) -> tuple[str, ...]:
        # It changes no object that has an id of its own; the limits per customer count it.
        return ()

    def money(self, args: CreditArgs) -> Money | None:
        return Money(args.amount, args.currency)

    def preview(self, args: CreditArgs, facts: FactSet) -> Preview:
        money = Money(args.amount, args.currency)
        return Preview(
            title=f"Credit {money} to the balance",
            lines=(Line(label="Amount", after=str(money)), Line(label="Reason", after=args.reason)),
            note="The next invoices take it off.",
        )

    async def execute(self, args: CreditArgs, permit: Permit, scope: Scope) -> Receipt:
        customer = await _customer(scope)
        done = await scope.systems.billing.credit(customer, Money(args.amount, args.currency), permit)
        return self._receipt(customer, done, scope)

    async def look_up(self, args: CreditArgs, action_id: ActionId, scope: Scope) -> Receipt | None:
        customer = await _customer(scope)
        changes = await scope.systems.billing.balance_changes(customer)
        done = next((change for change in changes if change.action_id == action_id), None)
        return None if done is None else self._receipt(customer, done, scope)

    def _receipt(self, customer: str, done: BalanceChange, scope: Scope) -> Receipt:
        return Receipt(
            vendor=scope.systems.billing.vendor,
            kind="credit",
            object=customer,
            reference=done.id,
            title=f"Credited {Money(done.amount, done.currency)} to your balance",
            amount=done.amount,
            currency=done.currency,
            at=done.created_at,
        )


class SendPaymentLink(WriteTool[NoArgs]):
    """Mails the customer a short-lived page to change the card; the address of it never reaches the model."""

    honours_key = True
    mark = "none"
    args = NoArgs
    spec = ToolSpec(
        name="send_payment_link",
        version=1,
        kind="write",
        family="billing",
        risk="low",
        description="Mails the customer, at the address billing has on file, a link to change their payment method.",
        schema=NoArgs.model_json_schema(),
        facts=LINK_FACTS,
    )

    async def owned(self, args: NoArgs, scope: Scope) -> bool:
        return await own_customer(scope) is not None

    async def facts(self, args: NoArgs, scope: Scope) -> FactSet:
        customer = await own_customer(scope)
        if customer is None:
            return FactSet()
        found = await current_subscription(scope)
        late = found is not None and found.status in ("past_due", "unpaid")
        billing = read_facts(scope.systems.billing.vendor, scope.now, subscription__past_due=late)
        return billing | await mail_facts(customer, scope) | await customer_facts(scope)

    def targets(self, args: NoArgs) -> tuple[str, ...]:
        return ()

    def preview(self, args: NoArgs, facts: FactSet) -> Preview:
        return Preview(
            title="Mail a link to change the payment method",
            lines=(Line(label="Goes to", after="the e-mail address on file"),),
            note="The link works for a short time and only for this account.",
        )

    async def execute(self, args: NoArgs, permit: Permit, scope: Scope) -> Receipt:
        customer = await _customer(scope)
        billing = scope.systems.billing
        email = await billing.customer_email(customer)
        if not email:
            raise VendorRefused(billing.vendor, "there is no e-mail address on file")
        link = await billing.payment_link(customer, permit)
        await scope.systems.mail.send(_letter(email, link, permit))
        return Receipt(
            vendor=billing.vendor,
            kind="portal_session",
            object=customer,
            reference=permit.action_id,
            title=f"Mailed a link to change the payment method to {masked(email)}",
            at=scope.now,
        )

    async def look_up(self, args: NoArgs, action_id: ActionId, scope: Scope) -> Receipt | None:
        # Neither a session nor a letter can be looked up. Under the same key Stripe gives the same session
        # and the letter keeps its Message-ID, so sending again adds nothing.
        return None


class ResendInvoice(WriteTool[InvoiceArgs]):
    """Has the vendor mail an invoice to the customer again."""

    honours_key = True
    mark = "none"
    args = InvoiceArgs
    spec = ToolSpec(
        name="resend_invoice",
        version=1,
        kind="write",
        family="billing",
        risk="low",
        description="Mails one of the customer's invoices (from list_invoices) to the address on file again.",
        schema=InvoiceArgs.model_json_schema(),
        facts=INVOICE_FACTS,
    )

    async def owned(self, args: InvoiceArgs, scope: Scope) -> bool:
        return await own_invoice(args.invoice_id, scope) is not None

    async def facts(self, args: InvoiceArgs, scope: Scope) -> FactSet:
        found = await own_invoice(args.invoice_id, scope)
        if found is None:
            return FactSet()
        invoice = read_facts(
            scope.systems.billing.vendor,
            scope.now,
            invoice__number=found.number,
            invoice__status=found.status,
            invoice__total=found.total,
            invoice__currency=found.currency,
            invoice__age_days=whole_days(found.created_at, scope.now),
        )
        return invoice | await mail_facts(found.customer, scope) | await customer_facts(scope)

    def targets(self, args: InvoiceArgs) -> tuple[str, ...]:
        return (f"invoice:{args.invoice_id}",)

    def preview(self, args: InvoiceArgs, facts: FactSet) -> Preview:
        number = facts.get("invoice.number") or args.invoice_id
        total, currency = facts.get("invoice.total"), facts.get("invoice.currency")
        lines = [Line(label="Goes to", after="the e-mail address on file")]
        if isinstance(total, int) and isinstance(currency, str):
            lines.insert(0, Line(label="Total", after=str(Money(total, currency))))
        return Preview(title=f"Send invoice {number} again", lines=tuple(lines))

    async def execute(self, args: InvoiceArgs, permit: Permit, scope: Scope) -> Receipt:
        billing = scope.systems.billing
        found = await own_invoice(args.invoice_id, scope)
        if found is None:
            raise VendorRefused(billing.vendor, "no such invoice")
        sent = await billing.send_invoice(found.id, permit)
        return Receipt(
            vendor=billing.vendor,
            kind="invoice_send",
            object=found.id,
            reference=sent.id,
            title=f"Sent invoice {found.number} again",
            at=sent.at,
        )

    async def look_up(self, args: InvoiceArgs, action_id: ActionId, scope: Scope) -> Receipt | None:
        # An invoice keeps no record of being mailed; under the same key Stripe sends it once.
        return None


async def _customer(scope: Scope) -> str:
    customer = await own_customer(scope)
    if customer is None:
        raise VendorRefused(scope.systems.billing.vendor, "no such customer")
    return customer


def _letter(to: str, link: str, permit: Permit) -> Letter:
    return Letter(
        to=to,
        subject="Change your payment method",
        text=(
            "Hello,\n\nas asked in our support chat, here is a page where you can change your payment method:\n\n"
            f"{link}\n\nIt works for a short time. If you did not ask for it, you need not do anything.\n"
        ),
        key=f"{permit.action_id}-payment-link",
    )
