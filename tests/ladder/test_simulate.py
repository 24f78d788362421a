"""The ladder's own code on invented streams keeps its promises: wrong graduations are rare, drift is noticed soon."""

from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from approvals.ladder.simulate import Setting, simulate
from core.errors import Invalid
from service.cli import command_line


def test_a_category_at_its_threshold_hardly_ever_graduates() -> None:
    found = simulate(Setting(0.05, 0.05, 0.0, 0.2, streams=150, tickets=1_000))
    assert found.is_false
    assert found.graduated <= 0.05


def test_a_good_category_graduates_and_the_same_seed_says_the_same() -> None:
    setting = Setting(0.05, 0.005, 0.0, 0.2, streams=25, tickets=1_000, seed=4)
    found = simulate(setting)
    assert found.graduated >= 0.9
    assert found.median_tickets is not None
    assert 100 <= found.median_tickets <= 500
    assert simulate(setting) == found


def test_reviewers_who_miss_half_never_graduate_a_bad_category() -> None:
    found = simulate(Setting(0.05, 0.06, 0.5, 0.2, streams=25, tickets=1_000))
    assert found.graduated == 0
    assert found.found_out >= 0.9


def test_drift_is_noticed_about_as_soon_as_the_table_says() -> None:
    # 5 % audits with bursts at a threshold of 1 %: 526 tickets at five times, 242 at ten times the threshold.
    five, ten = simulate(Setting(0.01, 0.001, 0.0, 0.05, streams=120, tickets=100)).demotions[1:]
    assert five.mean_tickets == pytest.approx(526, rel=0.2)
    assert ten.mean_tickets == pytest.approx(242, rel=0.2)
    assert (five.rang, ten.rang) == (1.0, 1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0.0},
        {"error_rate": 1.2},
        {"miss_rate": -0.1},
        {"audit": 0.0},
        {"streams": 0},
        {"tickets": 99},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    told = {"threshold": 0.01, "error_rate": 0.0, "miss_rate": 0.0, "audit": 0.2}
    with pytest.raises(Invalid):
        Setting(**{**told, **wrong})  # type: ignore[arg-type]


def test_the_command_reports_and_draws(tmp_path: object) -> None:
    words = "autonomy simulate --threshold 0.2 --error-rate 0.01 --streams 5 --tickets 200 --json --plot"
    file = f"{tmp_path}/plot.svg"
    ran = CliRunner().invoke(command_line(("autonomy",)), [*words.split(), file])
    assert ran.exit_code == 0, ran.output
    for key in ("graduated", "false_graduation", "median_tickets", "found_out", "demotion"):
        assert f'"{key}"' in ran.stdout
    root = ElementTree.parse(file).getroot()
    assert root.tag.endswith("svg")
    assert "true error rate 1 %" in (root[0].text or "")
