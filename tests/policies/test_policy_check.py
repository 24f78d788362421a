"""The verdict: order of precedence, and everything in doubt."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from specs import SPECS

from core.facts import FactValue
from policies.cases import CALM
from policies.check import check
from policies.load import parse_category
from policies.model import CategoryPolicy

FILE = """
title: Notes
tier: 1
owner: Support team
about: Rules to try the judge on.
tools: [add_note, update_phone, answer]
procedure: [{hand_over: Nothing to do.}]
rules:
  - {id: short, tools: [add_note], allow: note.length <= 10, sentence: Short., owner: A, reason: R, exception: E}
  - {id: even_so, tools: [add_note], allow: note.length == 99 || true, sentence: Any., owner: A, reason: R, exception: E}
  - {id: long, tools: [add_note], escalate: note.length > 5, sentence: Long., owner: A, reason: R, exception: E}
  - {id: huge, tools: [add_note], deny: note.length > 8, sentence: Huge., owner: A, reason: R, exception: E}
  - {id: person, tools: [update_phone], escalate: "true", sentence: Person., owner: A, reason: R, exception: E}
  - {id: brief, tools: [answer], allow: answer.length < 5, sentence: Brief., owner: A, reason: R, exception: E}
always_escalate: {tiers: [vip], health: [at_risk], contacts_30d_over: 3, handovers_over: 2, own_writes_over: 0}
autonomy: {threshold: 0.01, ceiling: autonomous_2, min_days: 14}
utterances: [one, two, three]
"""


@pytest.fixture(scope="module")
def policy() -> CategoryPolicy:
    return parse_category(Path("notes.yaml"), FILE.encode(), SPECS)


def facts(**changed: Any) -> dict[str, FactValue]:
    named = {name.replace("__", "."): value for name, value in changed.items()}
    return {name: value for name, value in {**CALM, **named}.items() if value is not None}


@pytest.mark.parametrize(
    ("length", "kind", "rules"),
    [
        pytest.param(5, "allow", ["short", "even_so"], id="allow"),
        pytest.param(6, "escalate", ["short", "even_so", "long"], id="escalate-beats-allow"),
        pytest.param(8, "escalate", ["short", "even_so", "long"], id="last-before-deny"),
        pytest.param(9, "deny", ["short", "even_so", "long", "huge"], id="deny-beats-escalate"),
    ],
)
def test_precedence(policy: CategoryPolicy, length: int, kind: str, rules: list[str]) -> None:
    verdict = check(policy, "add_note", facts(note__length=length))
    assert verdict.kind == kind
    assert [one.rule for one in verdict.fired] == rules


def test_a_rule_that_would_be_true_without_its_fact_still_allows_nothing(policy: CategoryPolicy) -> None:
    verdict = check(policy, "add_note", facts())
    assert verdict.kind == "escalate"
    assert {(one.rule, one.kind) for one in verdict.fired} == {
        ("short", "escalate"),
        ("even_so", "escalate"),
        ("long", "escalate"),
        ("huge", "escalate"),
        ("no_rule_matched", "escalate"),
    }
    assert verdict.fired[0].sentence == "This could not be checked: Short."


def test_nothing_true_is_a_persons_case(policy: CategoryPolicy) -> None:
    assert check(policy, "answer", facts(answer__length=4)).kind == "allow"
    verdict = check(policy, "answer", facts(answer__length=5))
    assert verdict.kind == "escalate"
    assert [one.rule for one in verdict.fired] == ["no_rule_matched"]


def test_an_escalation_does_not_hide_that_nothing_allows(policy: CategoryPolicy) -> None:
    verdict = check(policy, "update_phone", facts(phone__well_formed=True))
    assert [one.rule for one in verdict.fired] == ["person", "no_rule_matched"]
    assert verdict.sentences == ("Person.", "No rule settles this without a person.")


def test_a_tool_of_another_category_is_refused(policy: CategoryPolicy) -> None:
    for tool in ("refund_charge", "find_charges", "", "ADD_NOTE"):
        verdict = check(policy, tool, facts())
        assert verdict.kind == "deny"
        assert [one.rule for one in verdict.fired] == ["tool_not_in_category"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"note__length": "5"}, id="text"),
        pytest.param({"note__length": True}, id="bool"),
        pytest.param({"note__length": 5.0}, id="float"),
        pytest.param({"note__length": 2**70}, id="huge"),
        pytest.param({"note__length": 5, "note__colour": "red"}, id="undeclared"),
        pytest.param({"note__length": 5, "customer__tier": "\udfff"}, id="surrogate"),
    ],
)
def test_unfit_facts_are_never_an_allow(policy: CategoryPolicy, wrong: dict[str, Any]) -> None:
    verdict = check(policy, "add_note", facts(**wrong))
    assert verdict.kind == "escalate"
    assert "facts_unfit" in [one.rule for one in verdict.fired]


def test_a_deny_stands_beside_unfit_facts(policy: CategoryPolicy) -> None:
    assert check(policy, "add_note", facts(note__length=9, note__colour="red")).kind == "deny"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        pytest.param({"request__confidence_pct": 60}, None, id="confidence-60"),
        pytest.param({"request__confidence_pct": 59}, "always.confidence", id="confidence-59"),
        pytest.param({"request__confidence_pct": None}, "always.confidence", id="confidence-missing"),
        pytest.param({"request__angry": True}, "always.angry", id="angry"),
        pytest.param({"request__angry": None}, "always.angry", id="anger-missing"),
        pytest.param({"request__contacts_30d": 3}, None, id="contacts-3"),
        pytest.param({"request__contacts_30d": 4}, "always.contacts", id="contacts-4"),
        pytest.param({"request__contacts_30d": None}, "always.contacts", id="contacts-missing"),
        pytest.param({"request__handovers": 2}, None, id="handovers-2"),
        pytest.param({"request__handovers": 3}, "always.handovers", id="handovers-3"),
        pytest.param({"agent__writes_on_target": 1}, "always.own_writes", id="own-writes"),
        pytest.param({"agent__writes_on_target": None}, "always.own_writes", id="own-writes-missing"),
        pytest.param({"customer__tier": "plus"}, None, id="plus"),
        pytest.param({"customer__tier": "vip"}, "always.vip", id="vip"),
        pytest.param({"customer__tier": None}, "always.tier_unknown", id="tier-missing"),
        pytest.param({"customer__tier_known": False}, "always.tier_unknown", id="tier-not-known"),
        pytest.param({"customer__tier_known": None}, "always.tier_unknown", id="tier-known-missing"),
        pytest.param({"customer__health": "unknown"}, None, id="health-unlisted"),
        pytest.param({"customer__health": "at_risk"}, "always.at_risk", id="at-risk"),
        pytest.param({"customer__health": None}, "always.health_unknown", id="health-missing"),
        pytest.param({"request__security_words": True}, "always.security", id="security"),
        pytest.param({"request__legal_words": True}, "always.legal", id="legal"),
        pytest.param({"request__compliance_words": True}, "always.compliance", id="compliance"),
        pytest.param({"request__compliance_words": None}, "always.compliance", id="words-missing"),
    ],
)
def test_what_always_brings_a_person(
    policy: CategoryPolicy, changed: dict[str, Any], rule: str | None
) -> None:
    verdict = check(policy, "add_note", facts(note__length=3, **changed))
    assert verdict.kind == ("allow" if rule is None else "escalate")
    assert [one.rule for one in verdict.fired if one.kind == "escalate"] == ([rule] if rule else [])


def test_the_same_facts_give_the_same_verdict(policy: CategoryPolicy) -> None:
    again = parse_category(Path("notes.yaml"), FILE.encode(), SPECS)
    given = facts(note__length=7, customer__tier="vip")
    assert check(policy, "add_note", given) == check(again, "add_note", given)


def changed(old: str, new: str) -> str:
    assert old in FILE
    return parse_category(Path("notes.yaml"), FILE.replace(old, new).encode(), SPECS).version


def test_the_version_changes_with_what_matters_only(policy: CategoryPolicy) -> None:
    assert changed("note.length > 5", "note.length > 6") != policy.version
    assert changed("sentence: Long.", "sentence: Too long.") != policy.version
    assert changed("own_writes_over: 0", "own_writes_over: 1") != policy.version
    assert changed("tier: 1\n", "tier: 1\nconfirm: [add_note]\n") != policy.version
    assert changed("[one, two, three]", "[one, two, three, four]") == policy.version
    assert changed("title: Notes", "title: Remarks") == policy.version
    assert changed("Rules to try", "Other words for trying") == policy.version


def test_the_version_follows_the_tools(policy: CategoryPolicy) -> None:
    spec = SPECS["add_note"]
    facts = {**spec.facts, "note.colour": "string"}
    for other in (replace(spec, version=2), replace(spec, facts=facts)):
        changed = parse_category(Path("notes.yaml"), FILE.encode(), {**SPECS, "add_note": other})
        assert changed.version != policy.version
