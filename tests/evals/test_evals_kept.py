"""Runs are kept line by line, gone on with after a kill, compared fairly, and told as page, XML and numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from core.errors import Conflict, Invalid, NotFound, Unavailable
from evals.compare import as_lines, compared
from evals.grade import Result
from evals.journal import Head, Journal, read
from evals.junit import as_junit
from evals.page import as_page
from evals.plain import plain
from evals.report import as_document, intervals
from evals.runs import keep_report, kept, last_by_category, report_of, results_of
from evals.seen import Seen, SeenCall
from evals.write import write_whole

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def head(run: str = "r1", *, names: Sequence[str] = ("a", "b"), epochs: int = 1, seed: int = 1) -> Head:
    return Head(
        run=run,
        suite="all",
        model="offline",
        seed=seed,
        epochs=epochs,
        scenarios=tuple(names),
        digest="d" * 64,
        at=AT,
    )


def result(
    name: str, *, passed: bool = True, epoch: int = 1, wrong: int = 0, line: str = "agent: Hello."
) -> Result:
    return Result(
        scenario=name,
        category="refund_request",
        epoch=epoch,
        passed=passed,
        wrong_effects=wrong,
        missing_effects=0,
        faults=() if passed else ("the last card is none, not receipt",),
        seconds=0.5,
        transcript=(line,),
    )


def test_a_run_is_read_back_in_order_whatever_finished_first(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path / "r1.jsonl", head())
    journal.add(result("b"))
    journal.add(result("a"))
    found, results = read(tmp_path / "r1.jsonl")
    assert found == head()
    assert [r.scenario for r in results] == ["a", "b"]


def test_a_run_that_was_cut_off_goes_on_and_ends_like_an_unbroken_one(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path / "r1.jsonl", head())
    journal.add(result("b"))
    with journal.path.open("a") as file:
        file.write('{"scenario": "a", "cat')
    again = Journal.go_on(journal.path, head())
    assert again.done == {("b", 1)}
    again.add(result("a"))
    whole = Journal.begin(tmp_path / "whole.jsonl", head())
    for name in ("a", "b"):
        whole.add(result(name))
    assert read(journal.path)[1] == read(whole.path)[1]


def test_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path / "r1.jsonl", head())
    with pytest.raises(Conflict, match="the suite or an option has changed since"):
        Journal.go_on(journal.path, head(seed=2))
    with pytest.raises(Conflict, match="exists already"):
        Journal.begin(journal.path, head())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "holds nothing", id="empty"),
        pytest.param("{}\n", r":1: not the head of a run: run: Field required", id="foreign"),
        pytest.param('{"format": 9}\n', r":1: not the head of a run", id="another-format"),
        pytest.param(f"{head().model_dump_json()}\nnonsense\n", r":2: not a result", id="not-a-result"),
        pytest.param(
            f"{head().model_dump_json()}\n" + '{"scen', r":2: the file breaks off; go on with", id="truncated"
        ),
        pytest.param(
            f"{head().model_dump_json()}\n{result('a').model_dump_json()}\n",
            "1 of 2 runs are there; go on with --resume r1",
            id="unfinished",
        ),
    ],
)
def test_a_file_that_is_no_finished_run_says_so(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "r1.jsonl"
    path.write_text(content)
    with pytest.raises(Invalid, match=said):
        read(path)


def test_a_run_nobody_has_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no run 'r9'"):
        results_of(tmp_path, "r9")
    with pytest.raises(Invalid, match="not the name of a run"):
        results_of(tmp_path, "../r9")


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_whole(path, "before")
    # A name too long for the file beside it stands for a disk that takes no more.
    with pytest.raises(Unavailable, match="cannot be written"):
        write_whole(tmp_path / ("x" * 300), "after")
    with pytest.raises(Unavailable, match="nothing was changed"):
        write_whole(path / "inside-a-file", "after")
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_disk_that_is_full_keeps_what_was_run(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    journal = Journal.begin(tmp_path / "r1.jsonl", head())
    journal.add(result("a"))
    full = Journal(Path("/dev/full"), head(), ())
    with pytest.raises(Unavailable, match=r"No space left on device\. What was run until now is kept"):
        full.add(result("b"))
    assert [r.scenario for r in read(journal.path, cut_off=True)[1]] == ["a"]


def test_ids_that_differ_by_chance_read_alike() -> None:
    one = result("a", line="agent: act_" + "a" * 20 + " then act_" + "b" * 20 + " and ch_mara-e1_second")
    two = result("a", line="agent: act_" + "c" * 20 + " then act_" + "d" * 20 + " and ch_mara-e1_second")
    assert plain(one) == plain(two)
    assert plain(one).transcript == ("agent: act_1 then act_2 and ch_mara-e1_second",)


def test_the_interval_is_wilsons() -> None:
    ten = [result(str(n), passed=n > 0) for n in range(10)]
    # 9 of 10: 0.5958 to 0.9821 (Wilson, 1927, at 95 %).
    assert intervals(ten)["1"] == (0.5958, 0.9821)
    assert intervals(ten)["2"] is None


def test_the_digest_is_over_everything_but_time() -> None:
    told = head().model_dump(mode="json")
    one = as_document([result("a")], model="offline", seconds=1.0, head=told)
    two = as_document(
        [result("a").model_copy(update={"seconds": 9.0})],
        model="offline",
        seconds=2.0,
        head={**told, "run": "r2", "at": "later"},
    )
    three = as_document([result("a", passed=False)], model="offline", seconds=1.0, head=told)
    assert one["digest"] == two["digest"] != three["digest"]


def test_escalations_are_counted_rightly_and_wrongly() -> None:
    rightly = result("a").model_copy(update={"handed_over": True, "wants_person": True})
    wrongly = result("b", passed=False).model_copy(update={"handed_over": True})
    row = as_document([rightly, wrongly, result("c")], model="offline", seconds=1)["by_category"][
        "refund_request"
    ]
    assert (row["resolved"], row["escalated_rightly"], row["escalated_wrongly"]) == (1, 1, 1)


def finished(folder: Path, run: str, results: Sequence[Result], at: datetime = AT) -> None:
    names = tuple(dict.fromkeys(r.scenario for r in results))
    begun = head(run, names=names, epochs=len(results) // len(names)).model_copy(update={"at": at})
    journal = Journal.begin(folder / f"{run}.jsonl", begun)
    for one in results:
        journal.add(one)
    keep_report(folder, run, as_document(results, model="offline", seconds=1))


def test_the_last_finished_run_speaks_for_a_category(tmp_path: Path) -> None:
    finished(tmp_path, "old", [result("a", passed=False)])
    finished(tmp_path, "new", [result("a")], at=AT.replace(hour=13))
    Journal.begin(tmp_path / "cut.jsonl", head("cut").model_copy(update={"at": AT.replace(hour=14)}))
    assert [(h.run, done) for h, done in kept(tmp_path)] == [("cut", False), ("new", True), ("old", True)]
    last = last_by_category(tmp_path)["refund_request"]
    assert (last.run, last.passed, last.runs, last.pass_1) == ("new", 1, 1, 1.0)
    with pytest.raises(Invalid, match="not finished; go on with: remit evals run --resume cut"):
        report_of(tmp_path, "cut")


def runs(*shares: tuple[int, int], wrong: int = 0) -> list[Result]:
    """Scenarios s0, s1 … with so many of so many epochs passed."""
    return [
        result(f"s{n}", passed=epoch <= passed, epoch=epoch, wrong=wrong if n == 0 and epoch == 1 else 0)
        for n, (passed, of) in enumerate(shares)
        for epoch in range(1, of + 1)
    ]


def against(base: list[Result], candidate: list[Result]) -> tuple[str, bool]:
    found = compared((head("base"), base), (head("new"), candidate))
    return as_lines(found)[-1].split(":")[0], found.blocks


def test_a_loss_that_is_no_chance_blocks_and_noise_does_not() -> None:
    good, bad = [(1, 1)] * 30, [(0, 1)] * 10 + [(1, 1)] * 20
    assert against(runs(*good), runs(*bad)) == ("worse", True)
    assert against(runs(*bad), runs(*good)) == ("better", False)
    assert against(runs(*good), runs((0, 1), *good[1:])) == ("can't tell", False)
    assert against(runs(*good), runs(*good)) == ("can't tell", False)


def test_a_new_wrong_effect_blocks_whatever_else_got_better() -> None:
    bad, good = [(0, 1)] * 10 + [(1, 1)] * 20, [(1, 1)] * 30
    assert against(runs(*bad), runs(*good, wrong=1)) == ("better", True)
    assert against(runs(*bad, wrong=1), runs(*good, wrong=1)) == ("better", False)


def test_flips_come_with_both_transcripts() -> None:
    before, after = [result("a"), result("b")], [result("a"), result("b", passed=False, line="agent: Sorry.")]
    found = compared((head("base"), before), (head("new"), after))
    lines = "\n".join(as_lines(found))
    assert "LOST refund_request / b (100% -> 0%)\n  - the last card is none" in lines
    assert "before:\n      agent: Hello.\n    after:\n      agent: Sorry." in lines
    assert [f.scenario for f in found.lost] == ["b"]


def test_runs_of_different_scenarios_are_not_compared() -> None:
    other = head("new").model_copy(update={"digest": "e" * 64})
    with pytest.raises(Invalid, match="did not play the same scenarios"):
        compared((head("base"), [result("a")]), (other, [result("a")]))


def test_junit_names_what_failed() -> None:
    results = [result("a"), result("b", passed=False, line="agent: \x07 & <b>")]
    told = xml.fromstring(as_junit(as_document(results, model="offline", seconds=1), head(), results))
    assert (told.get("tests"), told.get("failures")) == ("2", "1")
    failure = told.find("testcase[@name='b (1)']/failure")
    assert failure is not None
    assert failure.get("message") == "the last card is none, not receipt"
    assert "& <b>" in (failure.text or "")


def test_a_page_shows_words_as_words_and_asks_nobody_for_anything() -> None:
    call = SeenCall(
        name="refund_charge", args={"a": 1}, came="{}", ok=True, verdict="escalate", rules=("opened",)
    )
    nasty = result("a", line="customer: <script>alert(1)</script>").model_copy(
        update={"seen": Seen(calls=(call,))}
    )
    page = as_page(as_document([nasty], model="offline", seconds=1), head(), [nasty])
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert '<b class="escalate">escalate</b><br>opened' in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
