"""A trained classifier as plain tables: the same shares for one message, without sklearn's checks of whole batches."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import FeatureUnion

Numbers = numpy.ndarray[Any, numpy.dtype[numpy.float64]]


class QuickShares:
    """Reads the vectorizers and the one calibrated linear model once; tests hold it to sklearn's own answer."""

    def __init__(self, features: FeatureUnion, classifier: CalibratedClassifierCV) -> None:
        [fitted] = classifier.calibrated_classifiers_
        weights: Numbers = numpy.ascontiguousarray(fitted.estimator.coef_.T)
        self._intercept: Numbers = fitted.estimator.intercept_
        self._sharpness = float(fitted.calibrators[0].beta_)
        self._blocks: list[_Block] = []
        start = 0
        for name, vectorizer in features.transformer_list:
            end = start + len(vectorizer.vocabulary_)
            worth = (features.transformer_weights or {}).get(name, 1.0)
            self._blocks.append(_Block(vectorizer, weights[start:end] * worth))
            start = end

    def shares(self, text: str) -> list[float]:
        """The share of each class, in the classifier's order."""
        scores = self._intercept + sum(block.scores(text) for block in self._blocks)
        powers = numpy.exp(self._sharpness * (scores - scores.max()))
        return [float(share) for share in powers / powers.sum()]


class _Block:
    """One vectorizer (sublinear tf-idf, unit length) and its rows of weights."""

    def __init__(self, vectorizer: Any, weights: Numbers) -> None:
        self._pieces: Callable[[str], Sequence[str]] = vectorizer.build_analyzer()
        self._places: dict[str, int] = vectorizer.vocabulary_
        self._rarity: Numbers = vectorizer.idf_
        self._weights = weights

    def scores(self, text: str) -> Numbers | float:
        places = self._places
        counts = Counter(places[piece] for piece in self._pieces(text) if piece in places)
        if not counts:
            return 0.0
        at = numpy.fromiter(counts.keys(), dtype=numpy.intp, count=len(counts))
        said = numpy.fromiter(counts.values(), dtype=numpy.float64, count=len(counts))
        values = (1.0 + numpy.log(said)) * self._rarity[at]
        scores: Numbers = (values / numpy.sqrt((values * values).sum())) @ self._weights[at]
        return scores
