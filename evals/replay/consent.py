"""Whether the customer confirmed exactly these arguments: an explicit yes after the agent last stated them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evals.domains.stating import Claim, plain
from evals.replay.talk import Said

_YES = re.compile(
    r"\b(yes|yeah|yep|yup|yea|sure|absolutely|definitely|certainly|okay|ok|alright|all right|agreed|correct|perfect|"
    r"i(?: do)? confirm|confirmed|i agree|go ahead|proceed|please do(?! not)|do it|go for it|book it|book that|cancel it|"
    r"that works|works for me|sounds good|looks good|that's right|that is right|that's fine|that is fine|"
    r"that's correct|that would be great|that's great|let's do (?:it|that|this)|i'd like (?:that|to proceed)|"
    r"i would like (?:that|to proceed)|i'll take (?:it|that)|i accept|oui|s[ií]|d'accord)\b"
)
# Whatever turns a yes into something else: another wish, a condition, a stop.
_CHANGE = re.compile(
    r"\b(instead|rather|actually|hold on|hang on|wait|not yet|not sure (?:if|about|whether|i|that)|don't|do not|never mind|nevermind|changed my mind|"
    r"change (?:it|that|this) to|cancel that|stop|unless|only if|as long as|provided that|before (?:you|that|we|i)|"
    r"hesitat\w*|reconsider|no longer|but (?:first|i|could|can|what|please|use|with|only|not|make|change|before|if))\b"
)
_NO = re.compile(r"^(no|nope|nah|non)\b(?! problem)")
# "If that's the only option, then yes" is a yes; "yes, if it is under $100" is none.
_CONDITION = re.compile(r"\bif (?!that's (?:the|my) only|that is (?:the|my) only)(?:it|that|this|the|there|you|i|we|so|not)\b")
_ASKS = re.compile(r"\b(confirm|proceed|go ahead|would you like|shall i|should i|is that (?:ok|okay|correct|right))\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether there was one; `statement` and `yes` are the messages it rests on, `because` says what is missing."""

    given: bool
    statement: int | None = None
    yes: int | None = None
    because: str = ""


class Talk:
    """What was said so far, prepared for looking back."""

    def __init__(self) -> None:
        self._turns: list[tuple[str, str, int]] = []

    def add(self, said: Said) -> None:
        """Takes in words; those of one speaker in a row are one turn."""
        text = plain(said.text)
        if self._turns and self._turns[-1][0] == said.speaker:
            _, before, _ = self._turns.pop()
            text = f"{before}\n{text}"
        self._turns.append((said.speaker, text, said.index))

    def consent(self, claims: Sequence[Claim]) -> Consent:
        """Looks back for the last statement of all claims and for the yes to it, and that nothing was changed since."""
        pairs = [
            (stated, reply)
            for stated, reply in zip(self._turns, self._turns[1:], strict=False)
            if stated[0] == "agent" and reply[0] == "customer"
        ]
        least: list[Claim] | None = None
        for place in range(len(pairs) - 1, -1, -1):
            (_, statement, at), (_, reply, yes_at) = pairs[place]
            missing = [one for one in claims if not one.stated(f"{statement}\n{reply}")]
            if missing:
                least = missing if least is None or len(missing) < len(least) else least
                continue
            return self._answered(pairs[place:], claims, at, yes_at)
        what = ", ".join(one.what for one in least) if least else "anything"
        return Consent(False, because=f"the agent never stated together: {what}")

    def _answered(self, pairs: Sequence, claims: Sequence[Claim], at: int, yes_at: int) -> Consent:
        if not is_yes(pairs[0][1][1]):
            return Consent(False, at, because="no explicit yes followed the statement")
        for (_, statement, _), (_, reply, index) in pairs[1:]:
            if changes(reply):
                return Consent(False, at, yes_at, f"the customer changed something in message {index}")
            other = [one.what for one in claims if one.differs(statement)]
            if other and _ASKS.search(statement):
                return Consent(False, at, yes_at, f"the agent asked again with another {other[0]}")
        return Consent(True, at, yes_at)


def is_yes(reply: str) -> bool:
    """True for an explicit yes in plain text that nothing in the same message takes back or makes conditional."""
    if changes(reply):
        return False
    return any(
        _YES.search(sentence) and not sentence.endswith("?") and not _CONDITION.search(sentence)
        for sentence in _SENTENCE.split(reply)
    )


def changes(reply: str) -> bool:
    """True when a message says no, stops, or asks for something else."""
    return bool(_NO.search(reply) or _CHANGE.search(reply))
