"""An exact yes, no or one-time code, read by code: model text can never stand for the customer's own answer."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

_YES = frozenset(
    {
        *("yes", "yes please", "confirm", "confirmed", "i confirm"),
        *("ja", "ja bitte", "bestätigen", "ich bestätige"),
        *("oui", "oui s'il vous plaît", "je confirme", "confirmer"),
        *("si", "sí", "sí por favor", "si por favor", "confirmo", "confirmar"),
    }
)
_NO = frozenset(
    {
        *("no", "no thanks", "no thank you", "not this", "cancel that"),
        *("nein", "nein danke", "non", "non merci", "no gracias"),
    }
)


@dataclass(frozen=True, slots=True)
class Code:
    """Six digits and nothing else."""

    digits: str


def exact_answer(text: str) -> Literal["yes", "no"] | Code | None:
    """What the whole message says, when it says exactly that; anything more is a message like any other."""
    words = unicodedata.normalize("NFC", text).casefold().strip().rstrip(".!").strip()
    words = re.sub(r"[,\s]+", " ", words.replace("’", "'"))
    if words in _YES:
        return "yes"
    if words in _NO:
        return "no"
    digits = words.replace(" ", "")
    return Code(digits) if re.fullmatch(r"[0-9]{6}", digits) else None
