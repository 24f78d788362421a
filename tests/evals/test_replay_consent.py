"""How a yes is read from a transcript: what must have been stated, what counts as a yes, what takes it back."""

import json
from pathlib import Path

import pytest

from evals.domains.airline.claims import methods_of
from evals.domains.airline.records import User
from evals.domains.pack import load_pack
from evals.domains.paying import payment_claim
from evals.domains.stating import (
    amount_phrases,
    bags_claim,
    claim,
    contains,
    date_phrases,
    plain,
)
from evals.domains.words import covered_reason, wants_compensation
from evals.replay.consent import Talk, changes, is_yes
from evals.replay.judge import replay
from evals.replay.runs import load_runs
from evals.replay.talk import Said
from tests.evals import replay_worlds as w

AIRLINE = w.SHARED / "tau-airline"
LABELS = Path(__file__).parent / "replay_labels.json"


@pytest.mark.parametrize(
    "reply",
    [
        "Yes",
        "yes, please go ahead!",
        "Sure, that works for me.",
        "Everything looks good! I'd like to use the card ending in 9911.",
        "Confirming to proceed with both. Also, do I have other flights?",
        "No, that's all. Please proceed.",
        "No other changes, go ahead",
        "If that's the only option, then yes, do it.",
        "Oui, please proceed. Merci!",
        "Yes, cancel it, it is no longer needed.",
        "Yes. I can't wait!",
        "Yes, go ahead. I'll wait for the mail.",
        "Yes, the large lamp instead of the small one.",
        "Yes, the one-stop flight is fine. I don't need a bag.",
    ],
)
def test_this_is_a_yes(reply: str) -> None:
    assert is_yes(plain(reply))


@pytest.mark.parametrize(
    "reply",
    [
        "No",
        "No, please proceed with the other one instead.",
        "Yes, but use my gift card.",
        "Yes, if it is under $100.",
        "Yes, as long as there is no fee.",
        "Wait, how much is that?",
        "Would that be okay?",
        "Which card would be charged?",
        "I'd like the second one, HAT123.",
        "Actually, let's keep it.",
        "Don't cancel it yet.",
        "Let me think about it.",
        "",
    ],
)
def test_this_is_no_yes(reply: str) -> None:
    assert not is_yes(plain(reply))


def test_thanks_after_a_yes_change_nothing_and_second_thoughts_do() -> None:
    assert not changes(plain("Great, thank you. What about my other trip?"))
    assert changes(plain("Hold on, I changed my mind."))


GOLD = claim("colour", ("gold",), ("silver",))
SIZE = claim("size", ("size 42",))


def talk(*lines: str) -> Talk:
    """Agent and customer in turns, the agent first."""
    made = Talk()
    for index, line in enumerate(lines):
        made.add(Said("customer" if index % 2 else "agent", line, index))
    return made


@pytest.mark.parametrize(
    ("lines", "given"),
    [
        pytest.param(("Gold, size 42?", "Yes."), True, id="all-and-yes"),
        pytest.param(("Gold?", "Yes, size 42."), True, id="the-reply-names-the-rest"),
        pytest.param(("Gold?", "Yes.", "Size 42?", "Yes."), False, id="never-together"),
        pytest.param(("Gold, size 42?", "How much is it?"), False, id="a-question"),
        pytest.param(
            ("Gold, size 42?", "How much?", "$5. Shall I?", "Yes."), False, id="yes-to-something-else"
        ),
        pytest.param(
            ("Gold, size 42?", "Yes.", "Done. Anything else?", "No, thanks."), True, id="and-then-thanks"
        ),
        pytest.param(("Gold, size 42?", "Yes.", "Sure?", "Wait, stop that."), False, id="taken-back"),
        pytest.param(
            ("Gold, size 42?", "Yes.", "Silver is out. Confirm silver?", "Yes."), False, id="asked-anew"
        ),
        pytest.param(
            ("Gold, size 42?", "No.", "Gold, size 42, cheaper?", "Yes."), True, id="the-last-counts"
        ),
        pytest.param(("Gold, size 42?", "Yes, in silver."), False, id="the-yes-names-another"),
        pytest.param(("Gold, size 42?", "Yes, silver instead of gold."), False, id="the-yes-leaves-it-out"),
        pytest.param(("Gold, size 43?", "Yes."), False, id="another-size"),
    ],
)
def test_a_yes_must_follow_the_last_statement_of_everything(lines: tuple[str, ...], given: bool) -> None:
    found = talk(*lines).consent([GOLD, SIZE])
    assert found.given is given
    assert bool(found.because) is not given


@pytest.mark.parametrize(
    ("text", "phrase", "stands"),
    [
        ("it costs $250.", "250", True),
        ("it costs 1250", "250", False),
        ("it costs 250.50", "250", False),
        ("it costs 250.00", "250.00", True),
        ("it costs 4.250", "250", False),
        ("a skylamp", "lamp", False),
        ("the lamp, please", "lamp", True),
    ],
)
def test_phrases_stand_as_words(text: str, phrase: str, stands: bool) -> None:
    assert contains(text, phrase) is stands


def test_amounts_and_days_are_found_as_people_write_them() -> None:
    assert "1250.5" in amount_phrases(125_050)
    assert plain("**$1,250.50**") == "$1250.50"
    for written in ("May 3rd", "3 May", "2024-05-03", "5/3/2024", "the 3rd of May"):
        assert any(contains(plain(written), phrase) for phrase in date_phrases("2024-05-03")), written
    assert not any(contains("may 13", phrase) for phrase in date_phrases("2024-05-03"))


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("2 checked bags", True),
        ("Total Checked Bags: 2", True),
        ("two free bags", True),
        ("| Checked bags | 2 |", True),
        ("12 bags", False),
        ("3 bags", False),
    ],
)
def test_bags_are_counted(text: str, stated: bool) -> None:
    assert bags_claim(2).stated(plain(text)) is stated


METHODS = methods_of(
    User.model_validate(
        {"name": {"first_name": "", "last_name": ""}, "membership": "gold", "payment_methods": w.METHODS}
    )
)


@pytest.mark.parametrize(
    ("statement", "reply", "agreed"),
    [
        pytest.param("Your Visa is charged.", "Yes", True, id="brand"),
        pytest.param("The card ending in 9911 is charged.", "Yes", True, id="last-four"),
        pytest.param("Your credit card is charged.", "Yes", False, id="one-of-two-cards"),
        pytest.param("Your Mastercard is charged.", "Yes", False, id="the-other"),
        pytest.param("It goes back to the original payment method.", "Yes", True, id="original"),
        pytest.param("Which payment method: Visa or Mastercard?", "Yes", False, id="asked-which"),
        pytest.param(
            "Which payment method: Visa or Mastercard?", "Yes, the Visa", True, id="asked-and-answered"
        ),
    ],
)
def test_a_way_to_pay_must_be_told_from_the_others(statement: str, reply: str, agreed: bool) -> None:
    wanted = payment_claim(w.CARD, METHODS, (w.CARD,))
    assert wanted.agreed(plain(statement), plain(reply)) is agreed


def test_reasons_are_read_from_plain_words_only() -> None:
    assert covered_reason(["I am sick."])
    for words in (
        "There is a snowstorm",
        "bad weather",
        "I am not feeling well",
        "she broke her leg",
        "COVID-19",
    ):
        assert covered_reason([words]), words
    assert not covered_reason(["A change of plans."])
    assert not covered_reason(["It is not for health reasons."])
    assert wants_compensation(["I expect a voucher"])
    assert not wants_compensation(["Pay with certificate_123"])


@pytest.mark.skipif(not AIRLINE.is_dir(), reason="the recorded runs are not here")
def test_labelled_examples_are_read_as_a_person_did() -> None:
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    pack = load_pack("airline")
    read = {
        (int(one.run.task), int(one.run.trial), one.call.index): one.consent.given
        for one in replay(pack, pack.open(AIRLINE), load_runs(AIRLINE / "gpt-4o.json"))
    }
    yes = [read[tuple(place)] for place in labels["confirmed"]]
    no = [read[tuple(place)] for place in labels["not_confirmed"]]
    assert len(yes) >= 40
    assert len(no) >= 40
    precision, recall = sum(yes) / (sum(yes) + sum(no)), sum(yes) / len(yes)
    assert precision >= 0.95
    assert recall >= 0.95
