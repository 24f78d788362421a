"""Whose account it is: the principal's own, read now from the identity provider."""

from tools.identity.port import Account
from tools.kit import Scope

_VENDORS = ("okta", "auth0")


async def own_account(scope: Scope) -> Account | None:
    """The account that carries the principal's external id now; a linked id only says where to look."""
    if scope.who.assurance == "anonymous":
        return None
    identity = scope.systems.identity
    links = (scope.who.links.get(vendor) for vendor in (identity.vendor, *_VENDORS))
    linked = next((link for link in links if link is not None), None)
    if linked is None:
        return await identity.find_account(scope.who.id)
    account = await identity.account(linked)
    return account if account is not None and account.external_id == scope.who.id else None
