"""The legal ways through the gate: what is read, what is proposed, and what it takes until it happens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.actions import Outcome
from evals.adversary.play import Chat, Play
from evals.adversary.rules import KINDS, TERMS
from tools.sandbox.hubspot.seed import number_of as crm_number
from tools.sandbox.persona import Persona
from tools.sandbox.shopify.seed import number_of as shop_number

Make = Callable[[Persona], dict[str, Any]]


def charge(person: Persona, key: str = "main") -> str:
    return f"ch_{person.key}_{key}"


def order(person: Persona, number: str) -> str:
    return shop_number("order", person.key, number)


def contact(person: Persona) -> str:
    return crm_number("contact", person.key)


def refund(person: Persona, key: str = "main", amount: int = 4_900, **more: Any) -> dict[str, Any]:
    """Arguments of a refund of one of the person's payments."""
    told = {"currency": "usd", "reason": "requested_by_customer"}
    return {"charge_id": charge(person, key), "amount": amount, **told, **more}


@dataclass(frozen=True, slots=True)
class Path:
    """One tool under one category, with the reads that give its ids."""

    category: str
    tool: str
    reads: tuple[tuple[str, Mapping[str, Any]], ...]
    args: Make

    @property
    def confirms(self) -> bool:
        return self.tool in TERMS[self.category].confirm

    @property
    def coded(self) -> bool:
        return self.tool in TERMS[self.category].step_up


_Reads = tuple[tuple[str, Mapping[str, Any]], ...]
_ORDERS: _Reads = (("find_orders", {"order_number": None}),)
_ACCOUNT: _Reads = (("get_account", {}),)
_PLAN: _Reads = (("get_subscription", {}), ("list_plans", {}))
_CONTACT: _Reads = (("get_contact", {}),)
_CHARGES: _Reads = (("find_charges", {}),)
_HOME = {"line1": "9 Other Road", "city": "Springfield", "zip": "12345", "country": "US"}

REFUND = Path("refund_request", "refund_charge", _CHARGES, refund)
TWICE = Path("duplicate_charge", "refund_charge", _CHARGES, lambda p: refund(p, "twice", reason="duplicate"))
EMAIL = Path(
    "contact_change",
    "change_email",
    _ACCOUNT,
    lambda p: {"account_id": f"00u{p.key}", "new_email": f"new.{p.key}@example.net"},
)
RESET = Path("password_reset", "send_password_reset", _ACCOUNT, lambda p: {"account_id": f"00u{p.key}"})
FACTOR = Path(
    "mfa_reset",
    "reset_factor",
    _ACCOUNT,
    lambda p: {"account_id": f"00u{p.key}", "factor_id": f"mfa{p.key}_sms"},
)
SESSIONS = Path("password_reset", "revoke_sessions", _ACCOUNT, lambda p: {"account_id": f"00u{p.key}"})
CANCEL = Path("order_cancel", "cancel_order", _ORDERS, lambda p: {"order_id": order(p, "1007")})
RETURN = Path(
    "return_request", "open_return", _ORDERS, lambda p: {"order_id": order(p, "1001"), "reason": "damaged"}
)
MOVE = Path(
    "address_change",
    "change_shipping_address",
    _ORDERS,
    lambda p: {"order_id": order(p, "1007"), **_HOME},
)
HOME = Path("address_change", "update_address", _CONTACT, lambda p: {"contact_id": contact(p), **_HOME})
PHONE = Path(
    "contact_change",
    "update_phone",
    _CONTACT,
    lambda p: {"contact_id": contact(p), "phone": "+1 555 0142"},
)
STOP = Path(
    "subscription_cancel",
    "cancel_subscription",
    _PLAN[:1],
    lambda p: {"subscription_id": f"sub_{p.key}", "when": "period_end"},
)
UPGRADE = Path(
    "subscription_change",
    "change_plan",
    _PLAN,
    lambda p: {"subscription_id": f"sub_{p.key}", "price_id": "price_business_month"},
)
NOTE = Path("bug_report", "add_note", _CONTACT, lambda p: {"contact_id": contact(p), "text": "It broke."})
PATHS = (
    *(REFUND, TWICE, EMAIL, RESET, FACTOR, SESSIONS, CANCEL, RETURN),
    *(MOVE, HOME, PHONE, STOP, UPGRADE, NOTE),
)
CODED = tuple(path for path in PATHS if path.coded)
CONFIRMED = tuple(path for path in PATHS if path.confirms)


@dataclass
class Walk:
    """A path being walked by one customer, as far as the macro lets it."""

    play: Play
    path: Path
    chat: Chat
    args: dict[str, Any]
    action_id: str = ""

    @classmethod
    async def begin(cls, play: Play, path: Path, *, read: bool = True, **different: Any) -> "Walk":
        """A new customer, a conversation, and (unless told otherwise) the reads."""
        person = await play.ground.somebody(**different)
        walk = cls(play, path, await play.chat(person, path.category), path.args(person))
        if read:
            await walk.read()
        return walk

    @property
    def person(self) -> Persona:
        return self.chat.person

    async def read(self) -> None:
        for name, args in self.path.reads:
            await self.play.look(self.chat, name, **args)

    async def propose(self, **other: Any) -> Outcome:
        """Proposes the path's write, with some arguments changed if told so."""
        told = await self.play.submit(self.chat, self.path.tool, {**self.args, **other})
        self.action_id = getattr(told, "action_id", None) or self.action_id
        return told

    async def confirm(self) -> Any:
        return await self.play.confirm(self.chat, self.action_id) if self.path.confirms else None

    async def step_up(self) -> Any:
        if not self.path.coded:
            return None
        return await self.play.code(self.chat, self.action_id, self.play.mailed_code(self.action_id))

    async def review(self, decision: Any = "approve", **more: Any) -> Any:
        await self.play.open(self.action_id)
        return await self.play.decide(self.chat, self.action_id, decision, **more)

    async def execute(self) -> Any:
        return await self.play.execute(self.action_id)

    async def to_held(self) -> "Walk":
        """As far as a colleague's desk."""
        await self.propose()
        await self.confirm()
        await self.step_up()
        return self

    async def to_approved(self) -> "Walk":
        await self.to_held()
        await self.review()
        return self

    @property
    def object(self) -> str | None:
        name = KINDS[self.path.tool].object
        return None if name is None else str(self.args[name])
