"""Word lists triage reads a message by: words that bring a person, moods and haste."""

import re
from collections.abc import Mapping

from core.conversation import Sentiment, Urgency


def _any(*patterns: str) -> re.Pattern[str]:
    """One pattern for whole words; a list entry may itself be an expression."""
    return re.compile(r"\b(?:" + "|".join(patterns) + r")\b", re.IGNORECASE)


# A name of a list is what policies speak of (always_escalate.words) and what Signals.flags holds.
FLAGS: Mapping[str, re.Pattern[str]] = {
    "security": _any(
        r"hack(?:ed|er|ers|ing)?",
        r"hijack(?:ed|ing)?",
        r"phish(?:ed|ing)",
        r"scammed",
        r"fraud(?:ulent|ster|sters)?",
        r"identity (?:theft|thief|stolen)",
        r"(?:account|login|password|identity|card|data) (?:was |is |has been |been |got )?(?:stolen|compromised|breached|leaked)",
        r"stolen (?:account|login|password|identity|card|credentials)",
        r"(?:security|data) (?:breach|incident|leak|hole|issue|vulnerability)",
        r"vulnerability",
        r"malware",
        r"ransomware",
        r"un-?authori[sz]ed",
        r"suspicious (?:activity|login|sign-?in|charge|transaction|e-?mail)",
        r"(?:someone|somebody) (?:else )?(?:has |is |was |keeps )?(?:logg|sign)(?:ed|ing) (?:in|into|on)",
        r"(?:someone|somebody) (?:else )?(?:has |is |was )?(?:got|broken?|us(?:ed|ing)|access(?:ed|ing)) (?:in|into|my)",
        r"(?:wasn't|was not|not) me (?:who|that) (?:logged|signed|changed|ordered|bought)",
        r"gehackt",
        r"betrug",
        r"pirat[ée]+",
        r"fraude",
        r"hacke(?:ado|ada|aron)",
    ),
    "legal": _any(
        r"lawyers?",
        r"attorneys?",
        r"solicitors?",
        r"barrister",
        r"law ?suits?",
        r"(?:will|to|gonna|going to|shall) sue",
        r"suing (?:you|your)",
        r"sue you",
        r"legal (?:action|steps|advice|team|department|counsel|proceedings|notice|claim|threat|matter)",
        r"small claims",
        r"(?:take|taking|see) (?:you|this|it|them) (?:to|in) court",
        r"court (?:order|case|date|papers)",
        r"subpoena",
        r"cease and desist",
        r"litigation",
        r"arbitration",
        r"(?:rechts)?anw[aä]lt(?:e|in)?",
        r"verklage[n]?",
        r"avocat",
        r"poursuites judiciaires",
        r"abogad[oa]s?",
        r"demandarlos",
        r"avvocato",
        r"advogado",
        r"advocaat",
    ),
    "compliance": _any(
        r"gdpr",
        r"dsgvo",
        r"rgpd",
        r"ccpa",
        r"hipaa",
        r"pci[- ]dss",
        r"data protection",
        r"datenschutz\w*",
        r"privacy (?:law|laws|regulator|authority|officer|rights)",
        r"(?:right to be forgotten|subject access request|right of access)",
        r"regulator(?:s|y)?",
        r"ombuds(?:man|person|stelle)",
        r"supervisory authority",
        r"consumer protection",
        r"trading standards",
        r"money laundering",
        r"sanctions list",
        r"compliance (?:officer|team|department|issue|audit|request)",
    ),
}

_ANGRY = _any(
    r"(?:mother)?f+u+c+k\w*",
    r"(?:bull)?shit\w*",
    r"(?:god)?damn(?:ed|it)?",
    r"wtf",
    r"bloody",
    r"bastards?",
    r"idiots?",
    r"morons?",
    r"liars?",
    r"thieves",
    r"crooks?",
    r"scammers?",
    r"rip-?off",
    r"ridiculous",
    r"outrageous",
    r"unacceptable",
    r"disgrace(?:ful)?",
    r"disgust(?:ing|ed)",
    r"pathetic",
    r"useless",
    r"incompeten(?:t|ce)",
    r"appalling",
    r"furious",
    r"livid",
    r"angry",
    r"fed up",
    r"sick (?:of|and tired)",
    r"worst",
    r"sucks?",
    r"how dare",
    r"shame on",
    r"ashamed",
    r"for (?:god'?s?|christ'?s?|heaven'?s?) sake",
    r"(?:is|what) a joke",
    r"unverschämt\w*",
    r"frechheit",
    r"schei(?:ß|ss)e?",
    r"scandaleux",
    r"inadmissible",
    r"honteux",
    r"merde",
    r"inaceptable",
    r"vergüenza",
    r"mierda",
    r"vergogna",
    r"schandalig",
)
_NEGATIVE = _any(
    r"(?:very |really |so |quite )?(?:disappointed|disappointing)",
    r"disaster",
    r"frustrat(?:ed|ing)",
    r"annoy(?:ed|ing)",
    r"upset",
    r"unhappy",
    r"not (?:at all )?(?:happy|satisfied|pleased|impressed|good|acceptable)",
    r"(?:dis|un)satisf(?:ied|ying|actory)",
    r"dissatisfaction",
    r"terrible",
    r"awful",
    r"horrible",
    r"bad",
    r"poor",
    r"lame",
    r"rude",
    r"unfair",
    r"cheated",
    r"complain\w*",
    r"still (?:waiting|nothing|no (?:answer|reply))",
    r"(?:nobody|no one|noone|never) (?:answers|answered|replies|replied|helps|calls|called)",
    r"(?:third|fourth|fifth|\d+(?:rd|th)) time",
    r"ignor(?:ed|ing) (?:me|my)",
    r"enttäuscht",
    r"ärgerlich",
    r"schlecht\w*",
    r"déçue?",
    r"mécontente?",
    r"decepcionad[oa]",
    r"molest[oa]",
    r"delus[oa]",
    r"teleurgesteld",
)
_POSITIVE = _any(
    r"thank(?:s| you)",
    r"thx",
    r"(?<!be )(?:great|lovely|perfect|awesome|amazing|excellent|brilliant|fantastic|wonderful)",
    r"(?:love|loving) (?:it|this|your|the)",
    r"well done",
    r"(?:very |so |really )?(?:helpful|happy|pleased|grateful)",
    r"much appreciated",
    r"danke",
    r"merci",
    r"gracias",
    r"grazie",
    r"obrigad[oa]",
    r"bedankt",
)
_HURRIED = _any(
    r"urgent(?:ly|e)?",
    r"asap",
    r"a\.s\.a\.p",
    r"as (?:soon|quickly|fast) as (?:possible|you can)",
    r"immediate(?:ly)?",
    r"emergency",
    r"right (?:now|away)",
    r"straight ?away",
    r"at once",
    r"quickly",
    r"swiftly",
    r"hurry",
    r"deadline",
    r"can'?t wait",
    r"(?:by|before) (?:tonight|tomorrow|noon|midnight|end of (?:the )?day)",
    r"dringend",
    r"sofort",
    r"eilig\w*",
    r"imm[ée]diatement",
    r"tout de suite",
    r"inmediatamente",
    r"cuanto antes",
    r"subito",
    r"meteen",
)
_UNHURRIED = _any(
    r"no (?:rush|hurry)",
    r"not urgent",
    r"isn'?t urgent",
    r"not in a hurry",
    r"whenever (?:you|it)",
    r"when you (?:have|get|find) (?:a |some |the )?(?:time|moment|minute|chance)",
    r"take your time",
    r"just (?:curious|wondering)",
    r"nicht eilig",
    r"pas urgent",
    r"no es urgente",
    r"sin prisa",
)
_LOUD_WORD = re.compile(r"\b[A-ZÄÖÜÉ]{3,}\b")
_LOUD_END = re.compile(r"!{2,}|\?!|!\?|\?{3,}")


def flags(text: str) -> tuple[str, ...]:
    """The lists that a word of the text is on, in the order of FLAGS."""
    return tuple(name for name, pattern in FLAGS.items() if pattern.search(text))


def sentiment(text: str) -> Sentiment:
    """The mood the words show; a doubt between two goes to the worse."""
    loud = _is_shouted(text) or bool(_LOUD_END.search(text))
    if _ANGRY.search(text) or (loud and _NEGATIVE.search(text)) or _is_shouted(text):
        return "angry"
    if _NEGATIVE.search(text):
        return "negative"
    return "positive" if _POSITIVE.search(text) else "neutral"


def urgency(text: str) -> Urgency:
    """How soon the customer says it must be; "not urgent" is low although the word is there."""
    if _UNHURRIED.search(text):
        return "low"
    return "high" if _HURRIED.search(text) else "normal"


def _is_shouted(text: str) -> bool:
    # Abbreviations such as USD or API come one or two at a time; a shout has several and little else.
    loud = sum(len(word) for word in _LOUD_WORD.findall(text))
    letters = sum(character.isalpha() for character in text)
    return loud >= 12 and loud * 10 >= letters * 7
