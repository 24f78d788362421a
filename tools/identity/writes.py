"""What can be done to a sign-in account: reset, unlock, drop a factor, sign out everywhere, change its e-mail."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from core.actions import Line, Permit, Preview, Receipt
from core.days import day
from core.errors import VendorDown, VendorError, VendorRefused, VendorUnsure
from core.facts import FactSet, FactType, read_facts
from core.ids import ActionId
from core.tool_spec import Risk, ToolSpec
from tools.identity.carried import before_write
from tools.identity.contact import is_email, masked
from tools.identity.facts import ACCOUNT_FACTS, EMAIL_FACTS, FACTOR_FACTS, account_facts, email_facts
from tools.identity.own import own_account
from tools.identity.port import Account, Done, IdentityWrite
from tools.identity.reads import FACTORS
from tools.kit import AccountId, Args, FactorId, Scope, WriteTool
from tools.mail.port import Letter

# An action expires long before this, so an event of its own cannot be older.
_LOOK_BACK = timedelta(days=3)


class OfAccount(Args):
    account_id: AccountId


class OfFactor(OfAccount):
    factor_id: FactorId


class NewEmail(OfAccount):
    new_email: str = Field(min_length=3, max_length=254)


def _spec(
    name: str,
    args: type[Args],
    risk: Risk,
    description: str,
    facts: Mapping[str, FactType] = ACCOUNT_FACTS,
) -> ToolSpec:
    return ToolSpec(
        name=name,
        version=1,
        kind="write",
        family="identity",
        risk=risk,
        description=description,
        schema=args.model_json_schema(),
        facts=facts,
    )


A = TypeVar("A", bound=OfAccount)


class AccountWrite(WriteTool[A]):
    """What the writes share: whose account it is, what is known of it, and the evidence in the provider's log."""

    what: ClassVar[IdentityWrite]
    effect: ClassVar[str]
    done_title: ClassVar[str]

    async def owned(self, args: A, scope: Scope) -> bool:
        return await self._own(args, scope) is not None

    async def facts(self, args: A, scope: Scope) -> FactSet:
        account = await self._own(args, scope)
        return FactSet() if account is None else await account_facts(account, scope)

    def targets(self, args: A) -> tuple[str, ...]:
        return (f"account:{args.account_id}",)

    async def execute(self, args: A, permit: Permit, scope: Scope) -> Receipt:
        account = await before_write(scope.systems.identity.vendor, self._own(args, scope))
        if account is None:
            raise VendorRefused(scope.systems.identity.vendor, "the account is not there any more")
        return self._receipt(args, account, await self._do(args, account, permit, scope))

    async def look_up(self, args: A, action_id: ActionId, scope: Scope) -> Receipt | None:
        identity = scope.systems.identity
        found = await identity.find_done(args.account_id, self.what, scope.now - _LOOK_BACK, action_id)
        account = await identity.account(args.account_id)
        if found:
            return self._receipt(args, account, found[0])
        # The log lags behind; what the account shows may have been ours all the same.
        if account is None or self._may_be_done(args, account):
            raise VendorUnsure(identity.vendor, f"{self.what}: the account shows it, the log does not")
        return None

    async def _own(self, args: A, scope: Scope) -> Account | None:
        """The principal's account when it is the one named; one of somebody else is as if it were not."""
        account = await own_account(scope)
        return account if account is not None and account.id == args.account_id else None

    def _receipt(self, args: A, account: Account | None, done: Done) -> Receipt:
        return Receipt(
            vendor=done.vendor,
            kind=self.effect,
            object=args.account_id,
            reference=done.reference,
            title=self.done_title,
            lines=() if account is None else self._lines(args, account),
            at=done.at,
        )

    def _lines(self, args: A, account: Account) -> tuple[Line, ...]:
        """What the receipt shows beside its title."""
        return (Line(label="Account", after=masked(account.email)),)

    @abstractmethod
    async def _do(self, args: A, account: Account, permit: Permit, scope: Scope) -> Done:
        """The call at the provider."""

    @abstractmethod
    def _may_be_done(self, args: A, account: Account) -> bool:
        """Whether the account looks as if this had happened."""


class SendPasswordReset(AccountWrite[OfAccount]):
    """The provider mails a reset link to the e-mail on file."""

    spec = _spec(
        "send_password_reset",
        OfAccount,
        "medium",
        "Has the identity provider mail a password reset link to the e-mail on file.",
    )
    args = OfAccount
    what: ClassVar[IdentityWrite] = "reset_password"
    effect = "password_reset"
    done_title = "Password reset e-mail sent"

    def preview(self, args: OfAccount, facts: FactSet) -> Preview:
        since = facts.get("account.contact_since")
        lines = [Line(label="Goes to", after=_on_file(facts))]
        lines += [Line(label="On file since", after=day(since))] if isinstance(since, datetime) else []
        return Preview(
            title=f"Mail a password reset link to {_on_file(facts)}",
            lines=tuple(lines),
            note="The link goes only to the address on file; we never see it.",
        )

    def _lines(self, args: OfAccount, account: Account) -> tuple[Line, ...]:
        return (Line(label="Sent to", after=masked(account.email)),)

    async def _do(self, args: OfAccount, account: Account, permit: Permit, scope: Scope) -> Done:
        if not account.email:
            raise VendorRefused(account.vendor, "the account has no e-mail to send a reset to")
        return await scope.systems.identity.send_password_reset(account.id, permit)

    def _may_be_done(self, args: OfAccount, account: Account) -> bool:
        return account.status == "password_expired"


class UnlockAccount(AccountWrite[OfAccount]):
    """Lifts the lock after too many wrong passwords."""

    spec = _spec(
        "unlock_account",
        OfAccount,
        "medium",
        "Unlocks an account that was locked after too many wrong passwords.",
    )
    args = OfAccount
    what: ClassVar[IdentityWrite] = "unlock"
    effect = "unlock"
    done_title = "Account unlocked"

    def preview(self, args: OfAccount, facts: FactSet) -> Preview:
        status = Line(label="Status", before="locked", after="active")
        return Preview(
            title=f"Unlock the account of {_on_file(facts)}",
            lines=(status,),
            note="The password stays as it is.",
        )

    async def _do(self, args: OfAccount, account: Account, permit: Permit, scope: Scope) -> Done:
        return await scope.systems.identity.unlock(account.id, permit)

    def _may_be_done(self, args: OfAccount, account: Account) -> bool:
        return account.status != "locked"


class ResetFactor(AccountWrite[OfFactor]):
    """Removes one second factor so that it can be set up anew."""

    spec = _spec(
        "reset_factor",
        OfFactor,
        "high",
        "Removes one second factor (from get_account) so that the customer can set it up anew.",
        FACTOR_FACTS,
    )
    args = OfFactor
    what: ClassVar[IdentityWrite] = "reset_factor"
    effect = "factor_reset"
    done_title = "Second factor removed"

    async def owned(self, args: OfFactor, scope: Scope) -> bool:
        account = await self._own(args, scope)
        return account is not None and _factor(account, args) is not None

    async def facts(self, args: OfFactor, scope: Scope) -> FactSet:
        account = await self._own(args, scope)
        kind = None if account is None else _factor(account, args)
        if account is None or kind is None:
            return FactSet()
        told = read_facts(account.vendor, scope.now, factor__kind=kind)
        return await account_facts(account, scope) | told

    def targets(self, args: OfFactor) -> tuple[str, ...]:
        return (f"account:{args.account_id}", f"factor:{args.factor_id}")

    def preview(self, args: OfFactor, facts: FactSet) -> Preview:
        kind = str(facts.get("factor.kind") or "")
        name = FACTORS.get(kind, kind) or args.factor_id
        return Preview(
            title=f"Remove the {name} from the account of {_on_file(facts)}",
            lines=(Line(label="Second factor", before=name, after="removed"),),
            note="It can be set up again at the next sign-in.",
        )

    async def _do(self, args: OfFactor, account: Account, permit: Permit, scope: Scope) -> Done:
        return await scope.systems.identity.reset_factor(account.id, args.factor_id, permit)

    def _may_be_done(self, args: OfFactor, account: Account) -> bool:
        return _factor(account, args) is None


class RevokeSessions(AccountWrite[OfAccount]):
    """Signs the account out on every device."""

    spec = _spec("revoke_sessions", OfAccount, "low", "Signs the account out on every device.")
    args = OfAccount
    what: ClassVar[IdentityWrite] = "revoke_sessions"
    effect = "sessions_revoked"
    done_title = "Signed out on every device"

    def preview(self, args: OfAccount, facts: FactSet) -> Preview:
        return Preview(
            title=f"Sign {_on_file(facts)} out on every device",
            lines=(Line(label="Sessions", after="all ended"),),
            note="The next sign-in asks for the password again.",
        )

    async def _do(self, args: OfAccount, account: Account, permit: Permit, scope: Scope) -> Done:
        return await scope.systems.identity.revoke_sessions(account.id, permit)

    def _may_be_done(self, args: OfAccount, account: Account) -> bool:
        # Sessions leave no trace on the account, and ending them twice harms nobody.
        return False


class ChangeEmail(AccountWrite[NewEmail]):
    """Changes the sign-in e-mail; the old address hears of it first."""

    spec = _spec(
        "change_email",
        NewEmail,
        "high",
        "Changes the sign-in e-mail of the account; the old address is told first.",
        EMAIL_FACTS,
    )
    args = NewEmail
    what: ClassVar[IdentityWrite] = "change_email"
    effect = "email_change"
    done_title = "Sign-in e-mail changed"

    async def facts(self, args: NewEmail, scope: Scope) -> FactSet:
        account = await self._own(args, scope)
        if account is None:
            return FactSet()
        return await account_facts(account, scope) | email_facts(account, args.new_email, scope)

    def preview(self, args: NewEmail, facts: FactSet) -> Preview:
        return Preview(
            title="Change the sign-in e-mail",
            lines=(Line(label="E-mail", before=_on_file(facts), after=args.new_email),),
            note=f"{_on_file(facts)} is told before anything changes.",
        )

    def _lines(self, args: NewEmail, account: Account) -> tuple[Line, ...]:
        return (Line(label="New e-mail", after=masked(args.new_email)),)

    async def _do(self, args: NewEmail, account: Account, permit: Permit, scope: Scope) -> Done:
        await _warn_old_address(args, account, permit, scope)
        return await scope.systems.identity.change_email(account.id, args.new_email, permit)

    def _may_be_done(self, args: NewEmail, account: Account) -> bool:
        return account.email.casefold() == args.new_email.casefold()


async def _warn_old_address(args: NewEmail, account: Account, permit: Permit, scope: Scope) -> None:
    vendor = scope.systems.identity.vendor
    if not is_email(account.email) or not is_email(args.new_email):
        raise VendorRefused(vendor, "the e-mail on file or the new one cannot be written to")
    letter = Letter(
        to=account.email,
        subject="The e-mail address of your account is being changed",
        text=(
            f"Hello,\n\nas asked in our support chat, the sign-in e-mail of your account is being changed "
            f"to {masked(args.new_email)}.\n\nIf this was not you, answer this mail at once.\n"
        ),
        key=f"{permit.action_id}-old-address",
    )
    try:
        await scope.systems.mail.send(letter)
    except VendorError as error:
        # Whatever became of the letter, nothing was sent to the identity provider.
        raise VendorDown(
            vendor, f"the old address could not be told, nothing was changed ({error})"
        ) from None


def _on_file(facts: FactSet) -> str:
    return str(facts.get("account.email_masked") or "the address on file")


def _factor(account: Account, args: OfFactor) -> str | None:
    """The kind of the factor named, when the account has it."""
    return next((f.kind for f in account.factors if f.id == args.factor_id), None)


WRITES: tuple[WriteTool[Any], ...] = (
    SendPasswordReset(),
    UnlockAccount(),
    ResetFactor(),
    RevokeSessions(),
    ChangeEmail(),
)
