"""The word lists, the language and asking for a person, on both sides of each boundary."""

import pytest

from agent import person, words
from agent.language import LANGUAGES, LanguageReader


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("my account was hacked", ("security",), id="hacked"),
        pytest.param("someone else logged into my account", ("security",), id="intruder"),
        pytest.param("there was an unauthorised payment", ("security",), id="unauthorised"),
        pytest.param("my lawyer will call you", ("legal",), id="lawyer"),
        pytest.param("I will sue you", ("legal",), id="sue"),
        pytest.param("we are taking legal action", ("legal",), id="legal-action"),
        pytest.param("this is a GDPR request", ("compliance",), id="gdpr"),
        pytest.param("Datenschutzbeauftragter", ("compliance",), id="datenschutz"),
        pytest.param("hacked! my attorney invokes the CCPA", ("security", "legal", "compliance"), id="all"),
        pytest.param("I lost my security key", (), id="security-key"),
        pytest.param("is crypto legal", (), id="legal-alone"),
        pytest.param("Sue ordered the shoes", (), id="sue-the-person"),
        pytest.param("hackathon tickets", (), id="part-of-a-word"),
        pytest.param("on the tennis court", (), id="court-alone"),
        pytest.param("", (), id="empty"),
    ],
)
def test_flags(text: str, expected: tuple[str, ...]) -> None:
    assert words.flags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("where is my order", "neutral", id="plain"),
        pytest.param("thanks, that was helpful", "positive", id="thanks"),
        pytest.param("it would be great to have a refund", "neutral", id="would-be-great"),
        pytest.param("I am very disappointed", "negative", id="disappointed"),
        pytest.param("not happy with this, thanks", "negative", id="negative-beats-positive"),
        pytest.param("I am disappointed!!", "angry", id="negative-and-loud"),
        pytest.param("thank you!!", "positive", id="loud-and-glad"),
        pytest.param("this is ridiculous", "angry", id="ridiculous"),
        pytest.param("GIVE ME BACK MY MONEY", "angry", id="shouted"),
        pytest.param("USD or EUR for the API", "neutral", id="abbreviations"),
        pytest.param("das ist eine Frechheit", "angry", id="german"),
        pytest.param("c'est inadmissible", "angry", id="french"),
        pytest.param("", "neutral", id="empty"),
    ],
)
def test_sentiment(text: str, expected: str) -> None:
    assert words.sentiment(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("refund me", "normal", id="plain"),
        pytest.param("refund me asap", "high", id="asap"),
        pytest.param("I need it as soon as possible", "high", id="soon"),
        pytest.param("bitte sofort", "high", id="german"),
        pytest.param("not urgent, refund me", "low", id="not-urgent"),
        pytest.param("whenever you have time", "low", id="whenever"),
    ],
)
def test_urgency(text: str, expected: str) -> None:
    assert words.urgency(text) == expected


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        pytest.param("can I please talk to a real person about this", True, id="talk"),
        pytest.param("put me through to your manager", True, id="manager"),
        pytest.param("I need a human", True, id="need"),
        pytest.param("ich will mit einem Mitarbeiter sprechen", True, id="german"),
        pytest.param("I don't know how to talk to an agent", True, id="does-not-know-how"),
        pytest.param("no need to talk to an agent", False, id="declined"),
        pytest.param("I don't want to speak to a person", False, id="not-wanted"),
        pytest.param("transfer my plan to another workspace", False, id="transfer-a-thing"),
        pytest.param("change my personal data", False, id="personal"),
        pytest.param("I need a refund", False, id="need-a-thing"),
        pytest.param("", False, id="empty"),
    ],
)
def test_asking_for_a_person(text: str, *, asks: bool) -> None:
    assert person.asks_for_person(text) is asks


@pytest.fixture(scope="module")
def reader() -> LanguageReader:
    return LanguageReader()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("Where is the parcel that I ordered last week?", "en", id="en"),
        pytest.param("Wo ist das Paket, das ich letzte Woche bestellt habe?", "de", id="de"),
        pytest.param("Où est le colis que j'ai commandé la semaine dernière ?", "fr", id="fr"),
        pytest.param("¿Dónde está el paquete que pedí la semana pasada?", "es", id="es"),
        pytest.param("Dov'è il pacco che ho ordinato la settimana scorsa?", "it", id="it"),
        pytest.param("Onde está a encomenda que eu pedi na semana passada?", "pt", id="pt"),
        pytest.param("Waar is het pakje dat ik vorige week heb besteld?", "nl", id="nl"),
        pytest.param("refund", "en", id="too-short"),
        pytest.param("1042", "en", id="number"),
        pytest.param("", "en", id="empty"),
    ],
)
def test_language(text: str, language: str, reader: LanguageReader) -> None:
    assert language in LANGUAGES
    assert reader.read(text) == language
