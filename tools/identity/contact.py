"""The contact an account has on file: where codes and notices go, and since when it is there."""

import re
from datetime import datetime

from core.frozen import Frozen
from tools.identity.own import own_account
from tools.kit import Scope

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")


class ContactOnFile(Frozen):
    """The e-mail the identity provider holds; `since` is dated by its log, None when that cannot tell."""

    email: str
    since: datetime | None


async def contact_on_file(scope: Scope) -> ContactOnFile | None:
    """The principal's own contact, read now; None without an account or an e-mail on it."""
    account = await own_account(scope)
    if account is None or not is_email(account.email):
        return None
    since = await scope.systems.identity.contact_changed_at(account.id)
    return ContactOnFile(email=account.email, since=since)


def is_email(text: str) -> bool:
    """True for one plain address that a provider would take: no display name, no space, at most 100 characters."""
    return len(text) <= 100 and ".." not in text and bool(_EMAIL.fullmatch(text))


def masked(email: str) -> str:
    """`d•••@example.com`: enough for its owner to recognise it."""
    name, at, host = email.rpartition("@")
    return f"{name[:1]}•••{at}{host}" if at else "•••"
