"""The systems of record a tool may reach, each behind its port."""

from dataclasses import dataclass

from tools.billing.port import Billing
from tools.crm.port import Crm
from tools.desk.port import Desk
from tools.identity.port import Identity
from tools.knowledge.port import Knowledge
from tools.mail.port import Mail
from tools.orders.port import Orders
from tools.slack.port import Slack
from tools.webhooks.port import Hooks


@dataclass(frozen=True, slots=True)
class Systems:
    """One adapter per family; the same classes in the sandbox and in production."""

    billing: Billing
    identity: Identity
    crm: Crm
    orders: Orders
    desk: Desk
    mail: Mail
    knowledge: Knowledge
    slack: Slack | None = None
    hooks: Hooks | None = None
