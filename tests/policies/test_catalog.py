"""The real catalog: every example, every rule, every guard; and no fact whose absence would help."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from specs import SPECS

from core.facts import FactValue
from policies.check import check
from policies.examples import Row, run_example, run_examples
from policies.load import load_catalog
from policies.model import CategoryPolicy, Example

FOLDER = Path(__file__).parents[2] / "policies" / "catalog"
CATALOG = load_catalog(FOLDER, SPECS)
POLICIES = tuple(CATALOG.categories.values())
EXAMPLES = [
    pytest.param(policy, example, id=f"{policy.category}-{example.id}")
    for policy in POLICIES
    for example in policy.examples
]
ALLOWED = [param for param in EXAMPLES if param.values[1].expect == "allow"]  # type: ignore[union-attr]
BY_CATEGORY = [pytest.param(policy, id=policy.category) for policy in POLICIES]
CATEGORIES = {
    "password_reset",
    "account_unlock",
    "mfa_reset",
    "contact_change",
    "refund_request",
    "duplicate_charge",
    "subscription_change",
    "subscription_cancel",
    "invoice_request",
    "payment_method",
    "order_status",
    "order_cancel",
    "address_change",
    "return_request",
    "how_to",
    "bug_report",
    "feature_request",
    "service_outage",
    "complaint",
    "account_deletion",
    "other",
}
# A note stays inside, an answer is words: everything else is an effect a customer agrees to first.
UNCONFIRMED = {"add_note", "answer"}


def given(example: Example) -> dict[str, FactValue]:
    return {name: value for name, value in example.facts.items() if value is not None}


def test_the_catalog_has_its_21_categories() -> None:
    assert set(CATALOG.categories) == CATEGORIES
    assert {str(p.category) for p in POLICIES if p.tier == 3} == {"account_deletion"}
    assert {str(p.category) for p in POLICIES if p.tier == 2} == {
        "mfa_reset",
        "contact_change",
        "complaint",
        "other",
    }


@pytest.mark.parametrize(("policy", "example"), EXAMPLES)
def test_an_example_gets_its_verdict_by_its_rule(policy: CategoryPolicy, example: Example) -> None:
    row = run_example(policy, example)
    assert row.passed, row


def test_running_all_examples_gives_a_row_for_each() -> None:
    rows = run_examples(CATALOG)
    assert len(rows) == len(EXAMPLES)
    assert all(isinstance(row, Row) for row in rows)


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_every_rule_speaks_in_an_example(policy: CategoryPolicy) -> None:
    spoke = {
        (one.rule, one.kind)
        for example in policy.examples
        for one in check(policy, example.tool, given(example)).fired
    }
    assert {(rule.id, rule.kind) for rule in policy.rules} <= spoke


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_every_write_has_examples_on_both_sides(policy: CategoryPolicy) -> None:
    sides = {(example.tool, example.expect == "allow") for example in policy.examples}
    assert sides == {(tool, side) for tool in policy.writes for side in (True, False)}


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_every_effect_is_confirmed_first(policy: CategoryPolicy) -> None:
    assert set(policy.confirm) == policy.writes - UNCONFIRMED


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_what_the_procedure_can_do_it_lists(policy: CategoryPolicy) -> None:
    kinds = {SPECS[tool].kind for tool in policy.tools}
    assert kinds <= {"read", "write"}
    assert policy.reads | policy.writes == set(policy.tools)


@pytest.mark.parametrize(("policy", "example"), ALLOWED)
def test_a_missing_fact_never_helps(policy: CategoryPolicy, example: Example) -> None:
    facts = given(example)
    fired = {one.rule for one in check(policy, example.tool, facts).fired}
    rules = [c for c in policy.judges[example.tool].rules if c.rule.id in fired]
    for name in frozenset.intersection(*(c.program.names for c in rules)):
        left = {other: value for other, value in facts.items() if other != name}
        assert check(policy, example.tool, left).kind != "allow", name


@pytest.mark.parametrize(("policy", "example"), ALLOWED)
def test_an_ill_typed_fact_never_helps(policy: CategoryPolicy, example: Example) -> None:
    facts = given(example)
    for name, value in facts.items():
        for wrong in wrongly_typed(value):
            assert check(policy, example.tool, {**facts, name: wrong}).kind != "allow", (name, wrong)


def wrongly_typed(value: FactValue) -> Iterator[FactValue]:
    match value:
        case bool():
            yield from (int(value), str(value))
        case int():
            yield from (bool(value), str(value), 2**64)
        case datetime():
            yield from (value.replace(tzinfo=None), value.isoformat())
        case str():
            yield from (True, 0, "\ud800")


@pytest.mark.parametrize("policy", BY_CATEGORY)
def test_no_facts_at_all_allow_nothing(policy: CategoryPolicy) -> None:
    for tool in policy.writes:
        assert check(policy, tool, {}).kind != "allow"


SEVERITY = {"allow": 0, "escalate": 1, "deny": 2}


@pytest.mark.parametrize(
    ("category", "name", "values"),
    [
        pytest.param("refund_request", "order.days_since_delivery", [0, 29, 30, 31, 400], id="later"),
        pytest.param("refund_request", "refund.amount", [1, 4899, 4900, 4901, 20000], id="more-than-is-left"),
        pytest.param("refund_request", "order.opened", [False, True], id="opened"),
        pytest.param("refund_request", "customer.refunds_90d", [0, 2, 3, 50], id="more-refunds"),
        pytest.param(
            "refund_request", "charge.amount_refunded", [0, 15099, 15100, 90000], id="more-refunded"
        ),
        pytest.param("refund_request", "charge.remaining", [90000, 4900, 4899, 0, -1], id="less-is-left"),
        pytest.param("duplicate_charge", "charge.age_days", [0, 90, 91, 4000], id="older"),
        pytest.param("order_cancel", "order.total", [1, 19999, 20000, 20001], id="dearer"),
        pytest.param("subscription_change", "plan.due_now", [0, 19999, 20000, 20001], id="more-due"),
        pytest.param("return_request", "order.days_since_delivery", [0, 30, 31, 400], id="later-return"),
        pytest.param("return_request", "order.open_returns", [0, 1, 9], id="more-returns"),
        pytest.param("password_reset", "account.contact_age_hours", [9999, 72, 71, 24, 23, 0], id="fresher"),
        pytest.param(
            "mfa_reset", "account.contact_age_hours", [9999, 72, 71, 24, 23, 0], id="fresher-factor"
        ),
        pytest.param("complaint", "credit.amount", [1, 1000, 1001, 99999], id="more-credit"),
        pytest.param("refund_request", "request.confidence_pct", [100, 60, 59, 0, -1], id="less-sure"),
    ],
)
def test_more_risk_never_relaxes_a_verdict(category: str, name: str, values: list[int]) -> None:
    policy = CATALOG.get(category)
    assert policy is not None
    example = next(e for e in policy.examples if e.expect == "allow" and e.tool != "answer")
    kinds = [check(policy, example.tool, {**given(example), name: value}).kind for value in values]
    assert kinds[0] == "allow"
    assert kinds[-1] != "allow"
    assert [SEVERITY[kind] for kind in kinds] == sorted(SEVERITY[kind] for kind in kinds)


def test_a_refund_of_199_dollars_99_is_the_last_that_may_run() -> None:
    policy = CATALOG.get("refund_request")
    assert policy is not None
    example = next(e for e in policy.examples if e.expect == "allow" and e.tool == "refund_charge")
    kinds = {}
    for amount in (19998, 19999, 20000, 20001):
        of = dict.fromkeys(("charge.amount", "charge.remaining", "refund.amount"), amount)
        kinds[amount] = check(policy, "refund_charge", {**given(example), **of}).kind
    assert kinds == {19998: "allow", 19999: "allow", 20000: "escalate", 20001: "escalate"}
    assert policy.limits.per_object_lifetime.amounts == {"usd": 19999}


def test_two_files_never_share_a_version() -> None:
    assert len({policy.version for policy in POLICIES}) == len(POLICIES)
