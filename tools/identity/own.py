"""Whose account it is: the principal's own, read now from the identity provider."""

from tools.identity.port import Account
from tools.kit import Scope

_VENDORS = ("okta", "auth0")


async def own_account(scope: Scope) -> Account | None:
    """The principal's account by the id linked to them, else by their external id; never by e-mail."""
    if scope.who.assurance == "anonymous":
        return None
    identity = scope.systems.identity
    for vendor in (identity.vendor, *_VENDORS):
        linked = scope.who.links.get(vendor)
        if linked is not None:
            return await identity.account(linked)
    return await identity.find_account(scope.who.id)
