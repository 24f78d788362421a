"""A catalog file that is wrong says so: file, line, column, what it is, and the nearest name that exists."""

from pathlib import Path

import pytest
from specs import SPECS

from core.errors import PolicyFileError
from policies.load import load_catalog, load_category, parse_category

GOOD = """\
title: Refunds
tier: 1
owner: Billing team
about: Money back.
tools: [find_charges, refund_charge, answer]
procedure:
  - {need: order_number, ask: Which order?}
  - {read: find_charges, as: charges}
  - {choose: charge, from: $charges.charges, where: {order_number: $order_number?}, ask: Which?, none: None fits.}
  - {write: refund_charge, with: {charge_id: $charge.id, amount: $charge.refundable, currency: usd, reason: duplicate}}
  - {answer: 'About {charge.money}: done.', closes: true}
rules:
  - id: small
    tools: [refund_charge]
    allow: >-
      refund.currency == "usd" &&
      refund.amount < 20000
    sentence: Small ones.
    owner: Billing team
    reason: Cheap.
    exception: None.
  - {id: brief, tools: [answer], allow: answer.length < 5, sentence: B., owner: A, reason: R, exception: E}
limits:
  per_object_lifetime: {usd: 19999}
  per_customer_day: {count: 3, usd: 19999}
  per_category_day: {usd: 500000}
confirm: [refund_charge]
autonomy: {threshold: 0.01, ceiling: autonomous_2, min_days: 14}
example_facts:
  refund_charge: {refund.currency: usd, refund.amount: 100, order.delivered_at: "2026-01-31T12:00:00Z"}
examples:
  - {id: cheap, tool: refund_charge, expect: allow, rule: small}
  - {id: dear, tool: refund_charge, expect: escalate, rule: no_rule_matched, facts: {refund.amount: 20000}}
utterances: [one, two, three]
"""
PATH = Path("catalog/refunds.yaml")


def problems(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(PolicyFileError) as caught:
        parse_category(PATH, data, SPECS)
    return str(caught.value).splitlines()


def with_(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


def test_the_good_file_is_good() -> None:
    policy = parse_category(PATH, GOOD.encode(), SPECS)
    assert policy.category == "refunds"
    assert policy.reads == {"find_charges"}
    assert policy.writes == {"refund_charge", "answer"}
    assert policy.limits.per_customer_day.amounts == {"usd": 19999}
    assert policy.examples[0].facts["order.delivered_at"].isoformat() == "2026-01-31T12:00:00+00:00"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            "find_charges, refund_charge, answer",
            "find_chargse, refund_charge, answer",
            "5:9: unknown tool 'find_chargse'; did you mean 'find_charges'?",
            id="unknown-tool",
        ),
        pytest.param(
            "find_charges, refund_charge, answer",
            "find_charges, refund_charge, answer, answer",
            "5:46: 'answer' is listed twice",
            id="tool-twice",
        ),
        pytest.param(
            "      refund.amount < 20000",
            "      refund.amont < 20000",
            "17:7: unknown fact 'refund.amont' for 'refund_charge'; did you mean 'refund.amount'?",
            id="unknown-fact-in-a-folded-rule",
        ),
        pytest.param(
            "allow: answer.length < 5",
            "allow: answer.lengt < 5",
            "22:41: unknown fact 'answer.lengt' for 'answer'; did you mean 'answer.length'?",
            id="unknown-fact-in-a-flow-rule",
        ),
        pytest.param(
            "tools: [answer], allow: answer.length < 5",
            "tools: [answer, refund_charge], allow: answer.length < 5",
            "22:56: unknown fact 'answer.length' for 'refund_charge'; ",
            id="fact-of-another-tool",
        ),
        pytest.param(
            "refund.amount < 20000",
            "refund.amount < '20000'",
            "17:21: found no matching overload for '_<_' applied to '(int, string)'",
            id="wrong-type-in-a-rule",
        ),
        pytest.param(
            "allow: answer.length < 5",
            "allow: answer.length",
            "22:41: a rule must be true or false, this is of type int",
            id="rule-that-is-no-claim",
        ),
        pytest.param("id: brief", "id: small", "22:10: duplicate rule id 'small'", id="duplicate-rule-id"),
        pytest.param(
            "id: brief, tools: [answer]",
            "id: brief, tools: [answr]",
            "22:25: 'answr' is no write of this category; did you mean 'answer'?",
            id="rule-for-an-unknown-write",
        ),
        pytest.param(
            "allow: answer.length < 5,",
            "allow: answer.length < 5, deny: answer.length > 9,",
            "22:5: a rule has exactly one of allow, escalate, deny",
            id="two-verdicts",
        ),
        pytest.param(
            "tools: [answer], allow: answer.length < 5",
            "tools: [refund_charge], allow: refund.amount < 5",
            "5:38: no rule covers 'answer'",
            id="write-without-a-rule",
        ),
        pytest.param(
            "allow: answer.length < 5",
            "deny: answer.length < 5",
            "5:38: no rule can allow 'answer'",
            id="write-that-nothing-can-allow",
        ),
        pytest.param("title:", "titel:", "1:1: unknown key 'titel'; did you mean 'title'?", id="unknown-key"),
        pytest.param(
            "    sentence: Small ones.",
            "    sentense: Small ones.",
            "18:5: unknown key 'sentense'; did you mean 'sentence'?",
            id="unknown-key-in-a-rule",
        ),
        pytest.param(
            "as: charges}",
            "az: charges}",
            "8:26: unknown key 'az'; known: as, read, when, with",
            id="key-in-a-step",
        ),
        pytest.param("tier: 1", "tier: 4", "2:7: 4 should be 1, 2 or 3", id="no-such-tier"),
        pytest.param("tier: 1", "tier: one", "2:7: 'one' should be 1, 2 or 3", id="tier-as-a-word"),
        pytest.param(
            "{usd: 19999}", "{usd: 199.99}", "24:30: 199.99 should be a valid integer", id="float-money"
        ),
        pytest.param(
            "{usd: 19999}", '{usd: "19999"}', "24:30: '19999' should be a valid integer", id="text-money"
        ),
        pytest.param(
            "{usd: 19999}", "{usd: 0}", "24:30: 0 should be greater than or equal to 1", id="no-money"
        ),
        pytest.param(
            "{usd: 19999}",
            "{USD: 19999}",
            "24:25: 'USD' string should match pattern",
            id="currency-in-capitals",
        ),
        pytest.param(
            "per_object_lifetime: {usd: 19999}",
            "per_object_lifetime: {count: 3}",
            "24:3: refund_charge moves money: limits.per_object_lifetime needs an amount",
            id="money-without-a-limit",
        ),
        pytest.param(
            "confirm: [refund_charge]",
            "confirm: []",
            "5:23: 'refund_charge' moves money, so it belongs under confirm",
            id="money-without-a-confirmation",
        ),
        pytest.param(
            "confirm: [refund_charge]",
            "confirm: [refund_charge, find_charges]",
            "27:26: 'find_charges' is no write of this category; ",
            id="confirming-a-read",
        ),
        pytest.param(
            "tier: 1",
            "tier: 2",
            "28:38: a category of tier 2 may not rise above observation",
            id="ceiling-above-the-tier",
        ),
        pytest.param(
            "need: order_number",
            "need: order_numer",
            "7:12: unknown slot 'order_numer'; did you mean 'order_number'?",
            id="unknown-slot",
        ),
        pytest.param(
            "read: find_charges",
            "read: find_charge",
            "8:12: 'find_charge' is no read of this category; did you mean 'find_charges'?",
            id="step-with-an-unknown-read",
        ),
        pytest.param(
            "read: find_charges",
            "read: refund_charge",
            "8:12: 'refund_charge' is no read of this category; ",
            id="step-that-reads-a-write",
        ),
        pytest.param(
            "amount: $charge.refundable",
            "amout: $charge.refundable",
            "10:58: 'refund_charge' has no argument 'amout'; did you mean 'amount'?",
            id="unknown-argument",
        ),
        pytest.param(
            "currency: usd, ",
            "",
            "10:13: 'refund_charge' needs the argument 'currency'",
            id="missing-argument",
        ),
        pytest.param(
            "reason: duplicate}",
            "reason: dup}",
            "10:109: 'dup' is not allowed here; ",
            id="argument-outside-its-list",
        ),
        pytest.param(
            "amount: $charge.refundable",
            "amount: true",
            "10:66: True should be of type integer",
            id="argument-of-another-type",
        ),
        pytest.param(
            "charge_id: $charge.id",
            "charge_id: $charg.id",
            "10:46: nothing before this step is called 'charg'; did you mean 'charge'?",
            id="unknown-result",
        ),
        pytest.param(
            "from: $charges.charges",
            "from: $charge.charges",
            "9:28: nothing before this step is called 'charge'; did you mean 'charges'?",
            id="result-before-it-exists",
        ),
        pytest.param(
            "About {charge.money}",
            "About {chargs.money}",
            "11:21: nothing before this step is called 'chargs'; ",
            id="unknown-result-in-a-text",
        ),
        pytest.param(
            "{need: order_number, ask: Which order?}",
            "{say: Hello.}",
            "8:5: this step is never reached",
            id="step-after-the-end",
        ),
        pytest.param(
            "{need: order_number, ask: Which order?}",
            "{say: Hello., hand_over: Bye.}",
            "7:5: a step has exactly one of: need, read, choose, write, answer, say, hand_over",
            id="two-steps-in-one",
        ),
        pytest.param(
            "{need: order_number, ask: Which order?}",
            "{need: order_number, ask: Which order?, when: {$signals.langage: de}}",
            "7:52: unknown signal 'langage'; did you mean 'language'?",
            id="unknown-signal",
        ),
        pytest.param(
            "{need: order_number, ask: Which order?}",
            "{need: order_number, ask: Which order?, when: {order_number: present}}",
            "7:52: 'order_number' must name a slot or a field, such as $order.status",
            id="condition-on-a-word",
        ),
        pytest.param(
            "id: dear", "id: cheap", "33:10: duplicate example id 'cheap'", id="duplicate-example-id"
        ),
        pytest.param(
            "rule: small}",
            "rule: smal}",
            "32:59: no rule 'smal' covers 'refund_charge'; did you mean 'small'?",
            id="example-of-an-unknown-rule",
        ),
        pytest.param(
            "facts: {refund.amount: 20000}",
            "facts: {refund.amout: 20000}",
            "33:86: unknown fact 'refund.amout'; did you mean 'refund.amount'?",
            id="example-with-an-unknown-fact",
        ),
        pytest.param(
            "facts: {refund.amount: 20000}",
            'facts: {refund.amount: "20000"}',
            "33:101: refund.amount must be of type int, not '20000'",
            id="example-with-an-ill-typed-fact",
        ),
        pytest.param(
            '"2026-01-31T12:00:00Z"',
            '"2026-01-31T12:00:00"',
            "30:81: order.delivered_at must be of type timestamp in UTC, such as 2026-01-31T12:00:00Z",
            id="naive-time",
        ),
        pytest.param(
            '"2026-01-31T12:00:00Z"',
            '"2026-01-31T12:00:00+02:00"',
            "30:81: order.delivered_at must be of type timestamp in UTC",
            id="time-of-another-zone",
        ),
        pytest.param(
            '"2026-01-31T12:00:00Z"',
            "yesterday",
            "30:81: order.delivered_at must be of type timestamp in UTC",
            id="no-time-at-all",
        ),
        pytest.param(
            "[one, two, three]",
            "[one, two]",
            "34:13: triage needs at least 3 utterances",
            id="few-utterances",
        ),
        pytest.param("[one, two, three]", "[one, two, 3]", "34:24: 3 should be a valid string", id="no-text"),
        pytest.param("about: Money back.\n", "", "1:1: 'about' is missing", id="missing-key"),
    ],
)
def test_each_problem_has_its_place(old: str, new: str, line: str) -> None:
    found = problems(with_(old, new))
    assert any(one.startswith(f"{PATH}:{line}") for one in found), found


def test_all_problems_are_told_at_once() -> None:
    text = with_("answer.length < 5", "answer.lengt < 5").replace("read: find_charges", "read: find_charge")
    found = problems(text.replace("{need: order_number,", "{need: order_numer,"))
    assert [one.split(":")[1] for one in found] == ["7", "8", "22"]


def test_a_tier_for_people_only_has_no_writes() -> None:
    text = with_("tier: 1", "tier: 3").replace("autonomous_2", "observation")
    assert f"{PATH}:5:8: a category of tier 3 is for people only: answer, refund_charge" in problems(text)


def test_identity_writes_need_a_step_up() -> None:
    text = """
title: Unlock
tier: 1
owner: A
about: B
tools: [unlock_account]
procedure: [{hand_over: Nothing.}]
rules: [{id: a, tools: [unlock_account], escalate: "true", sentence: S, owner: O, reason: R, exception: E}]
autonomy: {threshold: 0.01, ceiling: observation, min_days: 14}
utterances: [one, two, three]
"""
    line = "6:9: 'unlock_account' changes who may sign in, so it belongs under step_up"
    assert problems(text) == [f"{PATH}:{line}"]


def test_a_folder_is_loaded_and_all_its_problems_are_told(tmp_path: Path) -> None:
    (tmp_path / "refunds.yaml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("not looked at")
    assert set(load_catalog(tmp_path, SPECS).categories) == {"refunds"}
    (tmp_path / "first.yaml").write_text(with_("tier: 1", "tier: 9"))
    (tmp_path / "second.yaml").write_text(with_("need: order_number", "need: ordernumber"))
    with pytest.raises(PolicyFileError) as caught:
        load_catalog(tmp_path, SPECS)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path / 'first.yaml'}:2:7: ")
    assert second.startswith(f"{tmp_path / 'second.yaml'}:7:12: ")


@pytest.mark.parametrize("name", ["Refunds.yaml", "refund-request.yaml", "refunds.yml", "1.yaml"])
def test_a_file_has_the_name_of_its_category(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(GOOD)
    with pytest.raises(PolicyFileError, match=r"is named like refund_request\.yaml"):
        load_catalog(tmp_path, SPECS)


def test_an_empty_or_missing_folder_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(PolicyFileError, match="holds no category file"):
            load_catalog(folder, SPECS)
    with pytest.raises(PolicyFileError, match="1:1: cannot be read"):
        load_category(tmp_path / "gone.yaml", SPECS)


def test_words_that_yaml_would_turn_into_something_else_stay_words() -> None:
    text = with_("[one, two, three]", "[no, on, 1:30, 2026-01-01, 0x10, 1_000]")
    policy = parse_category(PATH, text.encode(), SPECS)
    assert policy.utterances == ("no", "on", "1:30", "2026-01-01", "0x10", "1_000")
