"""The quick shares are sklearn's own, to the last digits that matter."""

import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from agent.quick import QuickShares

LESSONS = {
    "refund": ["I want my money back", "refund my order", "give me a refund", "money back please"],
    "cancel": ["cancel my plan", "end my subscription", "stop the subscription", "cancel it please"],
    "where": ["where is my order", "track my parcel", "has it been sent", "where is the parcel"],
}


@pytest.mark.parametrize("text", ["refund refund my parcel please", "where is it", "xyzzy", "", "z" * 5000])
def test_shares_are_those_of_sklearn(text: str) -> None:
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(sublinear_tf=True)),
            ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
        ],
        transformer_weights={"words": 1.0, "letters": 1.4},
    )
    texts = [text for texts in LESSONS.values() for text in texts]
    labels = [name for name, texts in LESSONS.items() for _ in texts]
    classifier = CalibratedClassifierCV(LinearSVC(C=0.3), method="temperature", cv=2, ensemble=False)
    classifier.fit(features.fit_transform(texts), labels)
    exact = classifier.predict_proba(features.transform([text]))[0]
    assert QuickShares(features, classifier).shares(text) == pytest.approx(exact, abs=1e-9)
