"""Whether the customer confirmed exactly these arguments: an explicit yes after the agent last stated them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evals.domains.stating import Claim, plain
from evals.replay.talk import Said

_YES = re.compile(
    r"\b(yes|yeah|yep|yup|yea|sure|absolutely|definitely|certainly|okay|ok|alright|all right|agreed|correct|perfect|"
    r"i(?: do)? confirm|confirm(?:ed|ing)?|i agree|go ahead|proceed|please do|do it|go for it|book it|book that|"
    r"that works|works for me|sounds? (?:good|great|fine|right|perfect)|(?:looks?|is|it's|all) (?:good|great|right|fine)|"
    r"that's (?:right|fine|correct|great|perfect|okay|ok)|that is (?:right|fine)|that would be (?:great|perfect|fine)|"
    r"let's do (?:it|that|this)|i(?:'d| would) like (?:that|to proceed)|i'll take (?:it|that)|i accept|oui|s[ií]|d'accord)\b"
)
# Whatever turns a yes into something else: another wish, a condition, a stop.
_CHANGE = re.compile(
    r"\b(instead(?! of)|rather(?! than)|actually|hold on|hang on|(?<!can't )wait(?! for)|not yet|"
    r"not sure (?:if|about|whether|i|that)|"
    r"never ?mind|changed my mind|unless|only if|as long as|provided that|before (?:you|that|we|i)|hesitat\w*|reconsider|"
    r"stop (?:it|that|this|there|right|please)|please stop|cancel that|"
    r"(?:don't|do not) (?:do|cancel|proceed|process|book|charge|change|go|send|exchange|return|make|modify|update|use)|"
    r"(?:don't|do not) want (?:to|that|it|this|you)|"
    r"but (?:first|i(?:'d| would| want| prefer| need)|could|can|what|please|use|with|only|not|make|change|before|if))\b"
)
# "No, that's all, please proceed" answers another question than the one about going on.
_NO = re.compile(
    r"^(?:no|nope|nah|non)\b(?!(?: thanks?| thank you)?[ ,.!]*(?:that's|that is|i don't|i do not|i'm|just|everything|"
    r"problem|other|more|further|additional|changes|need|insurance|travel|extra|yes|please proceed|go ahead|$))"
)
# "If that's the only option, then yes" is a yes; "yes, if it is under $100" is none.
_CONDITION = re.compile(
    r"\bif (?!that's (?:the|my) only|that is (?:the|my) only)(?:it|that|this|the|there|you|i|we|so|not)\b"
)
_ASKS = re.compile(
    r"\b(confirm|proceed|go ahead|would you like|shall i|should i|is that (?:ok|okay|correct|right))\b"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")

Turn = tuple[str, str, int]
"""Who spoke, the plain words, and the message they end with."""
Pair = tuple[Turn, Turn]
"""What the agent said and what the customer answered."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether there was one; `statement` and `yes` are the messages it rests on, `because` says what is missing."""

    given: bool
    statement: int | None = None
    yes: int | None = None
    because: str = ""


class Talk:
    """What was said so far; it is made plain only when somebody looks back at it."""

    def __init__(self) -> None:
        self._heard: list[Said] = []
        self._turns: list[Turn] = []

    def add(self, said: Said) -> None:
        """Takes in words."""
        self._heard.append(said)

    def _settle(self) -> None:
        """Words of one speaker in a row are one turn."""
        for said in self._heard:
            text = plain(said.text)
            if self._turns and self._turns[-1][0] == said.speaker:
                text = f"{self._turns.pop()[1]}\n{text}"
            self._turns.append((said.speaker, text, said.index))
        self._heard.clear()

    def consent(self, claims: Sequence[Claim]) -> Consent:
        """Looks back for the last statement of all claims and for the yes to it, and that nothing was changed since."""
        self._settle()
        pairs = [
            (stated, reply)
            for stated, reply in zip(self._turns, self._turns[1:], strict=False)
            if stated[0] == "agent" and reply[0] == "customer"
        ]
        least: list[Claim] | None = None
        for place in range(len(pairs) - 1, -1, -1):
            (_, statement, _), (_, reply, _) = pairs[place]
            missing = [one for one in claims if not one.agreed(statement, reply)]
            if missing:
                least = missing if least is None or len(missing) < len(least) else least
                continue
            return self._answered(pairs[place:], claims)
        what = ", ".join(one.what for one in least) if least else "anything"
        return Consent(False, because=f"the agent never stated together: {what}")

    def _answered(self, pairs: Sequence[Pair], claims: Sequence[Claim]) -> Consent:
        (_, _, at), (_, reply, yes_at) = pairs[0]
        if not is_yes(reply):
            return Consent(False, at, because="no explicit yes followed the statement")
        if other := next((one.what for one in claims if one.differs(reply)), None):
            return Consent(False, at, yes_at, f"the yes names another {other}")
        for (_, statement, _), (_, later, index) in pairs[1:]:
            # A no to "anything else?" takes nothing back.
            if changes(later) and not ("anything else" in statement and not _CHANGE.search(later)):
                return Consent(False, at, yes_at, f"the customer changed something in message {index}")
            other = next((one.what for one in claims if one.differs(statement)), None)
            if other and _ASKS.search(statement):
                return Consent(False, at, yes_at, f"the agent asked again with another {other}")
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
