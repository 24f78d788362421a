"""From raw rows to evidence: what counts, what waits, what is set aside, and in which order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from approvals.ladder.bars import first_n
from approvals.ladder.evidence import Terms, audits, blockers, evidence, supported, version_at, watched
from approvals.ladder.history import CanaryAnswer, History, Proposal, Review, Version
from approvals.ladder.outcomes import REASONS, is_material, says
from approvals.ladder.words import guarantee, in_words
from core.standing import Decision

BEGAN = datetime(2026, 10, 1, 12, tzinfo=UTC)
NOW = BEGAN + timedelta(days=40)
TERMS = Terms("refund_request", 1, 0.01, "autonomous_2")
V1 = Version(1, "hash", BEGAN)


def review(decision: Decision = "approve", *, by: str = "ines", **more: Any) -> Review:
    told = {"reason": None, "material": None, "seconds": 20.0, "at": BEGAN}
    return Review(by=by, decision=decision, **{**told, **more})


def proposal(i: int, *reviews: Review, **more: Any) -> Proposal:
    told: dict[str, Any] = {
        "action_id": f"act_{i:05d}",
        "ticket": f"con_{i}",
        "at": BEGAN + timedelta(minutes=i),
        "version": "hash",
        "waits": False,
        "alone": False,
        "audited": False,
        "reviews": reviews,
    }
    return Proposal(**{**told, **more})


def clean(n: int, start: int = 0) -> list[Proposal]:
    return [proposal(start + i, review()) for i in range(n)]


def canaries(shown: int, missed: int = 0, *, by: str = "ines", category: str = "refund_request") -> Any:
    return tuple(CanaryAnswer(by, category, i < missed, BEGAN) for i in range(shown))


def history(proposals: list[Proposal], shown: Any = (), versions: tuple[Version, ...] = (V1,)) -> History:
    return History("refund_request", tuple(proposals), tuple(shown), versions)


def test_the_first_version_graduates_at_509_clean_tickets_with_sixty_canaries() -> None:
    at = [evidence(history(clean(n), canaries(60)), TERMS, V1, NOW) for n in (508, 509)]
    assert [blockers(shown) for shown in at] == [("evidence",), ()]
    assert [supported(shown) for shown in at] == ["observation", "autonomous_20"]
    assert "1 more without an error" in in_words(at[0], "autonomous_20", blockers(at[0]))[0]


@pytest.mark.parametrize(("times", "rung"), [(1, "autonomous_20"), (5, "autonomous_5"), (50, "autonomous_2")])
def test_each_rung_asks_its_multiple_of_the_same_bar(times: int, rung: str) -> None:
    probe = evidence(history([], canaries(60)), TERMS, V1, NOW).weighed
    n = first_n(0, probe.effective_threshold, probe.bar * times)
    assert supported(evidence(history(clean(n), canaries(60)), TERMS, V1, NOW)) == rung
    assert supported(evidence(history(clean(n - 1), canaries(60)), TERMS, V1, NOW)) != rung


@pytest.mark.parametrize(
    ("change", "now", "stands"),
    [
        pytest.param({"tier": 2}, NOW, "tier", id="tier-2"),
        pytest.param({"ceiling": "observation"}, NOW, "ceiling", id="ceiling"),
        pytest.param({}, BEGAN + timedelta(days=13, hours=23), "days", id="thirteen-days"),
        pytest.param({"min_days": 41}, NOW, "days", id="the-file-asks-more-days"),
    ],
)
def test_one_thing_alone_keeps_a_category_where_it_is(change: Any, now: datetime, stands: str) -> None:
    enough = history(clean(600), canaries(60))
    assert blockers(evidence(enough, TERMS, V1, BEGAN + timedelta(days=14))) == ()
    shown = evidence(enough, replace(TERMS, **change), V1, now)
    assert blockers(shown) == (stands,)
    assert supported(shown) == "observation"


def test_a_hundred_tickets_are_needed_even_where_the_evidence_is_enough() -> None:
    lenient = replace(TERMS, threshold=0.2)
    at = [evidence(history(clean(n), canaries(60)), lenient, V1, NOW) for n in (99, 100)]
    assert [blockers(shown) for shown in at] == [("n",), ()]


def test_without_a_canary_nothing_graduates() -> None:
    shown = evidence(history(clean(5_000)), TERMS, V1, NOW)
    assert blockers(shown) == ("canaries", "evidence")
    assert shown.weighed.clean_needed() is None


def test_a_ticket_counts_once_and_one_wrong_action_makes_it_wrong() -> None:
    three = [proposal(i, review(), ticket="one") for i in range(3)]
    assert evidence(history(three), TERMS, V1, NOW).n == 1
    wrong = [*three, proposal(3, review("reject", reason="wrong_amount"), ticket="one")]
    shown = evidence(history(wrong), TERMS, V1, NOW)
    assert (shown.n, shown.k) == (1, 1)
    assert shown.errors[0].why == "wrong amount"


def test_only_the_decided_prefix_counts_in_proposal_order() -> None:
    rows = [*clean(3), proposal(3, waits=True, at=NOW - timedelta(days=6)), *_late_clean(5)]
    shown = evidence(history(rows), TERMS, V1, NOW)
    assert (shown.n, len(shown.behind)) == (3, 5)
    assert shown.waiting_for is not None
    assert shown.waiting_for.id == "con_3"


def _late_clean(n: int) -> list[Proposal]:
    return [proposal(100 + i, review(), at=NOW - timedelta(days=1)) for i in range(n)]


@pytest.mark.parametrize(("days", "k"), [(6.99, 0), (7.0, 1)])
@pytest.mark.parametrize("how", [{"waits": True}, {"unreviewed": True}])
def test_what_nobody_decided_blocks_and_is_an_error_after_seven_days(days: float, k: int, how: Any) -> None:
    rows = [*clean(3), proposal(3, **how, at=NOW - timedelta(days=days))]
    shown = evidence(history(rows), TERMS, V1, NOW)
    assert (shown.n, shown.k, shown.waiting_for is None) == (3 + k, k, bool(k))


def test_a_customer_who_withdrew_says_nothing_about_the_agent() -> None:
    rows = [*clean(2), proposal(2, review("reject", reason="customer_withdrew")), proposal(3)]
    shown = evidence(history(rows), TERMS, V1, NOW)
    assert (shown.n, shown.k, shown.waiting_for) == (2, 0, None)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_in_the_table_and_doubt_is_an_error(reason: str) -> None:
    expected = "void" if reason == "customer_withdrew" else "error"
    assert says("reject", reason, None) == expected
    assert says("reject", "a_reason_of_tomorrow", None) == "error"
    assert says("take_over", None, None) == "error"


@pytest.mark.parametrize(
    ("tool", "before", "after", "material"),
    [
        pytest.param("refund_charge", {"amount": 100}, {"amount": 101}, True, id="amount"),
        pytest.param("refund_charge", {"amount": 100}, {"amount": 100}, False, id="nothing"),
        pytest.param(
            "answer",
            {"text": "Your parcel is on its way and arrives on Friday."},
            {"text": "Your parcel is on its way and will arrive on Friday."},
            False,
            id="wording",
        ),
        pytest.param("answer", {"text": "It costs 9.00"}, {"text": "It costs 19.00"}, True, id="number"),
        pytest.param("answer", {"text": "You can do it"}, {"text": "You can not do it"}, True, id="negation"),
        pytest.param(
            "answer", {"text": "See the plan page"}, {"text": "We do not offer it"}, True, id="other"
        ),
        pytest.param(
            "answer", {"text": "Hi", "closes": True}, {"text": "Hi", "closes": False}, True, id="closes"
        ),
        pytest.param("refund_charge", {"note": "a b c"}, {"note": "a b d"}, True, id="words-of-a-write"),
    ],
)
def test_an_edit_beyond_wording_is_an_error(tool: str, before: Any, after: Any, *, material: bool) -> None:
    assert is_material(tool, before, after) is material
    assert says("edit", None, material) == ("error" if material else "clean")
    assert says("edit", None, None) == "error"


@pytest.mark.parametrize(("seconds", "counts"), [(1.9, 0), (2.0, 3)])
def test_reviews_faster_than_reading_are_set_aside_with_a_reason(seconds: float, counts: int) -> None:
    rows = [proposal(i, review(seconds=seconds)) for i in range(3)]
    shown = evidence(history(rows), TERMS, V1, NOW)
    assert shown.n == counts
    assert [t.why for t in shown.set_aside] == ["reviewed faster than anybody reads"] * (3 - counts)


def test_an_approver_who_passes_every_canary_is_found_out_and_moves_nothing() -> None:
    rows = [proposal(i, review(by="rubber")) for i in range(600)]
    found_out = next(
        n for n in range(21) if evidence(history(rows, canaries(n, n, by="rubber")), TERMS, V1, NOW).n == 0
    )
    assert found_out <= 20
    shown = evidence(history(rows, canaries(20, 20, by="rubber", category="another")), TERMS, V1, NOW)
    assert (shown.n, len(shown.set_aside)) == (0, 600)
    assert supported(shown) == "observation"
    rejects = [proposal(i, review("reject", by="rubber", reason="wrong_amount")) for i in range(5)]
    assert evidence(history(rejects, canaries(20, 20, by="rubber")), TERMS, V1, NOW).k == 0


def test_an_honest_approver_is_not_found_out_by_one_slip() -> None:
    shown = evidence(history(clean(10), canaries(20, 1)), TERMS, V1, NOW)
    assert shown.n == 10


def test_late_truth_makes_an_approved_ticket_wrong_whoever_approved_it() -> None:
    rows = [*clean(3), proposal(3, review(by="rubber"), late=("refund_failed",))]
    shown = evidence(history(rows, canaries(20, 20, by="rubber")), TERMS, V1, NOW)
    assert (shown.n, shown.k) == (4, 1)


def test_late_truth_can_take_a_proof_back() -> None:
    rows = clean(509)
    assert supported(evidence(history(rows, canaries(60)), TERMS, V1, NOW)) == "autonomous_20"
    rows[100] = replace(rows[100], late=("dispute",))
    assert supported(evidence(history(rows, canaries(60)), TERMS, V1, NOW)) == "observation"


def test_an_error_after_the_bar_leaves_the_proof_and_is_for_the_detector() -> None:
    rows = [*clean(520), proposal(520, review("reject", reason="wrong_amount"), audited=True)]
    shown = evidence(history(rows, canaries(60)), TERMS, V1, NOW)
    assert supported(shown) == "autonomous_20"
    assert blockers(shown) == ("evidence",)


def test_versions_are_never_multiplied_together() -> None:
    later = BEGAN + timedelta(minutes=400)
    versions = (V1, Version(2, "other", later), Version(3, "hash", later + timedelta(minutes=1)))
    rows = clean(400) + [replace(p, version="other") for p in clean(400, 400)] + clean(300, 800)
    counted = [evidence(history(rows, canaries(60), versions), TERMS, v, NOW).n for v in versions]
    assert counted == [400, 400, 300]
    assert version_at(versions, "hash", BEGAN) == V1
    assert version_at(versions, "hash", BEGAN - timedelta(seconds=1)) is None
    assert evidence(history(rows), TERMS, None, NOW).n == 0


def test_what_ran_alone_unseen_is_no_evidence_and_audits_are() -> None:
    alone = [proposal(i, alone=True) for i in range(10)]
    seen = [proposal(10 + i, review(), audited=True) for i in range(3)]
    shown = evidence(history(alone + seen), TERMS, V1, NOW)
    assert shown.n == 3
    assert len(audits(history(alone + seen), BEGAN, NOW)) == 3


def test_the_detector_reads_audits_in_proposal_order_up_to_the_first_that_waits() -> None:
    wrong = [proposal(i, review("reject", reason="wrong_amount"), audited=True) for i in range(5)]
    assert watched(history(wrong), 0.01, BEGAN, NOW).alarm_at == 5
    wrong[1] = proposal(1, audited=True, waits=True, at=NOW)
    assert len(watched(history(wrong), 0.01, BEGAN, NOW).statistics) == 4
    assert watched(history(wrong), 0.01, NOW + timedelta(days=1), NOW).statistics == ()


def test_the_guarantee_names_the_categorys_own_number() -> None:
    assert "1 % or more" in guarantee(0.01)
    assert "2.5 % or more" in guarantee(0.025)
