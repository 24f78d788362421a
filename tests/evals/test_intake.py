"""The intake suite counts as it says and refuses files it cannot trust."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.triage import Reading
from core.conversation import Signals
from core.errors import Invalid
from core.ids import Category
from evals.intake import Row, load_rows, main_text, run_intake

KNOWN = ("refund_request", "other")


class FixedReader:
    """Reads each text as told: category (or wants_person beside one) and how sure."""

    def __init__(self, readings: Mapping[str, tuple[str, bool, float]]) -> None:
        self._readings = readings

    def weigh(self, text: str) -> Reading:
        category, wants_person, sureness = self._readings[text]
        signals = Signals(
            category=Category(category),
            confidence=sureness,
            sentiment="neutral",
            urgency="normal",
            language="en",
            wants_person=wants_person,
        )
        return Reading(signals, sureness)


READER = FixedReader(
    {
        "a": ("refund_request", False, 0.9),
        "b": ("other", False, 0.8),
        "c": ("refund_request", True, 0.7),
        "d": ("other", False, 0.3),
    }
)


def _rows(*categories: str) -> tuple[Row, ...]:
    return tuple(Row(text=text, category=category) for text, category in zip("abcd", categories, strict=True))


def test_all_right() -> None:
    report = run_intake(_rows("refund_request", "other", "wants_person", "other"), READER)
    assert (report.n, report.accuracy) == (4, 1.0)
    assert report.precision_at_coverage == {"0.5": 1.0, "0.6": 1.0, "0.7": 1.0, "0.8": 1.0, "0.9": 1.0}


def test_a_person_signal_elsewhere_is_wrong_although_the_category_is_right() -> None:
    report = run_intake(_rows("refund_request", "other", "refund_request", "other"), READER)
    assert report.accuracy == 0.75
    assert report.confusion["refund_request"] == {"refund_request": 1, "wants_person": 1}


def test_a_row_asking_for_a_person_needs_the_signal() -> None:
    report = run_intake(_rows("wants_person", "other", "wants_person", "other"), READER)
    assert report.confusion["wants_person"] == {"refund_request": 1, "wants_person": 1}


def test_precision_counts_the_surest_rows_first() -> None:
    report = run_intake(_rows("refund_request", "other", "wants_person", "refund_request"), READER)
    assert report.precision_at_coverage == {"0.5": 1.0, "0.6": 1.0, "0.7": 1.0, "0.8": 0.75, "0.9": 0.75}


def test_a_tie_never_flatters() -> None:
    reader = FixedReader({"a": ("other", False, 0.9), "b": ("other", False, 0.9)})
    rows = (Row(text="a", category="other"), Row(text="b", category="refund_request"))
    assert run_intake(rows, reader).precision_at_coverage["0.5"] == 0.0


@pytest.mark.parametrize(
    ("confidence", "coverage", "precision"),
    [
        pytest.param(0.7, 0.75, 1.0, id="the-bar-itself-is-in"),
        pytest.param(0.71, 0.5, 1.0, id="just-above"),
        pytest.param(0.0, 1.0, 0.75, id="all"),
        pytest.param(1.0, 0.0, None, id="none-that-sure"),
    ],
)
def test_the_chosen_confidence(confidence: float, coverage: float, precision: float | None) -> None:
    rows = _rows("refund_request", "other", "wants_person", "refund_request")
    chosen = run_intake(rows, READER, confidence=confidence).at_confidence
    assert (chosen.coverage, chosen.precision) == (coverage, precision)


def test_per_category_numbers() -> None:
    report = run_intake(_rows("refund_request", "refund_request", "wants_person", "other"), READER)
    score = report.by_category["refund_request"]
    assert (score.n, score.recall, score.read_as_it, score.precision) == (2, 0.5, 1, 1.0)
    assert report.by_category["other"].precision == 0.5


def test_the_text_names_the_numbers_and_the_mistakes() -> None:
    text = main_text(run_intake(_rows("refund_request", "refund_request", "wants_person", "other"), READER))
    assert text.startswith("4 messages")
    assert "accuracy                      75.0%" in text
    assert "at confidence 0.60: coverage 75.0%, precision 66.7%" in text
    assert "taken for" in text
    assert "other 1" in text


def test_the_json_has_the_agreed_keys() -> None:
    dumped = run_intake(_rows("refund_request", "other", "wants_person", "other"), READER).model_dump()
    assert {"n", "accuracy", "precision_at_coverage", "ms_per_message", "confusion", "by_category"} <= set(
        dumped
    )


def test_no_rows_and_a_wrong_bar_are_refused() -> None:
    with pytest.raises(Invalid, match="at least one message"):
        run_intake((), READER)
    with pytest.raises(Invalid, match="between 0 and 1"):
        run_intake(_rows("other", "other", "other", "other"), READER, confidence=1.5)


def _write(folder: Path, content: bytes) -> Path:
    path = folder / "rows.csv"
    path.write_bytes(content)
    return path


def test_extra_columns_quotes_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = _write(tmp_path, '\ufefftext,category,source\n"a, ""b""\nc",refund_request,x\n,other,\n'.encode())
    assert load_rows(path, KNOWN) == (
        Row(text='a, "b"\nc', category="refund_request"),
        Row(text="", category="other"),
    )


def test_wants_person_is_always_known(tmp_path: Path) -> None:
    assert (
        load_rows(_write(tmp_path, b"text,category\nhuman,wants_person\n"), KNOWN)[0].category
        == "wants_person"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "rows.csv: empty; expected a CSV with the columns text, category", id="empty"),
        pytest.param(b"text,category\n", "rows.csv: no rows", id="header-only"),
        pytest.param(
            b"text,label\na,other\n", "rows.csv:1: no column 'category'; found: 'text', 'label'", id="column"
        ),
        pytest.param(
            b"text,category\na,other\nb,refnd\n", "rows.csv:3: unknown category 'refnd'; known:", id="unknown"
        ),
        pytest.param(b"text,category\na\n", "rows.csv:2: a row needs both text and category", id="short-row"),
        pytest.param(b"text,category\n\xff,other\n", "rows.csv: not UTF-8 at byte 14", id="not-utf-8"),
        pytest.param(
            b'text,category\n"a,other\n', "rows.csv:1: not CSV (unexpected end of data)", id="open-quote"
        ),
    ],
)
def test_a_bad_file_gets_a_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        load_rows(_write(tmp_path, content), KNOWN)
    assert message in str(refused.value)


def test_a_missing_file_gets_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"nowhere\.csv: cannot be read \(No such file or directory\)"):
        load_rows(tmp_path / "nowhere.csv", KNOWN)
