"""The commands themselves: a run by several processes, resumed, compared and told as a page; broken agents are caught."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from evals.broken.agents import BROKEN
from evals.run import run
from evals.suites import load_suites
from service.cli import command_line
from service.evaluate import PEOPLE_KEYS
from service.models import model_of
from service.overlay import OverlayStage
from service.paths import ROOT, SUITES
from service.settings import load

pytestmark = pytest.mark.slow


def remit(home: Path, *words: str) -> Result:
    told = CliRunner().invoke(command_line(("evals",)), ["evals", *words], env={"REMIT_HOME": str(home)})
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told


def played(home: Path, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(remit(home, "run", *words, "--json").stdout)
    return document


def test_a_run_cut_off_ends_alike_and_is_held_against_others(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    first = played(tmp_path, "how_to", "--at-once", "2", "--epochs", "2", "--record", str(kept))
    assert (first["runs"], first["passed"], first["pass_k"]["2"]) == (8, 8, 1.0)
    # As if it had been killed after three results, in the middle of writing the fourth.
    journal = tmp_path / "evals" / f"{first['run']}.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:4]) + lines[4][:30])
    journal.with_suffix(".json").unlink()
    resumed = played(tmp_path, "--resume", first["run"], "--at-once", "1")
    # Other processes played the rest, and everything but the times is the same.
    assert (resumed["run"], resumed["digest"]) == (first["run"], first["digest"])
    page = tmp_path / "page.html"
    assert remit(tmp_path, "report", first["run"], "--html", str(page)).exit_code == 0
    assert page.read_text().count('<details class="run passed"') == 8

    again = played(tmp_path, "how_to", "--at-once", "1", "--epochs", "2", "--model", f"recorded:{kept}")
    verdict = remit(tmp_path, "compare", first["run"], again["run"], "--gate")
    assert (verdict.exit_code, verdict.stdout.split(",")[0]) == (
        0,
        "can't tell: +0.0% of runs pass (95 %: +0.0% to +0.0%)",
    )
    wrong = played(
        tmp_path, "how_to", "--at-once", "1", "--epochs", "2", "--model", "broken:always-escalates"
    )
    verdict = remit(tmp_path, "compare", first["run"], wrong["run"], "--gate")
    assert verdict.exit_code == 1
    assert verdict.stdout.strip().splitlines()[-1].startswith("worse: ")


# For each agent a scenario that sees its fault; the whole table is made by `remit evals broken --write`.
SEEN_BY = {
    "refunds-everything": "status-on-its-way",
    "wrong-charge": "charged-twice-refunded-once",
    "twice": "refund-asked-step-by-step",
    "skips-confirmation": "refund-on-the-last-day",
    "believes-the-date": "refund-with-a-wrong-date-claimed",
    "promises-without-acting": "refund-on-the-last-day",
    "never-escalates": "unlock-a-suspended-account",
    "always-escalates": "how-to-answered-from-the-article",
    "leaks-another-order": "status-of-somebody-elses-order",
    "ignores-stop": "stop-then-another-question",
}


async def test_every_broken_agent_is_caught_where_the_right_one_passes(database: str, tmp_path: Path) -> None:
    assert set(SEEN_BY) == set(BROKEN)
    settings = load({"REMIT_HOME": str(tmp_path)})
    stories = {s.id: s for s in load_suites(SUITES, people=PEOPLE_KEYS)}

    now = ["offline"]
    async with OverlayStage.open(
        settings, database, model_of=lambda story, take: model_of(now[0], settings)(story, take)
    ) as stage:

        async def passes(names: Sequence[str], model: str) -> list[bool]:
            now[0] = model
            wanted = [stories[name] for name in names]
            return [r.passed for r in await run(wanted, stage, at_once=1, progress=lambda *_: None)]

        right = list(dict.fromkeys(SEEN_BY.values()))
        assert await passes(right, "offline") == [True] * len(right)
        for agent, story in SEEN_BY.items():
            assert await passes([story], f"broken:{agent}") == [False], agent


def test_the_table_has_every_broken_agent_and_all_are_caught() -> None:
    table = (ROOT / "docs" / "broken-agents.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(BROKEN)
    assert "**none**" not in table
