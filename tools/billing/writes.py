"""Billing's writes, in one place for the toolset."""

from typing import Any

from tools.billing.account_writes import CreditBalance, ResendInvoice, SendPaymentLink
from tools.billing.refund import RefundCharge
from tools.billing.subscription_writes import SUBSCRIPTION_WRITES
from tools.kit import WriteTool

WRITES: tuple[WriteTool[Any], ...] = (
    RefundCharge(),
    *SUBSCRIPTION_WRITES,
    CreditBalance(),
    SendPaymentLink(),
    ResendInvoice(),
)
