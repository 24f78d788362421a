"""What the agent must have stated before a yes counts: each argument that matters, and the ways it can be written."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

_QUIET = str.maketrans({"*": "", "`": "", "’": "'", "\u00a0": " ", "‑": "-", "–": "-"})
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

    def differs(self, text: str) -> bool:
        """True when a plain text states another value and not this one."""
        return any(contains(text, phrase) for phrase in self.others) and not self.stated(text)


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
    "january february march april may june july august september october november december".split()
)  # fmt: skip


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


@lru_cache(maxsize=1000)
def count_phrases(count: int, things: tuple[str, ...]) -> tuple[str, ...]:
    """How so many things are written: 3 bags, three checked bags, bags: 3."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    named = [str(count), *([words[count]] if count < len(words) else [])]
    named += ["zero"] if count == 0 else []
    before = [f"{n} {thing}" for n in named for thing in things]
    after = [f"{thing}: {n}" for n in named for thing in things]
    return (*before, *after)


@dataclass(frozen=True, slots=True)
class Paying:
    """One way to pay, as people tell it from another."""

    id: str
    source: str
    last_four: str = ""
    brand: str = ""


def payment_claim(chosen: str, methods: Sequence[Paying], original: Sequence[str] = ()) -> Claim:
    """States which of the customer's ways to pay is used: by id, last four digits, or by its kind when it is the only one."""
    own: list[str] = [chosen, chosen.rsplit("_", 1)[-1]]
    others: list[str] = []
    for method in methods:
        named = [*_ids(method), *_kinds(method, methods)]
        if method.id == chosen:
            own += named
        else:
            others += named
    if set(original) == {chosen}:
        own += ["original payment", "original form of payment", "original method", "original credit card"]
        own += ["same payment method", "original gift card", "original paypal", "original card"]
    return claim("payment", own, others)


def _ids(method: Paying) -> Iterable[str]:
    yield method.id
    yield method.id.rsplit("_", 1)[-1]
    if method.last_four:
        yield method.last_four


def _kinds(method: Paying, methods: Sequence[Paying]) -> Iterable[str]:
    alike = [one for one in methods if one.source == method.source]
    if len(alike) == 1:
        yield method.source.replace("_", " ")
        if method.source == "credit_card":
            yield "card on file"
    if method.brand and sum(one.brand == method.brand for one in methods) == 1:
        yield method.brand
