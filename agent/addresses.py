"""Reads a postal address out of a sentence: line, city, zip and country, each only when it is there."""

import re
from collections.abc import Sequence

_ZIP = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}|\d{4,5}(?:-\d{4})?)\b"
)
_STREETS = (
    r"street|st|road|rd|avenue|ave|lane|ln|drive|dr|way|boulevard|blvd|court|ct|place|pl|square|sq|terrace|"
    r"close|crescent|parkway|highway|row|walk|hill"
)
_LINE = re.compile(
    rf"\b\d{{1,5}}[a-z]?\s+(?:(?!\d+\s)[\w.'’-]+\s+){{1,4}}?(?:{_STREETS})\b\.?(?:\s*(?:apt|unit|suite|flat|#)\.?\s*\w+)?"
    r"|\b\d{1,5}\s*,?\s+(?:rue|avenue|boulevard|place|calle|via|plaza)\s+[^\d,\n]{2,40}"
    r"|\b(?:calle|via|plaza|avenida)\s+[^\d,\n]{2,40}\s*,?\s*\d{1,5}"
    # "Oak Street 5", as much of the world writes it; the capitals tell it from "a street 5 minutes away".
    rf"|\b(?:(?-i:[A-Z])[\w.'’-]*\s+){{1,3}}(?:{_STREETS})\.?,?\s+\d{{1,4}}[a-z]?\b"
    r"|\b[^\W\d][\w.'’-]*(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee|straat|laan)\s+\d{1,5}\s?[a-z]?\b",
    re.IGNORECASE,
)
_COUNTRIES = {
    "US": ("us", "usa", "u.s.", "u.s.a.", "united states", "united states of america", "america"),
    "GB": ("gb", "uk", "u.k.", "united kingdom", "great britain", "england", "scotland", "wales"),
    "CA": ("ca", "canada"),
    "DE": ("de", "germany", "deutschland"),
    "AT": ("at", "austria", "österreich"),
    "CH": ("ch", "switzerland", "schweiz", "suisse"),
    "FR": ("fr", "france", "frankreich"),
    "ES": ("es", "spain", "españa"),
    "IT": ("it", "italy", "italia"),
    "NL": ("nl", "netherlands", "the netherlands", "nederland"),
    "BE": ("be", "belgium", "belgique", "belgië"),
    "SE": ("se", "sweden", "sverige"),
    "IE": ("ie", "ireland"),
    "PT": ("pt", "portugal"),
    "AU": ("au", "australia"),
    "JP": ("jp", "japan"),
}
_COUNTRY = {name: code for code, names in _COUNTRIES.items() for name in names}
# States and provinces written after the city; without theirs, a Springfield is any of thirty.
_STATE = re.compile(
    r"A[LKZRB]|C[AOT]|D[EC]|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOTB]|N[EVHJMYCDBLS]|O[HKRN]|P[ARE]|QC|RI|S[CDK]|T[NX]|UT"
    r"|V[TA]|W[AVIY]|BC|NSW|VIC|QLD|TAS|ACT"
)
# A sentence goes on after an address; what follows these is no part of it.
_ENDS = re.compile(
    r"[!?;]|\.(?:\s|$)|\b(?:please|thanks|thank you|instead|because|and it|bitte)\b", re.IGNORECASE
)


def read_address(text: str) -> dict[str, str]:
    """The parts of the address in `text`, by the slots' names; nothing when there is no street in it."""
    line = _LINE.search(text)
    if line is None:
        return {}
    rest = text[line.end() :]
    end = _ENDS.search(rest)
    found = _after_street(rest[: end.start()] if end else rest)
    return {"address.line1": _tidy(line[0]), **found}


def read_part(slot: str, text: str) -> str | None:
    """One part as the answer to a question for it."""
    whole = read_address(text)
    if slot in whole:
        return whole[slot]
    bare = _tidy(text)
    if slot == "address.country":
        return _COUNTRY.get(bare.casefold())
    if slot == "address.zip":
        found = _ZIP.search(bare.upper())
        return found[0] if found else None
    if not 2 <= len(bare) <= 80 or (slot == "address.city" and any(c.isdigit() for c in bare)):
        return None
    return bare


def _after_street(rest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    parts = [tidy for part in re.split(r"[,\n]", rest) if (tidy := _tidy(part))]
    for place, part in enumerate(parts):
        code = _country(part)
        if code and found and "address.country" not in found and not _is_state(part, parts[place + 1 :]):
            found["address.country"] = code
            continue
        bare, inside = _without_zip(part) if "address.zip" not in found else (part, {})
        found |= inside
        _add_city(bare, found)
    return found


def _country(part: str) -> str | None:
    return _COUNTRY.get(part.casefold().removeprefix("in "))


def _is_state(part: str, after: Sequence[str]) -> bool:
    """ "CA" is California when the country comes after it."""
    return bool(_STATE.fullmatch(part)) and any(map(_country, after))


def _without_zip(part: str) -> tuple[str, dict[str, str]]:
    """What is left of a part beside its postcode, and a country right behind it."""
    zipped = _ZIP.search(part)
    if zipped is None:
        return part, {}
    found = {"address.zip": zipped[0]}
    tail = _tidy(part[zipped.end() :])
    if tail.casefold() in _COUNTRY:
        return _tidy(part[: zipped.start()]), {**found, "address.country": _COUNTRY[tail.casefold()]}
    return _tidy(f"{part[: zipped.start()]} {tail}"), found


def _add_city(part: str, found: dict[str, str]) -> None:
    """The city, with its state when one is written."""
    ended = "address.country" in found and "address.city" in found
    if ended or any(character.isdigit() for character in part):
        return
    name, _, last = part.rpartition(" ")
    if "address.city" not in found:
        city = f"{_tidy(name)}, {last}" if name and _STATE.fullmatch(last) else part
        found |= {"address.city": city} if city and not _STATE.fullmatch(city) else {}
    elif _STATE.fullmatch(part):
        found["address.city"] += f", {part}"


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,.;:")
