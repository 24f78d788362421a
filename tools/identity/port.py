"""What the identity provider can tell and do; Okta and Auth0 are its adapters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.actions import Permit
from core.frozen import Frozen
from core.ids import ActionId

AccountStatus = Literal[
    "active", "locked", "suspended", "password_expired", "pending", "deactivated", "other"
]


class Factor(Frozen):
    id: str
    kind: str
    """Such as "sms", "totp", "push", "email", "webauthn"."""


class Account(Frozen):
    vendor: str
    id: str
    external_id: str
    status: AccountStatus
    email: str
    admin: bool
    factors: tuple[Factor, ...]
    last_login_at: datetime | None = None


class Done(Frozen):
    """What the vendor's answer or log says was done, and when."""

    vendor: str
    reference: str
    at: datetime


IdentityWrite = Literal["reset_password", "unlock", "reset_factor", "revoke_sessions", "change_email"]


class Identity(Protocol):
    """One port, two vendors; ids are bare (no `auth0|` prefix outside the adapter)."""

    vendor: str

    async def find_account(self, external_id: str) -> Account | None: ...
    async def account(self, account: str) -> Account | None: ...
    async def contact_changed_at(self, account: str) -> datetime | None:
        """When the e-mail, phone or a factor was last changed, by the provider's own log; its creation if never;
        None when the log cannot date it."""

    async def send_password_reset(self, account: str, permit: Permit) -> Done:
        """The provider mails the contact on file; no link or token ever reaches us."""

    async def unlock(self, account: str, permit: Permit) -> Done: ...
    async def reset_factor(self, account: str, factor: str, permit: Permit) -> Done: ...
    async def revoke_sessions(self, account: str, permit: Permit) -> Done: ...
    async def change_email(self, account: str, email: str, permit: Permit) -> Done: ...
    async def find_done(
        self, account: str, what: IdentityWrite, since: datetime, action_id: ActionId
    ) -> Sequence[Done]:
        """Events of that kind on the account since `since`, from the provider's log or state."""

    async def warm_up(self) -> None:
        """Imports what takes seconds before the first customer waits for it."""
