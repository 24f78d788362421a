"""A category on the ladder, in a real database: up only by a signed decision on proof, down at once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update

from approvals.ladder.views import category_view, ladder
from approvals.ladder.weighing import note_late, weigh_category
from approvals.parts import Parts, Reviewer
from approvals.standing import demote, graduate, pull_back, standing_of, standing_row
from core.clock import StillClock
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.standing import Standing
from evals.earned import earn
from store.columns import table
from store.tables.action import ActionRow, ReviewRow
from store.tables.conversation import ClosureRow, RequestRow
from store.tables.standing import StandingChangeRow, StandingRow

_STANDING, _CHANGE, _REVIEW = table(StandingRow), table(StandingChangeRow), table(ReviewRow)
_ACTION, _CLOSURE = table(ActionRow), table(ClosureRow)
CATEGORY = "refund_request"


@pytest.fixture
async def earned(parts: Parts) -> Parts:
    await earn(parts, CATEGORY, "autonomous_20")
    return parts


def ops(parts: Parts, **more: Any) -> Reviewer:
    told = {
        "id": "usr_ops",
        "name": "Ops",
        "roles": frozenset({"ops"}),
        "authenticated_at": parts.clock.now(),
    }
    return Reviewer(**{**told, **more})


async def stands(parts: Parts, used: str | None = None) -> Standing:
    async with parts.store.begin() as work:
        return await standing_of(work, parts.catalog.categories[CATEGORY], parts, used=used)  # type: ignore[index]


async def written(parts: Parts, statement: Any) -> None:
    """Somebody writes to the database behind everybody's back."""
    async with parts.store.begin() as work:
        await work.run(statement)
    parts.proofs.forget()


async def test_what_was_earned_stands(earned: Parts) -> None:
    assert await stands(earned) == "autonomous_20"
    view = await category_view(CATEGORY, earned)
    assert (view.supports, view.changes[0].after, view.changes[0].k) == ("autonomous_20", "autonomous_20", 0)
    assert view.curve[-1].n == view.n
    assert view.curve[-1].log_e == pytest.approx(view.log_e)


@pytest.mark.parametrize("rung", ["autonomous_20", "autonomous_5", "autonomous_2"])
async def test_a_standing_written_into_the_table_is_held(parts: Parts, rung: str) -> None:
    async with parts.store.begin() as work:
        await work.add(StandingRow(category=CATEGORY, standing=rung, since=work.now))
    assert await stands(parts) == "observation"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(update(_STANDING).values(standing="autonomous_5"), id="a-rung-higher"),
        pytest.param(update(_STANDING).values(version=2), id="another-version"),
        pytest.param(update(_STANDING).values(agent_version="x"), id="another-agent"),
        pytest.param(update(_STANDING).values(change_id=None), id="no-change"),
        pytest.param(update(_CHANGE).values(by="usr_somebody"), id="another-signer"),
        pytest.param(update(_CHANGE).values(signature="0" * 64), id="another-signature"),
        pytest.param(delete(_CHANGE), id="no-signed-change"),
        pytest.param(delete(_REVIEW), id="no-reviews"),
        pytest.param(update(_REVIEW).values(decision="reject"), id="rejected-after-all"),
        pytest.param(update(_REVIEW).values(seconds_open=0.5), id="nobody-read-them"),
        pytest.param(text("update canary set missed = true"), id="canaries-missed-after-all"),
    ],
)
async def test_a_standing_that_no_longer_recomputes_is_held(earned: Parts, statement: Any) -> None:
    await written(earned, statement)
    assert await stands(earned) == "observation"


async def test_a_change_of_the_reviews_is_seen_within_a_minute(earned: Parts, clock: StillClock) -> None:
    assert await stands(earned) == "autonomous_20"
    async with earned.store.begin() as work:
        await work.run(delete(_REVIEW))
    clock.move(timedelta(seconds=61))
    assert await stands(earned) == "observation"


async def test_another_agent_version_has_not_earned_it(earned: Parts) -> None:
    assert await stands(earned, used="the offline fallback") == "observation"
    async with earned.store.begin() as work:
        row = await standing_row(work, CATEGORY)
    assert row is not None
    assert await stands(earned, used=row.agent_version) == "autonomous_20"


async def test_nothing_graduates_without_proof(parts: Parts) -> None:
    with pytest.raises(Conflict, match="Nothing was reviewed"):
        await graduate(CATEGORY, by=ops(parts), reason="trust me", parts=parts)
    assert await stands(parts) == "observation"


async def test_the_next_rung_asks_more_and_says_how_much(earned: Parts) -> None:
    with pytest.raises(Conflict, match="about 195 more without an error"):
        await graduate(CATEGORY, by=ops(earned), reason="more", parts=earned)


@pytest.mark.parametrize(
    ("different", "reason", "error"),
    [
        pytest.param({"roles": frozenset({"approver"})}, "fine", Forbidden, id="no-ops"),
        pytest.param({"roles": frozenset()}, "fine", Forbidden, id="no-role"),
        pytest.param({}, "  ", Invalid, id="no-reason"),
        pytest.param(
            {"authenticated_at": timedelta(minutes=15, seconds=1)}, "fine", Forbidden, id="old-login"
        ),
    ],
)
async def test_who_may_not_graduate(earned: Parts, different: Any, reason: str, error: type) -> None:
    if "authenticated_at" in different:
        different = {"authenticated_at": earned.clock.now() - different["authenticated_at"]}
    await demote(CATEGORY, by=ops(earned), reason="to try again", parts=earned)
    with pytest.raises(error):
        await graduate(CATEGORY, by=ops(earned, **different), reason=reason, parts=earned)
    with pytest.raises(NotFound):
        await graduate("no_such", by=ops(earned), reason="fine", parts=earned)


async def test_a_category_pulled_back_begins_its_evidence_anew(earned: Parts, clock: StillClock) -> None:
    await demote(CATEGORY, by=ops(earned), reason="a bad week", parts=earned)
    assert await stands(earned) == "observation"
    view = await category_view(CATEGORY, earned)
    assert (view.n, view.version.v if view.version else 0) == (0, 2)
    assert [v.v for v in view.versions] == [1, 2]
    with pytest.raises(Conflict):
        await graduate(CATEGORY, by=ops(earned), reason="again", parts=earned)


async def test_a_tier_2_category_never_graduates(parts: Parts) -> None:
    await earn_tickets(parts, "mfa_reset")
    with pytest.raises(Conflict, match="always decided by people"):
        await graduate("mfa_reset", by=ops(parts), reason="please", parts=parts)


async def earn_tickets(parts: Parts, category: str) -> None:
    """A past that would be enough, for a category that may not use it."""
    with pytest.raises(Conflict):
        await earn(parts, category, "autonomous_20")


async def test_below_observation_ops_move_a_category_by_hand(parts: Parts) -> None:
    await demote(CATEGORY, to="off", by=ops(parts), reason="people only", parts=parts)
    assert await graduate(CATEGORY, by=ops(parts), reason="try beside people", parts=parts) == "shadow"


@pytest.mark.parametrize("kind", ["refund_failed", "dispute"])
async def test_late_truth_pulls_back_what_its_proof_no_longer_carries(
    earned: Parts, clock: StillClock, kind: Any
) -> None:
    async with earned.store.begin() as work:
        first = await work.value(text("select id from action where not canary order by created_at limit 1"))
        assert await note_late(work, first, kind, by="webhook", parts=earned)
        assert not await note_late(work, first, kind, by="webhook", parts=earned)
    clock.move(timedelta(minutes=1))
    await weigh_category(CATEGORY, earned)
    assert await stands(earned) == "observation"
    view = await category_view(CATEGORY, earned)
    assert (view.changes[0].by, view.changes[0].reason) == ("ladder", "The evidence no longer carries it.")


async def test_the_overview_says_where_to_look(earned: Parts) -> None:
    places = {one.category: one for one in await ladder(earned)}
    assert len(places) == len(earned.catalog.categories)
    assert places[CATEGORY].standing == "autonomous_20"
    assert places[CATEGORY].attention is None
    async with earned.store.begin() as work:
        policy = earned.catalog.categories[CATEGORY]  # type: ignore[index]
        await pull_back(work, policy, "suspended", by="usr_ops", reason="stop", parts=earned)
    assert {one.category: one for one in await ladder(earned)}[CATEGORY].standing == "suspended"
    assert await graduate(CATEGORY, by=ops(earned), reason="lift it", parts=earned) == "observation"


@pytest.mark.parametrize(
    ("days", "category", "errors"),
    [
        pytest.param(7, CATEGORY, 1, id="within-seven-days"),
        pytest.param(7.01, CATEGORY, 0, id="later"),
        pytest.param(1, "how_to", 0, id="about-something-else"),
    ],
)
async def test_a_ticket_that_comes_back_on_the_same_issue_was_wrong(
    earned: Parts, days: float, category: str, errors: int
) -> None:
    async with earned.store.begin() as work:
        action = await work.value(text("select id from action where not canary order by created_at limit 1"))
        ticket = await work.value(
            text("select conversation_id from action where id = :a").bindparams(a=action)
        )
        await work.run(update(_ACTION).where(_ACTION.c.id == action).values(state="executed"))
        closed = work.now - timedelta(days=10)
        back = closed + timedelta(days=days)
        ended = {"touched_by": ["agent"], "reopened_at": back, "category": category, "began_at": closed}
        await work.run(
            insert(_CLOSURE).values(id="clo", conversation_id=ticket, how="agent", at=closed, **ended)
        )
        await work.add(
            RequestRow(
                id="req_again",
                conversation_id=ticket,
                message_id="m",
                category=category,
                confidence=1.0,
                slots={},
                opened_at=back,
            )
        )
    view = await category_view(CATEGORY, earned)
    assert (view.k, [ticket.why for ticket in view.errors]) == (errors, ["reopened"] * errors)


@pytest.mark.parametrize(
    ("days", "about", "errors"),
    [
        pytest.param(7, CATEGORY, 1, id="within-seven-days"),
        pytest.param(7.01, CATEGORY, 0, id="later"),
        pytest.param(1, "how_to", 0, id="another-issue"),
    ],
)
async def test_a_customer_who_asks_again_about_the_same_was_not_helped(
    earned: Parts, days: float, about: str, errors: int
) -> None:
    async with earned.store.begin() as work:
        action = await work.value(text("select id from action where not canary order by created_at limit 1"))
        ticket = await work.value(
            text("select conversation_id from action where id = :a").bindparams(a=action)
        )
        await work.run(update(_ACTION).where(_ACTION.c.id == action).values(state="executed"))
        closed = work.now - timedelta(days=10)
        told = {"how": "agent", "touched_by": ["agent"], "began_at": closed, "at": closed}
        again = {"repeated_at": closed + timedelta(days=days), "repeated_by": "con_other"}
        await work.run(
            insert(_CLOSURE).values(id="clo", conversation_id=ticket, category=about, **told, **again)
        )
    assert [one.why for one in (await category_view(CATEGORY, earned)).errors] == ["asked again"] * errors
