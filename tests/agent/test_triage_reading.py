"""Triage on messages it has not seen: what they are about, in which mood, and what must not break it."""

import csv
import re
from pathlib import Path

import pytest
import yaml

from agent.person import PERSON_UTTERANCES
from agent.triage import OTHER, Triage
from core.conversation import Signals
from core.errors import PolicyFileError
from core.ids import Category
from evals.intake import load_rows, run_intake

CATALOG = Path(__file__).parents[2] / "policies" / "catalog"
PARAPHRASES = Path(__file__).parent / "paraphrases.csv"
DEV = Path(__file__).parents[3] / "shared" / "data" / "triage" / "dev.csv"
needs_dev = pytest.mark.skipif(
    not DEV.is_file(), reason="the messages of other people are not on this machine"
)


@pytest.fixture(scope="module")
def utterances() -> dict[Category, tuple[str, ...]]:
    files = sorted(CATALOG.glob("*.yaml"))
    return {Category(f.stem): tuple(yaml.safe_load(f.read_text("utf-8"))["utterances"]) for f in files}


@pytest.fixture(scope="module")
def triage(utterances: dict[Category, tuple[str, ...]]) -> Triage:
    return Triage.train(utterances)


def test_every_category_of_the_catalog_can_be_read(
    triage: Triage, utterances: dict[Category, tuple[str, ...]]
) -> None:
    assert triage.categories == set(utterances)


def test_each_category_has_forty_utterances_and_none_is_in_two(
    utterances: dict[Category, tuple[str, ...]],
) -> None:
    assert {name: len(texts) for name, texts in utterances.items() if len(texts) < 40} == {}
    texts = [text.casefold() for texts in utterances.values() for text in texts]
    assert len(texts) == len(set(texts))


def test_own_paraphrases_are_read_right(triage: Triage) -> None:
    report = run_intake(load_rows(PARAPHRASES, triage.categories), triage)
    assert report.accuracy >= 0.95
    assert report.precision_at_coverage["0.8"] == 1


@needs_dev
def test_messages_of_other_people_are_read_right(triage: Triage) -> None:
    report = run_intake(load_rows(DEV, triage.categories), triage)
    assert report.accuracy >= 0.95
    assert report.precision_at_coverage["0.7"] >= 0.985
    assert report.ms_per_message < 5


@needs_dev
def test_confidence_means_what_it_says_on_messages_of_other_people(triage: Triage) -> None:
    rows = load_rows(DEV, triage.categories)[::4]
    report = run_intake(rows, triage, confidence=0.9)
    sure = [
        reading.sureness for reading in map(triage.weigh, (r.text for r in rows)) if reading.sureness >= 0.9
    ]
    assert report.at_confidence.precision == pytest.approx(sum(sure) / len(sure), abs=0.03)


def _normalised(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


@needs_dev
def test_no_utterance_is_a_message_of_the_dev_file(utterances: dict[Category, tuple[str, ...]]) -> None:
    with DEV.open(encoding="utf-8", newline="") as lines:
        theirs = {_normalised(row["text"]) for row in csv.DictReader(lines)}
    ours = [*PERSON_UTTERANCES, *(text for texts in utterances.values() for text in texts)]
    assert [text for text in ours if _normalised(text) in theirs] == []


def test_no_paraphrase_is_trained_on(utterances: dict[Category, tuple[str, ...]]) -> None:
    ours = {_normalised(text) for texts in utterances.values() for text in texts}
    with PARAPHRASES.open(encoding="utf-8", newline="") as lines:
        assert [row["text"] for row in csv.DictReader(lines) if _normalised(row["text"]) in ours] == []


def test_the_story_of_the_double_charge(triage: Triage) -> None:
    signals = triage.read("I was charged twice for order 1042, I want my money back")
    assert signals == Signals(
        category=Category("duplicate_charge"),
        confidence=signals.confidence,
        sentiment="neutral",
        urgency="normal",
        language="en",
        wants_person=False,
        flags=(),
    )
    assert signals.confidence > 0.9


def test_a_lone_surrogate_does_not_hide_the_words(triage: Triage) -> None:
    assert triage.read("\ud800 I want a refund").category == "refund_request"


def test_the_value_of_a_number_does_not_matter(triage: Triage) -> None:
    one, two = (triage.read(f"where is order {number}") for number in ("1042", "998877665544"))
    assert one == two
    assert one.category == "order_status"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        pytest.param("cancel order 1042", "order_cancel", id="a-verb-beside-it"),
        pytest.param("invoice 90210", "invoice_request", id="a-thing-one-can-only-want"),
        pytest.param("upgrade to Pro yearly", "subscription_change", id="few-words"),
        pytest.param(
            "The admin of our workspace left, how do we change the admin?", "how_to", id="workspace-admin"
        ),
        pytest.param("Bitte erstatten Sie die Bestellung ORD-1001.", "refund_request", id="german"),
    ],
)
def test_short_and_odd_wishes_are_still_wishes(triage: Triage, text: str, category: str) -> None:
    signals = triage.read(text)
    assert signals.category == category
    assert signals.confidence >= 0.6


def test_two_trainings_read_alike(utterances: dict[Category, tuple[str, ...]], triage: Triage) -> None:
    again = Triage.train(dict(reversed(utterances.items())))
    for text in ("cancel my plan", "xkq zzv", "hi", "my app is slow and I want my money"):
        assert again.weigh(text) == triage.weigh(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n\t", id="blank"),
        pytest.param("2", id="choice"),
        pytest.param("1042", id="order-number"),
        pytest.param("ORD-1001", id="order-code"),
        pytest.param("it's order #1042, thanks", id="order-named"),
        pytest.param("jane@example.com", id="mail"),
        pytest.param("?!...", id="punctuation"),
        pytest.param("😀" * 10_000, id="emoji"),
        pytest.param("\x00\xff\x01\x1b[0m" * 2_000, id="binary"),
        pytest.param("\ud800\udfff", id="lone-surrogates"),
        pytest.param("xkjhd qwpoei zmxnc bcdfg", id="keyboard"),
        pytest.param("你好世界", id="another-script"),
    ],
)
def test_what_says_nothing_is_other_and_unsure(triage: Triage, text: str) -> None:
    signals = triage.read(text)
    assert (signals.category, signals.wants_person, signals.language) == (OTHER, False, signals.language)
    assert signals.confidence < 0.6


@pytest.mark.parametrize("filler", ["x", "a ", "lorem ipsum ", "!", "💥", "\x00"])
def test_sixteen_kilobytes_are_read_by_their_ends(triage: Triage, filler: str) -> None:
    wall = filler * (16_384 // len(filler))
    signals = triage.read(
        f"I would like a refund for order 1042. {wall} I want my money back, please refund me."
    )
    assert signals.category == "refund_request"


def test_words_that_bring_a_person_are_found_in_the_middle_of_a_wall(triage: Triage) -> None:
    wall = "word " * 1_500
    assert triage.read(f"hello {wall} my lawyer will write {wall} bye").flags == ("legal",)


def test_a_request_for_a_person_leaves_the_category_alone(triage: Triage) -> None:
    signals = triage.read("I want a refund for my order and I want to talk to a human")
    assert (signals.category, signals.wants_person) == ("refund_request", True)


def test_a_bare_request_for_a_person_has_no_category(triage: Triage) -> None:
    signals = triage.read("human please")
    assert (signals.category, signals.wants_person) == (OTHER, True)
    assert signals.confidence > 0.9


def test_declining_a_person_is_no_request_for_one(triage: Triage) -> None:
    signals = triage.read("I don't want to talk to an agent, just cancel my subscription")
    assert (signals.category, signals.wants_person) == ("subscription_cancel", False)


def test_without_other_triage_is_refused() -> None:
    with pytest.raises(PolicyFileError, match="'other' needs utterances"):
        Triage.train({Category("refund_request"): ("refund me", "money back")})


def test_a_category_named_like_the_signal_is_refused() -> None:
    with pytest.raises(PolicyFileError, match="is a signal, not a category"):
        Triage.train({OTHER: ("hi", "hello"), Category("wants_person"): ("human", "agent")})


def test_a_category_with_one_utterance_is_refused_by_name() -> None:
    given = {OTHER: ("hi", "hello"), Category("refund_request"): ("refund me",)}
    with pytest.raises(PolicyFileError, match="'refund_request' has one utterance"):
        Triage.train(given)


def test_a_category_without_utterances_is_never_chosen() -> None:
    given = {
        OTHER: ("hi", "hello", "good day"),
        Category("a"): ("refund me", "money back", "repay"),
        Category("b"): (),
    }
    assert Triage.train(given).categories == {OTHER, "a"}
