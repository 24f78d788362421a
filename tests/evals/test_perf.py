"""Benchmarks: every one is there, documented, and reports its figures with the machine and the load."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.perf.benchmark import Options, as_table, measured, row
from evals.perf.timing import Times, timed
from service.cli import command_line
from service.commands.perf import BENCHMARKS, found

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = Options(seconds=0.1, catalog=ROOT / "policies" / "catalog", database=lambda: None)  # type: ignore[arg-type,return-value]


async def test_a_report_has_its_machine_its_load_and_its_rows() -> None:
    document = await measured("one", lambda _: [row("a thing", 2.5, "us", most=2)], OPTIONS)
    assert document["name"] == "one"
    assert document["machine"].keys() == {"cores", "cpu", "system", "python"}
    assert document["load"].keys() == {"before", "after"}
    assert document["rows"] == [{"what": "a thing", "value": 2.5, "unit": "us", "goal": "<= 2", "met": False}]
    assert as_table(document)[1] == ("a thing", "2.5", "us", "<= 2", "NO")


@pytest.mark.parametrize(
    ("value", "met"), [pytest.param(10, True, id="just-enough"), pytest.param(9.99, False, id="too-few")]
)
def test_a_goal_has_two_sides(value: float, met: bool) -> None:
    assert row("rate", value, "1/s", least=10)["met"] is met


def test_the_slowest_of_a_hundred_is_the_last_percentile() -> None:
    times = Times(wall=[n / 100 for n in range(100)], cpu=[0.02] * 100)
    assert (times.at(0.5), times.at(0.99), times.at(1.0)) == (0.5, 0.99, 0.99)
    assert times.cpu_at(0.99) == 0.02
    assert times.per_cpu_second == pytest.approx(50)


def test_every_call_is_counted_once() -> None:
    calls: list[int] = []
    times = timed(lambda: calls.append(1), seconds=0.0)
    assert len(calls) - 50 == len(times.wall) >= 200


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_exists_and_is_documented(name: str) -> None:
    assert callable(found(name))
    assert f"## `{name}`" in (ROOT / "docs" / "performance.md").read_text()


def test_the_command_prints_the_gate_as_json() -> None:
    ran = CliRunner().invoke(
        command_line(("evals",)), ["evals", "perf", "gate", "--seconds", "0.1", "--json"]
    )
    assert ran.exit_code == 0, ran.output
    document = json.loads(ran.stdout)
    assert {one["what"]: one["value"] for one in document["rows"]}["rules in the category"] == 20
    assert {one["unit"] for one in document["rows"]} == {"rules", "us", "1/s"}


def test_an_unknown_benchmark_is_answered_with_the_known_ones() -> None:
    ran = CliRunner().invoke(command_line(("evals",)), ["evals", "perf", "gat"])
    assert ran.exit_code == 1
    assert "known: " in str(ran.exception)
    assert "gate" in str(ran.exception)
