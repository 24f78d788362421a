"""Two identity providers as one: for a deployment (or a demo) whose customers sign in with either."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.actions import Permit
from core.ids import ActionId
from tools.hooks import Feed, Hint
from tools.identity.auth0 import PREFIX
from tools.identity.port import Account, Done, Identity, IdentityWrite


class Provider(Identity, Protocol):
    """One identity provider, which can be closed."""

    async def close(self) -> None: ...


class Either:
    """Finds an account at the first or else at the second; afterwards the account's id says whose it is."""

    def __init__(self, primary: Provider, secondary: Provider) -> None:
        self._primary = primary
        self._secondary = secondary
        self.vendor = primary.vendor

    async def warm_up(self) -> None:
        """Imports both SDKs now rather than at the first call."""
        await asyncio.gather(self._primary.warm_up(), self._secondary.warm_up())

    async def close(self) -> None:
        """Closes both adapters."""
        await asyncio.gather(self._primary.close(), self._secondary.close())

    async def find_account(self, external_id: str) -> Account | None:
        found = await self._primary.find_account(external_id)
        return found if found is not None else await self._secondary.find_account(external_id)

    async def account(self, account: str) -> Account | None:
        return await self._of(account).account(account)

    async def contact_changed_at(self, account: str) -> datetime | None:
        return await self._of(account).contact_changed_at(account)

    async def send_password_reset(self, account: str, permit: Permit) -> Done:
        return await self._of(account).send_password_reset(account, permit)

    async def unlock(self, account: str, permit: Permit) -> Done:
        return await self._of(account).unlock(account, permit)

    async def reset_factor(self, account: str, factor: str, permit: Permit) -> Done:
        return await self._of(account).reset_factor(account, factor, permit)

    async def revoke_sessions(self, account: str, permit: Permit) -> Done:
        return await self._of(account).revoke_sessions(account, permit)

    async def change_email(self, account: str, email: str, permit: Permit) -> Done:
        return await self._of(account).change_email(account, email, permit)

    async def find_done(
        self, account: str, what: IdentityWrite, since: datetime, action_id: ActionId
    ) -> Sequence[Done]:
        return await self._of(account).find_done(account, what, since, action_id)

    async def changed_since(self, since: datetime) -> Sequence[Hint]:
        """What changed at the first; the second sends no hooks we read."""
        return await self._primary.changed_since(since) if isinstance(self._primary, Feed) else ()

    def _of(self, account: str) -> Identity:
        return self._secondary if account.startswith(PREFIX) else self._primary
