"""What the agent may look up about a sign-in account: the principal's own, with the contact masked."""

from typing import Any

from core.errors import ToolFailed
from core.tool_spec import ToolSpec
from tools.identity.contact import masked
from tools.identity.own import own_account
from tools.identity.port import AccountStatus
from tools.kit import AccountId, Args, Card, FactorId, ReadTool, Result, Scope

NO_ACCOUNT = "I see no sign-in account of yours."
_STATUS: dict[AccountStatus, str] = {
    "active": "active",
    "locked": "locked after too many wrong passwords",
    "suspended": "suspended",
    "password_expired": "waiting for a new password",
    "pending": "not activated yet",
    "deactivated": "deactivated",
    "other": "unknown",
}
FACTORS = {
    "totp": "authenticator app",
    "sms": "text message",
    "call": "phone call",
    "push": "push notification",
    "email": "e-mail code",
    "webauthn": "security key",
    "passkey": "passkey",
    "question": "security question",
}


class GetAccount(Args):
    """No arguments: it is always the principal's own account."""


class FactorRow(Result):
    id: FactorId
    kind: str
    name: str
    """The kind as people call it."""


class AccountRow(Result):
    id: AccountId
    status: AccountStatus
    email_masked: str
    factors: tuple[FactorRow, ...]
    locked: bool


async def _get_account(args: GetAccount, scope: Scope) -> AccountRow:
    # Someone we cannot place and someone without an account hear the same.
    account = await own_account(scope)
    if account is None:
        raise ToolFailed(NO_ACCOUNT)
    return AccountRow(
        id=account.id,
        status=account.status,
        email_masked=masked(account.email),
        factors=tuple(
            FactorRow(id=f.id, kind=f.kind, name=FACTORS.get(f.kind, f.kind)) for f in account.factors
        ),
        locked=account.status == "locked",
    )


def _card(result: Any) -> Card:
    names = ", ".join(f.name for f in result.factors) or "none"
    return Card(
        title="Your sign-in account",
        rows=(
            ("E-mail", result.email_masked),
            ("Status", _STATUS[result.status]),
            ("Second factors", names),
        ),
    )


READS: tuple[ReadTool[Any], ...] = (
    ReadTool(
        spec=ToolSpec(
            name="get_account",
            version=1,
            kind="read",
            family="identity",
            risk="none",
            description=(
                "Looks up the customer's own sign-in account: its status, whether it is locked, "
                "its second factors and the masked e-mail on file."
            ),
            schema=GetAccount.model_json_schema(),
        ),
        args=GetAccount,
        run=_get_account,
        looking="Looking at your sign-in account",
        card=_card,
    ),
)
