"""A sample of the crash harness: `remit evals crash` does the rest (docs/crashes.md)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evals.crash.plans import Measured, chosen
from evals.crash.verdict import Kill, Run, Seen, as_text, reported

ROOT = Path(__file__).resolve().parents[2]
MEASURED = Measured(story=30, story_writes=12, worker=10, effect=4, recovery_writes=9, seconds=1.0)
DONE = Seen(effects=1, states=("executed",), with_person=False, said_done=1, receipts=1, mails_done=1)


def _with(**more: object) -> Seen:
    return Seen.of({**DONE.as_document(), **more})


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        pytest.param(DONE, [], id="one-and-told"),
        pytest.param(_with(effects=2), ["2 effects"], id="two"),
        pytest.param(_with(said_done=2), ["told 2 times, 1 receipts"], id="told-twice"),
        pytest.param(
            _with(effects=0, with_person=True), ["told done when it was not"], id="told-without-effect"
        ),
        pytest.param(
            _with(effects=0, said_done=0, receipts=0, mails_done=0, with_person=True), [], id="person-asked"
        ),
        pytest.param(
            _with(effects=0, said_done=0, receipts=0, mails_done=0, states=("failed",)),
            ["no effect and nobody asked: failed"],
            id="nobody-asked",
        ),
        pytest.param(_with(said_done=0), ["done and never told: executed"], id="never-told"),
        pytest.param(_with(open_jobs=3), ["3 jobs never came to rest"], id="restless"),
    ],
)
def test_the_verdict_sees_what_is_wrong(seen: Seen, wrong: list[str]) -> None:
    assert seen.wrong_at_rest() == wrong


def test_the_whole_holds_every_point_and_every_pair() -> None:
    plans = chosen(None, MEASURED, seed=1)
    points = {plan.first for plan in plans if plan.kind == "points"}
    pairs = {(plan.first, plan.second) for plan in plans if plan.kind == "pairs"}
    database = {plan.first for plan in plans if plan.kind == "database" and plan.second is None}
    assert points == set(range(1, 31))
    assert pairs == {(a, b) for a in range(1, 5) for b in range(1, 10)}
    assert database == set(range(1, 13))


@pytest.mark.parametrize("kills", [20, 60])
def test_a_part_is_shared_out_over_all_kinds(kills: int) -> None:
    plans = chosen(kills, MEASURED, seed=1)
    assert {plan.kind for plan in plans} == {"points", "workers", "pairs", "moments", "database"}
    assert kills - 3 <= sum(plan.kills for plan in plans) <= kills + 5
    assert chosen(kills, MEASURED, seed=1) == plans


def test_the_report_counts_kills_and_names_every_violation() -> None:
    kills = (Kill("process", "stripe: sent"), Kill("database", "commit: before"))
    runs = [
        Run("pairs: 1 and 2", kills, DONE, ()),
        Run("points: 3", kills[:1], _with(effects=2), ("2 effects",)),
    ]
    told = reported(runs, seconds=1.0, points={"story": 3}, audit="row 7 was changed")
    assert (told["kills"], told["database_kills"], told["effects_one"]) == (3, 1, 1)
    assert [one["why"] for one in told["violations"]] == ["2 effects", "row 7 was changed"]
    assert "violations: 2" in as_text(told)


@pytest.mark.slow
def test_F1_F2_killed_at_some_points_there_is_one_effect_or_a_person() -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from service.cli import main; main()",
            "evals",
            "crash",
            "--kills",
            "16",
            "--json",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert told["violations"] == []
    assert told["kills"] >= 10
    assert told["database_kills"] >= 1
    assert told["effects_one"] + told["effects_zero_person"] == told["runs"]
