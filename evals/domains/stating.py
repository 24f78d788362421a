"""What the agent must have stated before a yes counts: each argument that matters, and the ways it can be written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

_QUIET = str.maketrans({"*": "", "`": "", "’": "'", "\u00a0": " ", "‑": "-", "–": "-"})
_LEFT_OUT = re.compile(r"\b(?:instead of|rather than) [^.,;!?]*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class Claim:
    """One argument: any of these phrases states it; `others` would state another value of it."""

    what: str
    phrases: tuple[str, ...]
    others: tuple[str, ...] = ()

    def stated(self, text: str) -> bool:
        """True when a plain text states it."""
        return any(contains(text, phrase) for phrase in self.phrases)

    def agreed(self, statement: str, reply: str) -> bool:
        """True when the agent's statement states it, or the customer's reply itself names it."""
        return self.stated(f"{statement}\n{reply}")

    def differs(self, text: str) -> bool:
        """True when a plain text states another value and not this one."""
        # "Instead of my card" names the card to leave it out.
        kept = _LEFT_OUT.sub("", text)
        return any(contains(kept, phrase) for phrase in self.others) and not self.stated(kept)


_CHANGING = """
change changes changing modify modifying modification modifications update updating upgrade upgrading upgrades
downgrade downgrading downgrades switch switching replace replacing rebook rebooking exchange exchanging swap
swapping move add
"""
# How each kind of act is spoken of before it is done; a receipt says "cancelled" and the like.
_ACTS = {
    "book": ("book", "booking", "reserve", "reservation", "purchase"),
    "cancel": ("cancel", "canceling", "cancelling", "cancellation"),
    "change": tuple(_CHANGING.split()),
    "add": ("add", "adding", "addition", "increase", "bags", "bag", "baggage", "baggages", "luggage"),
    "return": ("return", "returning", "returns", "refund", "refunding"),
    "exchange": ("exchange", "exchanging", "exchanges", "replace", "replacing", "swap", "swapping", "switch"),
    "give": ("certificate", "certificates", "voucher", "vouchers", "compensation"),
}


def act_claim(act: str) -> Claim:
    """States what would be done: book, cancel, change, add, return, exchange or give."""
    return Claim(f"the act ({act})", _ACTS[act])


def plain(text: str) -> str:
    """Text as phrases are looked for in it: lower case, without markup, numbers without separators."""
    return " ".join(_THOUSANDS.sub("", text.lower().translate(_QUIET)).split())


def contains(text: str, phrase: str) -> bool:
    """True when the phrase stands in a plain text as words of its own: 25 is not in 250, nor in 25.50."""
    at = text.find(phrase)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(phrase) : at + len(phrase) + 2]
        starts = not (before.isalnum() and phrase[:1].isalnum())
        ends = not (after[:1].isalnum() or (phrase[-1:].isdigit() and re.match(r"\.\d", after)))
        if starts and ends and not (phrase[:1].isdigit() and re.search(r"\d\.$", text[max(0, at - 2) : at])):
            return True
        at = text.find(phrase, at + 1)
    return False


def claim(what: str, phrases: Iterable[str], others: Iterable[str] = ()) -> Claim:
    """A claim from phrases as people write them."""
    own = tuple(dict.fromkeys(_phrase(one) for one in phrases if one.strip()))
    return Claim(what, own, tuple(p for one in others if one.strip() and (p := _phrase(one)) not in own))


@lru_cache(maxsize=50_000)
def _phrase(text: str) -> str:
    return plain(text)


def amount_phrases(cents: int) -> tuple[str, ...]:
    """How an amount is written: 250, 250.00, 250.5."""
    whole, rest = divmod(abs(cents), 100)
    if rest == 0:
        return (str(whole), f"{whole}.00", f"{whole}.0")
    short = (f"{whole}.{rest // 10}",) if rest % 10 == 0 else ()
    return (f"{whole}.{rest:02}", *short)


_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


@lru_cache(maxsize=1000)
def date_phrases(iso: str) -> tuple[str, ...]:
    """How a day is written: 2024-05-24, May 24, 24 May, 5/24; a text that is no date stands for itself."""
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return (iso,)
    number, suffix = str(day.day), _ordinal(day.day)
    names = (_MONTHS[day.month - 1], _MONTHS[day.month - 1][:3])
    spoken = [f"{m} {n}" for m in names for n in (number, number + suffix, f"{day.day:02}")]
    spoken += [f"{n} {of}{m}" for m in names for n in (number, number + suffix) for of in ("", "of ")]
    slashed = [f"{day.month}/{day.day}", f"{day.month:02}/{day.day:02}", f"{day.month}/{day.day}/{day.year}"]
    return (iso, *spoken, *slashed, f"{day.month:02}/{day.day:02}/{day.year}")


def _ordinal(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


@dataclass(frozen=True, slots=True)
class BagsClaim(Claim):
    """So many bags: 3 bags, three checked bags, checked bags: 3."""

    counts: tuple[int, ...] = ()

    def stated(self, text: str) -> bool:
        """True when a plain text states one of the counts."""
        return any(_bags(count).search(text) for count in self.counts)


def bags_claim(*counts: int) -> BagsClaim:
    """States how many bags; several counts are several ways to say the same, such as all and those added."""
    return BagsClaim("bags", (), counts=counts)


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@lru_cache(maxsize=200)
def _bags(count: int) -> re.Pattern[str]:
    named = [str(count), *_WORDS[count : count + 1], *(["zero"] if count == 0 else ())]
    named += ["a", "an", "another"] if count == 1 else []
    number, thing = "|".join(named), r"(?:bags?|baggages?|luggage|suitcases?)"
    kind = r"(?:(?:free|total|extra|additional|more|complimentary|checked|pieces? of|paid|new) ){0,3}"
    after = rf"{thing}(?: \((?:total|checked)\))?(?: ?[:|=-])? (?:{number})\b(?!\.\d)"
    return re.compile(rf"\b(?:{number})(?: \([^)]*\))? {kind}{thing}\b|\b{after}")
