"""What the identity provider says about an account, as facts for the rules."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.facts import FactSet, FactType, read_facts
from tools.crm.customer_facts import CUSTOMER_FACTS, customer_facts
from tools.identity.contact import is_email, masked
from tools.identity.port import Account
from tools.kit import Scope

ACCOUNT_FACTS: Mapping[str, FactType] = {
    "account.status": "string",
    "account.active": "bool",
    "account.locked": "bool",
    "account.admin": "bool",
    "account.factors": "int",
    "account.contact_dated": "bool",
    "account.contact_age_hours": "int",
    "account.contact_since": "timestamp",
    "account.email_masked": "string",
    **CUSTOMER_FACTS,
}
FACTOR_FACTS: Mapping[str, FactType] = {**ACCOUNT_FACTS, "factor.kind": "string"}
EMAIL_FACTS: Mapping[str, FactType] = {
    **ACCOUNT_FACTS,
    "email.well_formed": "bool",
    "email.same_as_current": "bool",
}


async def account_facts(account: Account, scope: Scope) -> FactSet:
    """The account as its provider has it now, when its contact last changed, and who the customer is to us."""
    since = await scope.systems.identity.contact_changed_at(account.id)
    told = read_facts(
        account.vendor,
        scope.now,
        account__status=account.status,
        account__active=account.status == "active",
        account__locked=account.status == "locked",
        account__admin=account.admin,
        account__factors=len(account.factors),
        account__contact_dated=since is not None,
        account__contact_age_hours=None if since is None else _hours(since, scope.now),
        account__contact_since=since,
        account__email_masked=masked(account.email),
    )
    return told | await customer_facts(scope)


def email_facts(account: Account, email: str, scope: Scope) -> FactSet:
    """What the new address is beside the one on file."""
    return read_facts(
        account.vendor,
        scope.now,
        email__well_formed=is_email(email),
        email__same_as_current=email.casefold() == account.email.casefold(),
    )


def _hours(since: datetime, now: datetime) -> int:
    """Whole hours, rounded down; a time that has not come yet counts as just now."""
    return max(0, (now - since) // timedelta(hours=1))
