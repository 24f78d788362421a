"""Which of the languages we know a message is written in."""

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
DEFAULT = "en"
# One or two words are a coin toss ("refund" reads as German): measured on our utterances, below this the
# identifier is wrong about as often as it is right.
SURE = 0.55
ENOUGH_LETTERS = 8

# Said once, before the first English sentence, to people who wrote in another language.
IN_ENGLISH = {
    "de": "Ich antworte auf Englisch; wenn Ihnen das nicht hilft, schreiben Sie „Mensch“.",
    "fr": "Je réponds en anglais ; si cela ne vous aide pas, écrivez « humain ».",
    "es": "Respondo en inglés; si no le ayuda, escriba «persona».",
    "it": "Rispondo in inglese; se non le è utile, scriva «operatore».",
    "pt": "Respondo em inglês; se isso não ajudar, escreva «pessoa».",
    "nl": "Ik antwoord in het Engels; als dat niet helpt, schrijf dan ‘medewerker’.",
}


class LanguageReader:
    """Tells the language of a text; English when the text is short or the answer is unsure."""

    def __init__(self) -> None:
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._identifier.set_languages(list(LANGUAGES))

    def read(self, text: str) -> str:
        """One of LANGUAGES."""
        if sum(character.isalpha() for character in text) < ENOUGH_LETTERS:
            return DEFAULT
        language, share = self._identifier.classify(text)
        return str(language) if float(share) >= SURE else DEFAULT
