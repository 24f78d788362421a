"""Fills slots from the customer's own words: what was said, or what was asked for; nothing is ever guessed."""

import re
from collections.abc import Callable, Mapping

from agent.addresses import read_address, read_part

Value = str | int
_ORDER = re.compile(
    r"\b(?:orders?|bestell(?:ung|nummer)|commande|pedido|purchase|parcel|package)"
    r"(?:\s*(?:number|nummer|num|no|nr|id|numéro|número))?\.?\s*(?:is|was|ist|est|es|:|=)?\s*#?\s*(\d{3,12})\b"
    r"|(?<!\w)#\s?(\d{3,12})\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,$€£])#?(\d{3,12})(?![\w])")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE = re.compile(r"(?<![\w#])(\+?\d[\d\s().-]{5,18}\d)(?!\w)")
_AMOUNT = re.compile(
    r"(?:[$€£]|\b(?:usd|eur|gbp)\s?)\s*(\d{1,6}(?:[.,]\d{2})?)(?!\d)"
    r"|\b(\d{1,6}(?:[.,]\d{2})?)\s?(?:[$€£]|dollars?\b|bucks\b|euros?\b|pounds?\b|usd\b|eur\b|gbp\b)",
    re.IGNORECASE,
)
_BARE_AMOUNT = re.compile(r"(?<![\d.,])(\d{1,6}(?:[.,]\d{2})?)(?![\d.,])")
_PLAN_NAMES = r"starter|basic|team|business|pro|premium|enterprise"
_PLAN_TO = re.compile(rf"\b(?:to|auf|vers|a|onto|into)\s+(?:the\s+|den\s+)?({_PLAN_NAMES})\b", re.IGNORECASE)
_PLAN = re.compile(rf"\b({_PLAN_NAMES})\s*(?:-\s*)?(?:plan|tier|package|subscription|tarif)\b", re.IGNORECASE)
_PLAN_BARE = re.compile(rf"\b({_PLAN_NAMES})\b", re.IGNORECASE)
_INVOICE = re.compile(
    r"\b((?:inv|re|ne|in)-?\d[\w-]{1,20}|[A-Z0-9]{2,12}-\d{3,8})\b"
    r"|\b(?:invoice|receipt|rechnung|facture|factura)\s*(?:number|no|nr)?\.?\s*[:#]?\s*([A-Z]{0,8}-?\d[\w-]{1,20})\b",
    re.IGNORECASE,
)
_BARE_INVOICE = re.compile(r"\b([A-Z0-9]{1,12}(?:-\w{1,12}){0,2})\b", re.IGNORECASE)
_AT_ONCE = re.compile(r"^\W*(?:\w+\W+){0,4}?(right now|immediately|at once|(?<!not )now)\b", re.IGNORECASE)
# The first list that has a word in the text names the value; the order settles overlaps.
_KINDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "interval": (
        ("year", r"year(?:ly)?|annual(?:ly)?|jährlich|jahr|annuel|anual"),
        ("month", r"month(?:ly)?|monatlich|monat|mensuel|mensual"),
    ),
    "when": (
        (
            "period_end",
            r"at the end\b|(?:at|by|until)?\s*(?:the )?end of (?:the|my|this)? ?(?:period|month|year|term|billing\w*|cycle)"
            r"|period end|next renewal|when it renews|runs? out|not renew|zum (?:monats|laufzeit)ende",
        ),
        ("now", r"right now|right away|now|immediately|today|at once|straight away|asap|sofort"),
    ),
    "keeps": (
        (
            "yes",
            r"keep (?:it|(?:my|the|our) (?:\w+ )?(?:subscription|plan))|(?:do not|don'?t) (?:cancel|end) (?:it|my|the)"
            r"|(?:undo|take back|revoke|withdraw) (?:the|my) cancell?ation|take (?:the|my) cancell?ation back",
        ),
    ),
    "reason": (
        (
            "damaged",
            r"damag\w*|broken?|brok\w+|defect\w*|crack\w*|shattered|faulty|does(?:n't| not) work|kaputt",
        ),
        ("wrong_item", r"wrong (?:item|size|colou?r|product|one|thing)|different item|not what i ordered"),
        (
            "not_as_described",
            r"not as described|does(?:n't| not) (?:match|look like)|looks? different|misleading",
        ),
        (
            "no_longer_wanted",
            r"no longer (?:want|need)\w*|do(?:n't| not) (?:want|need|like)\b.*|changed my mind|"
            r"does(?:n't| not) fit|too (?:big|small)|ordered by mistake",
        ),
    ),
    "factor_kind": (
        ("totp", r"authenticator|totp|authy|auth app|code app|2fa app"),
        ("webauthn", r"security key|yubikey|webauthn|passkey|hardware key"),
        ("push", r"push"),
        ("sms", r"sms|text messages?|texts"),
    ),
}
_KIND_PATTERNS = {
    slot: tuple((value, re.compile(rf"\b(?:{pattern})", re.IGNORECASE)) for value, pattern in kinds)
    for slot, kinds in _KINDS.items()
}


def said_slots(text: str) -> dict[str, Value]:
    """Every slot this message fills without having been asked."""
    found: dict[str, Value | None] = {
        "order_number": _first(_ORDER, text),
        "email": _email(text),
        "phone": _phone(text),
        "amount": _minor(_first(_AMOUNT, text)),
        "plan": _lower(_last(_PLAN_TO, text) or _first(_PLAN, text)),
        "invoice_number": _upper(_first(_INVOICE, text)),
        **{slot: _kind(slot, text) for slot in _KIND_PATTERNS},
        **read_address(text),
    }
    return {slot: value for slot, value in found.items() if value is not None}


def asked_slot(slot: str, text: str) -> Value | None:
    """What this message answers to a question for exactly this slot."""
    if slot.startswith("address."):
        return read_part(slot, text)
    if slot == "words":
        return text.strip() or None
    said = said_slots(text).get(slot)
    return said if said is not None else _BARE.get(slot, _nothing)(text)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return next((group for group in found.groups() if group), None) if found else None


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.findall(text)
    return found[-1] if found else None


def _email(text: str) -> str | None:
    # The last one: "from a@example.com to b@example.com" asks for b.
    found = _EMAIL.findall(text)
    return found[-1].rstrip(".") if found else None


def _phone(text: str) -> str | None:
    for found in reversed(_PHONE.findall(text)):
        digits = re.sub(r"\D", "", found)
        if 7 <= len(digits) <= 15 and (found.startswith("+") or len(digits) >= 9):
            return ("+" if found.startswith("+") else "") + digits
    return None


def _minor(text: str | None) -> int | None:
    if text is None:
        return None
    major, _, minor = text.replace(",", ".").partition(".")
    return int(major) * 100 + int(minor or 0)


def _kind(slot: str, text: str) -> str | None:
    return next((value for value, pattern in _KIND_PATTERNS[slot] if pattern.search(text)), None)


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


def _upper(text: str | None) -> str | None:
    return text.upper() if text else None


def _only_number(text: str) -> str | None:
    found = set(_NUMBER.findall(text))
    return found.pop() if len(found) == 1 else None


def _bare_phone(text: str) -> str | None:
    digits = re.sub(r"\D", "", text)
    return ("+" if text.strip().startswith("+") else "") + digits if 7 <= len(digits) <= 15 else None


def _bare_invoice(text: str) -> str | None:
    found = [word for word in _BARE_INVOICE.findall(text) if any(c.isdigit() for c in word)]
    return found[0].upper() if len(found) == 1 else None


def _any_reason(text: str) -> str | None:
    return "other" if len(text.split()) >= 2 else None


def _nothing(text: str) -> None:
    return None


_BARE: Mapping[str, Callable[[str], Value | None]] = {
    "order_number": _only_number,
    # Never read unasked: it counts only from somebody who was told what is lost.
    "at_once": lambda text: _first(_AT_ONCE, text),
    "phone": _bare_phone,
    "amount": lambda text: _minor(_first(_BARE_AMOUNT, text)),
    "plan": lambda text: _lower(_first(_PLAN_BARE, text)),
    "invoice_number": _bare_invoice,
    "reason": _any_reason,
    "factor_kind": lambda text: "sms" if re.search(r"\b(?:phone|number)\b", text, re.IGNORECASE) else None,
}
