"""Triage: what a message is about, how sure that is, and the mood it comes in."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from agent import person, words
from agent.language import LanguageReader
from agent.quick import QuickShares
from core.conversation import Signals
from core.errors import PolicyFileError
from core.ids import Category

OTHER = Category("other")
WANTS_PERSON = "wants_person"
# Below this a category is a guess: on messages of other people such guesses were right four times in ten.
UNSURE_BELOW = 0.35
# What a plain phrase ("let me talk to a person") is worth when the classifier looks elsewhere.
PHRASE_SHARE = 0.9
# Beside a request for a person, a category counts only if the classifier saw more of it than noise.
NOISE = 0.05
# Of a real message's letter groups, triage knew seven in ten or more; of noise, fewer than three.
FAMILIAR = 0.3
FOLDS = 5
HEAD, TAIL = 1500, 500

_AMOUNT = re.compile(r"[$€£]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:usd|eur|gbp|dollars?|euros?|pounds?)\b")
_MAIL = re.compile(r"\S+@\S+\.\w+")
_STOOD_IN = frozenset({"xmailx", "xamountx", "xnumx"})
# Around a number these still only name a thing: "it's order 1042" answers a question.
_NAMING = re.compile(
    r"its?|s|is|the|my|for|this|one|order|purchase|number|no|nr|thanks?|you|please|and|die|meine|bestellung|nummer"
    r"|la|ma|commande|numéro|mi|pedido|número|xmailx|xamountx|xnumx"
)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"#?(?:\b[a-z]{2,4}-)?\d{3,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """The signals, and how sure the whole of them is: category and whether a person is wanted together."""

    signals: Signals
    sureness: float


class Triage:
    """A small classifier over words and letters, trained on the catalog; the same text always reads the same."""

    def __init__(self, features: FeatureUnion, classifier: CalibratedClassifierCV) -> None:
        self._quick = QuickShares(features, classifier)
        self._classes: list[str] = [str(name) for name in classifier.classes_]
        self._language = LanguageReader()
        letters = features["letters"]
        self._pieces = letters.build_analyzer()
        self._known = frozenset(letters.vocabulary_)

    @classmethod
    def train(cls, utterances: Mapping[Category, Sequence[str]]) -> Self:
        """A triage that knows the categories with utterances; half a second for fifteen hundred of them."""
        texts, labels = _lessons(utterances)
        features = _features()
        folds = min(FOLDS, *Counter(labels).values())
        classifier = CalibratedClassifierCV(
            LinearSVC(C=0.3, random_state=0),
            method="temperature",
            cv=StratifiedKFold(folds, shuffle=True, random_state=0),
            # One model on all utterances, its temperature from predictions on those left out.
            ensemble=False,
        )
        classifier.fit(features.fit_transform([_plain(text) for text in texts]), labels)
        return cls(features, classifier)

    @property
    def categories(self) -> frozenset[Category]:
        """What a message can be read as."""
        return frozenset(Category(name) for name in self._classes if name != WANTS_PERSON)

    def read(self, text: str) -> Signals:
        """The signals of one message; `other` when nothing fits or nothing is sure."""
        return self.weigh(text).signals

    def weigh(self, text: str) -> Reading:
        """The signals together with one number to order messages by."""
        shares = self._shares(text)
        asked = shares.pop(WANTS_PERSON)
        wanted = _person_share(asked, max(shares.values()), text)
        category, confidence = _category(shares, wanted)
        signals = Signals(
            category=category,
            confidence=round(confidence, 4),
            sentiment=words.sentiment(_clip(text)),
            urgency=words.urgency(_clip(text)),
            language=self._language.read(_clip(text)),
            wants_person=wanted > 0,
            flags=words.flags(text),
        )
        return Reading(signals, sureness=wanted or confidence)

    def _shares(self, text: str) -> dict[str, float]:
        plain = _plain(text)
        if not self._is_familiar(plain):
            return {name: float(name == OTHER) * NOISE for name in self._classes}
        return dict(zip(self._classes, self._quick.shares(plain), strict=True))

    def _is_familiar(self, plain: str) -> bool:
        # A bare number answers a question; it says nothing about what is wanted. Nor does a text of pieces
        # never seen (binary, keyboard noise, other scripts), of which the classifier would still be sure.
        said = set(_WORD.findall(plain))
        if said & _STOOD_IN and all(_NAMING.fullmatch(word) for word in said):
            return False
        if not any(map(str.isalpha, plain)):
            return False
        pieces = set(self._pieces(plain)) - {" "}
        return sum(piece in self._known for piece in pieces) >= FAMILIAR * len(pieces)


def _lessons(utterances: Mapping[Category, Sequence[str]]) -> tuple[list[str], list[str]]:
    if not utterances.get(OTHER):
        raise PolicyFileError(
            f"category {OTHER!r} needs utterances: triage answers it when nothing else fits"
        )
    if WANTS_PERSON in utterances:
        raise PolicyFileError(f"{WANTS_PERSON!r} is a signal, not a category; name the category otherwise")
    lessons = {str(name): texts for name, texts in utterances.items() if texts}
    lessons[WANTS_PERSON] = person.PERSON_UTTERANCES
    few = [name for name, texts in lessons.items() if len(texts) == 1]
    if few:
        raise PolicyFileError(
            f"{few[0]!r} has one utterance; triage needs two or more of a category to learn it"
        )
    pairs = [(text, name) for name, texts in sorted(lessons.items()) for text in texts]
    return [text for text, _ in pairs], [name for _, name in pairs]


def _features() -> FeatureUnion:
    return FeatureUnion(
        [
            ("words", TfidfVectorizer(analyzer=_word_pairs, sublinear_tf=True)),
            # Pieces of words carry typos, endings and neighbouring languages.
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
        ],
        transformer_weights={"words": 1.0, "letters": 1.4},
    )


def _word_pairs(text: str) -> list[str]:
    """Words, one-letter ones too ("2 times", "i"), and neighbours."""
    found = _WORD.findall(text)
    return found + [f"{a} {b}" for a, b in pairwise(found)]


def _person_share(share: float, best: float, text: str) -> float:
    """How sure it is that a person is asked for; 0 when none is."""
    if person.declines_person(text):
        return 0.0
    if person.asks_for_person(text):
        return max(share, PHRASE_SHARE)
    return share if share > best else 0.0


def _category(shares: Mapping[str, float], wanted: float) -> tuple[Category, float]:
    """The best category and its confidence; beside a request for a person, its share of what is left."""
    best = max(shares, key=lambda name: shares[name])
    left = sum(shares.values()) if wanted else 1.0
    confidence = min(1.0, shares[best] / left) if left else 0.0
    if wanted and (shares[best] < NOISE or confidence < UNSURE_BELOW):
        return OTHER, wanted
    if confidence < UNSURE_BELOW:
        return OTHER, shares[OTHER]
    return Category(best), confidence


def _clip(text: str) -> str:
    # People say what they want at the start or at the end; what they paste stands between.
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}"


def _plain(text: str) -> str:
    """The text as the classifier sees it: lower case, numbers and amounts without their value."""
    plain = unicodedata.normalize("NFKC", _clip(text)).lower().replace("’", "'")
    plain = _MAIL.sub(" xmailx ", plain)
    plain = _AMOUNT.sub(" xamountx ", plain)
    return _NUMBER.sub(" xnumx ", plain)
