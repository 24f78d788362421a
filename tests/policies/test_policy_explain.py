"""The policy in words."""

from pathlib import Path

import pytest
from specs import SPECS

from policies.explain import explain
from policies.load import load_catalog

CATALOG = load_catalog(Path(__file__).parents[2] / "policies" / "catalog", SPECS)


@pytest.mark.parametrize("category", sorted(CATALOG.categories))
def test_every_sentence_of_the_file_is_told(category: str) -> None:
    policy = CATALOG.get(category)
    assert policy is not None
    text = explain(policy).text()
    assert all(rule.sentence in text for rule in policy.rules)
    assert text == explain(policy).text()


def test_refunds_in_words() -> None:
    policy = CATALOG.get("refund_request")
    assert policy is not None
    told = explain(policy)
    refund = next(said for said in told.tools if said.tool == "refund_charge")
    assert refund.allow == (
        "Within 30 days of delivery, unopened and under $200, a refund needs no further check.",
    )
    assert "More than 30 days after delivery, a person decides about a refund." in refund.escalate
    assert "There is nothing left to refund on this charge." in refund.deny
    assert told.limits[0] == "$199.99 on one thing, ever"
    assert "Requests of VIP customers are decided by a person." in told.always
    assert told.confirm == ("refund_charge",)


def test_a_category_for_people_says_so() -> None:
    policy = CATALOG.get("account_deletion")
    assert policy is not None
    told = explain(policy)
    assert told.tier == "Is for people only."
    assert told.tools == told.always == told.limits == ()
