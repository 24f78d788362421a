"""A verdict that names no rule is doubt: neither a standing nor an empty approval makes it run."""

from typing import Any

import pytest

from approvals.gate import Evidence, route
from core.actions import Execute, Hold, Verdict, VerdictKind


def _evidence(kind: VerdictKind, **other: Any) -> Evidence:
    told: dict[str, Any] = {
        "given": True,
        "owned": True,
        "verdict": Verdict(kind=kind, fired=(), policy_version="v"),
        "breaches": (),
        "stopped": False,
        "confirm_needed": False,
        "confirmed": False,
        "step_up_needed": False,
        "stepped_up": False,
        "standing": "autonomous_2",
        "tier": 1,
        "review_after": False,
        "audited": False,
        "approved": None,
    }
    return Evidence(**{**told, **other})


def test_an_allow_runs() -> None:
    assert isinstance(route(_evidence("allow")), Execute)
    assert isinstance(route(_evidence("allow", standing="observation", approved=frozenset())), Execute)


@pytest.mark.parametrize("approved", [None, frozenset(), frozenset({"another_rule"})])
@pytest.mark.parametrize("standing", ["autonomous_2", "observation"])
def test_an_escalation_without_a_rule_is_held(standing: str, approved: frozenset[str] | None) -> None:
    assert isinstance(route(_evidence("escalate", standing=standing, approved=approved)), Hold)


def test_an_approval_that_showed_the_doubt_settles_it() -> None:
    shown = frozenset({"no_rule_allows"})
    assert isinstance(route(_evidence("escalate", standing="observation", approved=shown)), Execute)
