"""The gate's decision table: each check from both sides, and the order between them."""

from dataclasses import replace
from typing import Any

import pytest

from approvals.gate import Evidence, route
from core.actions import Ask, Execute, Fired, HandOver, Hold, Refuse, Verdict, VerdictKind

ESCALATION = Fired(rule="late", kind="escalate", sentence="It is more than 30 days.")
BREACH = Fired(rule="limit.customer", kind="escalate", sentence="The daily limit is reached.")


def _verdict(kind: VerdictKind = "allow") -> Verdict:
    fired = {
        "allow": Fired(rule="fine", kind="allow", sentence="It is fine."),
        "escalate": ESCALATION,
        "deny": Fired(rule="never", kind="deny", sentence="It was refunded already."),
    }
    return Verdict(kind=kind, fired=(fired[kind],), policy_version="v")


CLEAR = Evidence(
    given=True,
    owned=True,
    verdict=_verdict(),
    breaches=(),
    stopped=False,
    confirm_needed=True,
    confirmed=True,
    step_up_needed=True,
    stepped_up=True,
    standing="autonomous_20",
    tier=1,
    review_after=False,
    audited=False,
    approved=None,
)


def test_everything_in_order_executes() -> None:
    assert route(CLEAR) == Execute(review_after=False)


def test_what_was_chosen_for_an_audit_is_looked_at_afterwards() -> None:
    assert route(replace(CLEAR, audited=True)) == Execute(review_after=True)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        pytest.param({"given": False}, Refuse, id="id-from-nowhere"),
        pytest.param({"owned": False}, Refuse, id="someone-elses"),
        pytest.param({"verdict": _verdict("deny")}, Refuse, id="rules-deny"),
        pytest.param({"standing": "off"}, HandOver, id="category-off"),
        pytest.param({"confirmed": False}, Ask, id="not-confirmed"),
        pytest.param({"stepped_up": False}, Ask, id="no-code"),
        pytest.param({"stopped": True}, Hold, id="kill-switch"),
        pytest.param({"verdict": _verdict("escalate")}, Hold, id="rules-escalate"),
        pytest.param({"breaches": (BREACH,)}, Hold, id="limit-crossed"),
        pytest.param({"standing": "observation"}, Hold, id="observation"),
        pytest.param({"standing": "shadow"}, HandOver, id="shadow"),
        pytest.param({"standing": "suspended"}, Hold, id="suspended"),
        pytest.param({"tier": 2}, Hold, id="tier-2-is-always-held"),
        pytest.param({"tier": 3}, Hold, id="tier-3-is-always-held"),
    ],
)
def test_one_thing_missing_never_executes(change: dict[str, Any], kind: type) -> None:
    assert isinstance(route(replace(CLEAR, **change)), kind)


@pytest.mark.parametrize("standing", ["autonomous_20", "autonomous_5", "autonomous_2"])
def test_each_autonomous_rung_executes(standing: Any) -> None:
    assert isinstance(route(replace(CLEAR, standing=standing)), Execute)


def test_what_was_chosen_for_an_audit_runs_and_is_looked_at_afterwards() -> None:
    assert route(replace(CLEAR, audited=True)) == Execute(review_after=True)
    held = route(replace(CLEAR, audited=True, standing="observation"))
    assert isinstance(held, Hold)


HELD = replace(CLEAR, standing="observation", verdict=_verdict("escalate"), breaches=(BREACH,))


@pytest.mark.parametrize(
    ("approved", "runs"),
    [
        pytest.param(frozenset({"late", "limit.customer"}), True, id="both-shown"),
        pytest.param(frozenset({"late"}), False, id="limit-is-new"),
        pytest.param(frozenset(), False, id="nothing-shown"),
        pytest.param(None, False, id="nobody-approved"),
    ],
)
def test_an_approval_satisfies_exactly_what_it_showed(approved: frozenset[str] | None, runs: bool) -> None:
    assert isinstance(route(replace(HELD, approved=approved)), Execute) is runs


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"verdict": _verdict("deny")}, id="deny"),
        pytest.param({"owned": False}, id="ownership"),
        pytest.param({"given": False}, id="provenance"),
        pytest.param({"confirmed": False}, id="confirmation"),
        pytest.param({"stepped_up": False}, id="step-up"),
        pytest.param({"stopped": True}, id="kill-switch"),
    ],
)
def test_an_approval_never_replaces(change: dict[str, Any]) -> None:
    approved = replace(CLEAR, standing="observation", approved=frozenset({"late"}))
    assert isinstance(route(approved), Execute)
    assert not isinstance(route(replace(approved, **change)), Execute)


def test_a_verdict_without_any_rule_is_held() -> None:
    silent = Verdict(kind="escalate", fired=(), policy_version="v")
    assert isinstance(route(replace(CLEAR, verdict=silent)), Hold)


def test_foreign_and_missing_are_the_same_refusal_in_words() -> None:
    foreign, missing = route(replace(CLEAR, owned=False)), route(replace(CLEAR, given=False))
    assert isinstance(foreign, Refuse)
    assert isinstance(missing, Refuse)
    assert foreign.because == missing.because


def test_an_answer_sent_first_is_reviewed_after() -> None:
    answer = replace(CLEAR, standing="observation", review_after=True)
    assert route(answer) == Execute(review_after=True)
    assert isinstance(route(replace(answer, standing="suspended")), Hold)


def test_confirmation_comes_before_the_code() -> None:
    assert route(replace(CLEAR, confirmed=False, stepped_up=False)) == Ask("confirm")
