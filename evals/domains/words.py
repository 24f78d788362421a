"""What a customer's own words say that rules ask about: a reason, a complaint, a wish for compensation."""

import re

# Only plain mentions of illness or weather: a rule rests on them, and doubt means no.
_COVERED = re.compile(
    r"\b(sick|sickness|ill|illness\w*|unwell|not (?:been )?(?:feel(?:ing)? )?well|health|medical|doctor\w*|hospital\w*|surgery|"
    r"operation|injur\w+|flu|fever|covid\S*|pneumonia|infection|virus|contagious|poisoning|pregnan\w+|allerg\w+|migraine|"
    r"asthma|cancer|diagnos\w+|recovering from|(?:broke|broken|fractured) (?:my |a |his |her )?(?:leg|arm|ankle|foot|hip|bone)|"
    r"weather|storm\w*|thunderstorm\w*|hurricane|typhoon|cyclone|blizzard|snow\w*|tornado|flood\w*|fog|heat ?wave|rain\w*)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|no|isn't|without|unrelated to|nothing to do with|other than)\b[^.!?,;]{0,30}$", re.IGNORECASE
)
_HURT = re.compile(
    r"\b(compensat\w*|vouchers?|certificates?|reimburs\w*|gesture|goodwill|make (?:it )?up (?:for|to)|"
    r"make this right|(?:some|any) (?:sort|kind|form) of (?:credit|refund|relief)|credit for|refund\w*|inconvenienc\w*)\b",
    re.IGNORECASE,
)
_CANCELLED = re.compile(r"\bcancel\w*", re.IGNORECASE)
_DELAYED = re.compile(r"\bdelay\w*|\blate\b|\bheld up\b", re.IGNORECASE)


def covered_reason(texts: list[str]) -> bool:
    """True when the customer gave a reason of health or weather, the two a travel insurance covers."""
    for text in texts:
        for found in _COVERED.finditer(text):
            meant = found.group().lower()
            if "not" in meant or not _DENIED.search(text[: found.start()]):
                return True
    return False


def wants_compensation(texts: list[str]) -> bool:
    """True when the customer asked to be compensated in some way."""
    return any(_HURT.search(text) for text in texts)


def speaks_of_cancelled(texts: list[str]) -> bool:
    """True when the customer spoke of something cancelled."""
    return any(_CANCELLED.search(text) for text in texts)


def speaks_of_delay(texts: list[str]) -> bool:
    """True when the customer spoke of a delay."""
    return any(_DELAYED.search(text) for text in texts)
