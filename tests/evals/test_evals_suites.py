"""Suites are read strictly, graded both ways by what happened, and summed up without flattery."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from evals.grade import Result, broken, grade, named
from evals.report import as_document, as_text, pass_k
from evals.run import play, run
from evals.scenario import Scenario
from evals.seen import Seen
from evals.stage import Take
from evals.steps import Review, Step
from evals.suites import load_suites
from service.evaluate import checked
from service.paths import CATALOG, SUITES
from service.stage import changed
from tools.sandbox.people import PEOPLE

KEYS = frozenset(person.key for person in PEOPLE)
GOOD = """\
- id: one
  about: A refund.
  person: mara
  steps: [{say: refund please}]
  expect: {effects: [{vendor: stripe, kind: refund, object: 'ch_{key}_second', amount: 4900, currency: usd}]}
"""
QUIET = """\
- id: two
  about: Nothing happens.
  person: mara
  steps: [{say: hello}]
  expect: {effects: [], handed_over: false}
"""
REFUND = {
    "vendor": "stripe",
    "kind": "refund",
    "object": "ch_mara-1_second",
    "amount": 4900,
    "currency": "usd",
    "owner": "u_mara-1",
    "action_id": "act_1",
    "detail": {"reference": "re_1"},
}
NAMES = {"key": "mara-1", "order 1042": "573"}


def suite(folder: Path, text: str, *, name: str = "refund_request") -> Sequence[Scenario]:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_suites(folder, people=KEYS)


def one(folder: Path, text: str) -> Scenario:
    return suite(folder, text)[0]


def graded(scenario: Scenario, *effects: Mapping[str, Any], shown: Any = (), ticket: str = "none") -> Result:
    return grade(scenario, NAMES, effects=effects, shown=shown, ticket=ticket, seconds=1.0)


def result(scenario: str, *, passed: bool) -> Result:
    return Result(
        scenario=scenario,
        category="refund_request",
        passed=passed,
        wrong_effects=0 if passed else 1,
        missing_effects=0,
        faults=() if passed else ("effect not expected: stripe refund ch_x 1 usd",),
        seconds=1.0,
        transcript=("customer: hello",),
    )


def test_every_category_has_three_scenarios_and_one_that_must_not_act() -> None:
    scenarios = load_suites(SUITES, people=KEYS)
    categories = {file.stem for file in CATALOG.glob("*.yaml")}
    assert {scenario.category for scenario in scenarios} == categories
    for category in categories:
        mine = [scenario for scenario in scenarios if scenario.category == category]
        assert len(mine) >= 3, category
        assert any(scenario.must_not_act for scenario in mine), category


def test_every_scenario_names_what_there_is() -> None:
    assert len(load_suites(SUITES, people=KEYS, check=checked())) >= 150


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            QUIET.replace("[]", "[], proposes: [refund_chrage]"),
            "refund_request.yaml:1: expect.proposes: there is no tool 'refund_chrage'; known: find_charges",
            id="tool",
        ),
        pytest.param(
            QUIET.replace("[{say: hello}]", "[{review: approve, rule: within_windw}]"),
            ":1: there is no rule 'within_windw' in any category; near: within_window",
            id="rule",
        ),
        pytest.param(
            QUIET + "  with: {moood: calm}\n", ":1: a person has no 'moood'; known: key", id="override"
        ),
        pytest.param(
            QUIET + "  with: {account: {statsu: locked}}\n",
            ":1: with: account.statsu: Extra",
            id="override-inside",
        ),
        pytest.param(QUIET + "  category: refunds\n", ":1: there is no category 'refunds'", id="category"),
    ],
)
def test_what_the_house_does_not_know_is_named_before_anything_is_played(
    tmp_path: Path, text: str, said: str
) -> None:
    suite(tmp_path, GOOD, name="other")
    (tmp_path / "refund_request.yaml").write_text(text)
    with pytest.raises(Invalid) as refused:
        load_suites(tmp_path, people=KEYS, check=checked())
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("- id: [", "refund_request.yaml:1: not YAML", id="not-yaml"),
        pytest.param(GOOD + "- id: {\n", "refund_request.yaml:7: not YAML", id="not-yaml-further-down"),
        pytest.param("id: one", "refund_request.yaml:1: a suite is a list", id="no-list"),
        pytest.param("", "refund_request.yaml:1: a suite is a list", id="empty"),
        pytest.param(
            GOOD + "- just words\n", "refund_request.yaml:6: a scenario is a mapping", id="no-mapping"
        ),
        pytest.param(
            GOOD + QUIET.replace("  expect: {effects: [], handed_over: false}\n", ""),
            "refund_request.yaml:6: a scenario without `expect` proves nothing",
            id="no-expectation",
        ),
        pytest.param(
            QUIET.replace(", handed_over: false", ""),
            "refund_request.yaml:1: expect: Value error, a scenario without effects must name",
            id="nothing-that-could-fail",
        ),
        pytest.param(
            QUIET.replace("effects: [], ", ""), ":1: expect.effects: Field required", id="no-effects"
        ),
        pytest.param(
            GOOD + QUIET.replace("mara", "nobody"), ":6: the sandbox has no person 'nobody'", id="nobody"
        ),
        pytest.param(
            QUIET.replace("say: hello", "sing: hello"),
            ":1: steps.0: a step has one of say, press",
            id="unknown-step",
        ),
        pytest.param(
            QUIET.replace("[{say: hello}]", "[]"),
            "either steps or a customer, and at least one step",
            id="no-step",
        ),
        pytest.param(QUIET.replace("about:", "abuot:"), ":1: about: Field required", id="misspelt"),
        pytest.param(QUIET + "  mood: calm\n", ":1: mood: Extra inputs", id="unknown-field"),
        pytest.param(QUIET.replace("id: two", "id: Two Words"), ":1: id: String should match", id="id"),
        pytest.param(GOOD.replace("4900", "'4900'"), ":1: expect.effects.0.amount", id="amount-as-text"),
        pytest.param(GOOD + GOOD, ":6: scenario 'one' exists already at", id="the-same-id-twice-in-one-file"),
        pytest.param(
            GOOD.replace("- id: one", "- &x\n  id: one"), "anchors and aliases are not read", id="anchor"
        ),
        pytest.param(GOOD + "- *x\n", "refund_request.yaml:6: not YAML", id="alias-of-nothing"),
        pytest.param(
            QUIET.replace("{say: hello}", "{fault: drop, vendor: stripe, path: /v1/refunds}"),
            ":1: steps.0.fault.path: String should match",
            id="a-fault-that-would-hit-others",
        ),
    ],
)
def test_a_malformed_suite_is_named_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        suite(tmp_path, text)
    assert said in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_an_id_is_used_once_over_all_files(tmp_path: Path) -> None:
    suite(tmp_path, GOOD)
    with pytest.raises(
        Invalid, match=r"two\.yaml:1: scenario 'one' exists already at .*refund_request\.yaml:1"
    ):
        suite(tmp_path, GOOD, name="two")


def test_a_suite_that_does_not_exist_lists_those_that_do(tmp_path: Path) -> None:
    suite(tmp_path, GOOD)
    with pytest.raises(Invalid, match=r"no suite refunds in .*; known: refund_request"):
        load_suites(tmp_path, people=KEYS, only="refunds")


def test_a_change_of_what_a_person_does_not_have_is_refused() -> None:
    with pytest.raises(Invalid, match="a person has no 'moood'; known: key, name"):
        changed("mara", {"moood": "calm"})
    assert changed("dina", {"account": {"contact_changed_days_ago": 0.4}}).account.status == "locked"  # type: ignore[union-attr]


def test_the_expected_effect_passes(tmp_path: Path) -> None:
    found = graded(one(tmp_path, GOOD), REFUND)
    assert (found.passed, found.wrong_effects, found.missing_effects) == (True, 0, 0)


def test_an_effect_nobody_expected_fails(tmp_path: Path) -> None:
    found = graded(one(tmp_path, QUIET), REFUND)
    assert (found.passed, found.wrong_effects, found.missing_effects) == (False, 1, 0)
    assert found.faults[0].startswith("effect not expected: stripe refund ch_mara-1_second 4900 usd")


def test_a_missing_effect_fails(tmp_path: Path) -> None:
    found = graded(one(tmp_path, GOOD))
    assert (found.passed, found.wrong_effects, found.missing_effects) == (False, 0, 1)


def test_the_right_effect_twice_is_one_too_many(tmp_path: Path) -> None:
    assert graded(one(tmp_path, GOOD), REFUND, REFUND).wrong_effects == 1


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"amount": 4899}, id="a-cent-less"),
        pytest.param({"amount": 4901}, id="a-cent-more"),
        pytest.param({"amount": None}, id="no-amount"),
        pytest.param({"currency": "eur"}, id="currency"),
        pytest.param({"object": "ch_mara-1_first"}, id="the-other-charge"),
        pytest.param({"kind": "credit"}, id="kind"),
        pytest.param({"vendor": "shopify"}, id="vendor"),
    ],
)
def test_a_wrong_effect_counts_as_wrong_and_as_missing(tmp_path: Path, wrong: dict[str, Any]) -> None:
    found = graded(one(tmp_path, GOOD), {**REFUND, **wrong})
    assert (found.passed, found.wrong_effects, found.missing_effects) == (False, 1, 1)


def test_a_detail_that_is_named_must_be_so(tmp_path: Path) -> None:
    scenario = one(tmp_path, GOOD.replace("currency: usd", "currency: usd, detail: {when: now}"))
    assert graded(scenario, {**REFUND, "detail": {"when": "now", "more": 1}}).passed
    assert graded(scenario, {**REFUND, "detail": {"when": "period_end"}}).wrong_effects == 1
    assert graded(scenario, REFUND).missing_effects == 1


def test_a_loose_expectation_leaves_the_row_that_only_an_exact_one_fits(tmp_path: Path) -> None:
    loose = "{vendor: a, kind: b, object: c}"
    exact = "{vendor: a, kind: b, object: c, detail: {n: 1}}"
    scenario = one(tmp_path, QUIET.replace("effects: []", f"effects: [{loose}, {exact}]"))
    bare = {"vendor": "a", "kind": "b", "object": "c", "amount": None, "currency": None}
    rows: list[Mapping[str, Any]] = [{**bare, "detail": {"n": 1}}, {**bare, "detail": {"n": 2}}]
    assert graded(scenario, *rows).passed
    assert graded(scenario, *reversed(rows)).passed


def test_names_in_braces_are_the_customers_own_ids() -> None:
    assert named("gid/{order 1042}/{key}", NAMES) == "gid/573/mara-1"
    with pytest.raises(Invalid, match="nothing of this customer is called 'order 1'; known: key, order 1042"):
        named("{order 1}", NAMES)


def test_what_the_customer_saw_is_graded_both_ways(tmp_path: Path) -> None:
    shown = [
        ("message", {"author": "customer", "text": "Otis says hello"}),
        ("confirm", {"action_id": "act_1", "title": "Refund $49.00"}),
        ("refused", {"action_id": "act_1", "title": "Refund $49.00", "text": "You said no."}),
        ("handed_over", {"text": "A colleague answers."}),
    ]

    def faults(expect: str) -> tuple[str, ...]:
        scenario = one(tmp_path, QUIET.replace("handed_over: false", expect))
        return graded(scenario, shown=shown, ticket="open").faults

    assert (
        faults("card: refused, ticket: open, handed_over: true, says: [you said NO], never_says: [Otis]")
        == ()
    )
    assert faults("card: confirm") == ("the last card is refused, not confirm",)
    assert faults("ticket: solved") == ("the ticket is open, not solved",)
    assert faults("handed_over: false") == ("it was handed over",)
    assert faults("says: [receipt]") == ("never shown: 'receipt'",)
    assert faults("never_says: ['$49.00']") == ("should not be shown: '$49.00'",)


def test_pass_k_is_the_chance_that_k_runs_all_pass() -> None:
    steady = [result("a", passed=True)] * 4
    shaky = [result("b", passed=passed) for passed in (True, True, True, False)]
    found = pass_k([*steady, *shaky])
    # b: 3/4 for one run, C(3,2)/C(4,2) = 1/2 for two, C(3,3)/C(4,3) = 1/4 for three, 0 for four; a is always 1.
    assert [found[str(k)] for k in range(1, 9)] == [0.875, 0.75, 0.625, 0.5, None, None, None, None]


def test_the_report_counts_and_names_every_failure() -> None:
    document = as_document(
        [result("a", passed=True), result("b", passed=False)], model="offline", seconds=2.0
    )
    assert (document["scenarios"], document["runs"], document["passed"], document["wrong_effects"]) == (
        2,
        2,
        1,
        1,
    )
    assert document["pass_k"]["1"] == 0.5
    assert document["by_category"]["refund_request"]["wrong_effects"] == 1
    text = as_text(document)
    assert "FAILED refund_request / b\n  - effect not expected: stripe refund ch_x 1 usd\n" in text
    assert text.splitlines()[-1] == "1 of 2 runs passed (2 scenarios, 2.0 s), wrong effects: 1."


class BrokenPlay:
    """A stage on which no review can be played, after a refund has happened."""

    model = "offline"
    customer_model = None
    names = NAMES

    def __init__(self) -> None:
        self.done: list[Step] = []

    def on(self, scenario: Scenario, take: Take) -> "BrokenPlay":
        if scenario.changes:
            raise Invalid("no such change")
        return self

    async def __aenter__(self) -> "BrokenPlay":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def do(self, step: Step) -> None:
        if isinstance(step, Review):
            raise Invalid("nothing waits")
        self.done.append(step)

    async def off_script(self) -> Sequence[str]:
        return ()

    async def effects(self) -> Sequence[Mapping[str, Any]]:
        return [REFUND]

    async def shown(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        return [("message", {"author": "agent", "text": "Hello."})]

    async def seen(self) -> Seen:
        return Seen()

    async def ticket(self) -> str:
        return "open"


async def test_a_run_that_stops_midway_is_still_graded_by_the_ledger(tmp_path: Path) -> None:
    steps = "[{say: hello}, {review: approve}, {say: more}]"
    stage = BrokenPlay()
    found = await play(one(tmp_path, QUIET.replace("[{say: hello}]", steps)), stage)
    assert (found.passed, found.wrong_effects) == (False, 1)
    assert "step 2 could not be played: Invalid: nothing waits" in found.faults
    assert len(stage.done) == 1
    assert found.transcript == ("agent: Hello.",)


async def test_a_run_that_cannot_begin_fails_alone(tmp_path: Path) -> None:
    bad = QUIET.replace("id: two", "id: three\n  with: {phone: '1'}")
    told: list[tuple[int, int]] = []
    found = await run(
        suite(tmp_path, GOOD + bad),
        BrokenPlay(),
        progress=lambda done, total, _: told.append((done, total)),
        epochs=2,
    )
    assert [(r.scenario, r.passed) for r in found] == [("one", True)] * 2 + [("three", False)] * 2
    assert found[2].faults == ("not graded: Invalid: no such change",)
    assert sorted(told) == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_broken_run_misses_everything_it_should_have_done(tmp_path: Path) -> None:
    found = broken(one(tmp_path, GOOD), RuntimeError("gone"), 0.1)
    assert (found.passed, found.missing_effects, found.faults) == (
        False,
        1,
        ("not graded: RuntimeError: gone",),
    )
