"""`remit autonomy evidence` and `drift` on numbers: the keys of the report, and a sentence for what makes no sense."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from core.errors import Invalid
from service.cli import command_line


def _ran(words: str) -> Any:
    ran = CliRunner().invoke(command_line(("autonomy",)), ["autonomy", *words.split(), "--json"])
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_evidence_reports_under_stable_keys() -> None:
    found = _ran("evidence --n 357 --k 0 --threshold 0.01")
    assert found["log_e"] == pytest.approx(2.9974088424, abs=1e-9)
    assert found["graduates"] is True
    assert found["effective_threshold"] == 0.01
    assert found["upper_bound"] < 0.01
    assert found["blocked_by"] == ["days", "canaries"]


def test_canaries_lower_the_threshold_and_few_tickets_block() -> None:
    found = _ran("evidence --n 99 --k 0 --threshold 0.05 --canaries 60 --missed 0 --days 14")
    assert found["graduates"] is True
    assert found["blocked_by"] == ["n"]
    assert _ran("evidence --n 100 --threshold 0.05 --canaries 60 --days 13")["blocked_by"] == ["days"]
    assert "evidence" in _ran("evidence --n 10 --threshold 0.05 --canaries 60 --days 14")["blocked_by"]


def test_drift_reports_every_statistic_and_the_alarm() -> None:
    found = _ran("drift --threshold 0.01 --audits 0,0,1,0,1")
    assert found["statistics"][-1] == pytest.approx(64.9953921984, abs=1e-9)
    assert found["alarm_at"] is None
    assert _ran("drift --threshold 0.01 --audits 1,1,1,1,1,1")["alarm_at"] == 5


@pytest.mark.parametrize(
    "words",
    [
        "evidence --n 5 --k 6 --threshold 0.01",
        "evidence --n 5",
        "evidence --n 5 --threshold 1",
        "evidence --n 5 --threshold 0.01 --alpha 0",
        "evidence --n 5 --threshold 0.01 --missed 2",
        "evidence --n 5 --threshold 0.01 --canaries 1 --missed 2",
        "drift --threshold 0.01 --audits 0,two",
        "drift --threshold 0.01 --audits 0,2",
        "drift --threshold 7 --audits 0",
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(words: str) -> None:
    with pytest.raises(Invalid, match=r"\.$|\?$"):
        _ran(words)
