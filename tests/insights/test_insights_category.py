"""A category's page says what its evidence says: whether it may rise, what is missing, and what happened."""

from datetime import timedelta

import pytest
from history import DAY, History

from approvals.ladder.eprocess import log_e
from approvals.ladder.versions import agent_version
from approvals.parts import Parts, Reviewer
from approvals.standing import demote, graduate
from core.clock import StillClock
from core.errors import NotFound
from core.ids import Category
from insights.category import falls, judgement
from insights.overview import by_rung, overview, progress_of
from service.pages_ops import answer_of, drawn, forecast_in_words, rise_in_words

REFUND = "refund_request"


async def past(parts: Parts, category: str = REFUND, **more: object) -> list[str]:
    policy = parts.catalog.categories[Category(category)]
    async with parts.store.begin() as work:
        return await History(work).record(policy, await agent_version(work, policy, parts), **more)  # type: ignore[arg-type]


def ops(clock: StillClock) -> Reviewer:
    return Reviewer("usr_ops", "Tomas Berg", frozenset({"ops"}), clock.now())


async def test_a_category_nobody_reviewed_says_so(parts: Parts) -> None:
    view = await judgement(REFUND, parts)
    assert (view.view.standing, view.may_rise, list(view.view.curve), drawn(view)) == (
        "observation",
        False,
        [],
        None,
    )
    assert view.stands[0].startswith("0 tickets of the 100")
    assert answer_of(view, stopped=False)[0] == "Not yet. A colleague reviews every action."


async def test_a_category_that_does_not_exist_is_refused(parts: Parts) -> None:
    with pytest.raises(NotFound):
        await judgement("nothing", parts)


async def test_forecast_goes_by_the_rate_of_the_last_two_weeks(parts: Parts) -> None:
    await past(parts, clean=400, days=40)
    view = await judgement(REFUND, parts)
    assert view.need is not None
    # 60 clean canaries at 1 % ask 509 clean tickets; 400 are there, at ten a day.
    assert view.need.tickets == 109
    assert view.need.per_day == pytest.approx(10, abs=0.3)
    assert view.need.days == 11
    assert forecast_in_words(view).startswith("about 109 more clean reviews, 11 days at the present rate")


async def test_days_that_are_still_asked_count_in_the_forecast(parts: Parts) -> None:
    await past(parts, clean=600, days=6)
    view = await judgement(REFUND, parts)
    assert view.need is not None
    assert (view.need.tickets, view.may_rise) == (0, False)
    assert forecast_in_words(view) == f"The evidence is there; {view.need.days} more days are asked."
    assert 8 <= (view.need.days or 0) <= 25


async def test_without_canaries_no_number_of_reviews_is_enough(parts: Parts) -> None:
    await past(parts, clean=120, canaries=0)
    view = await judgement(REFUND, parts)
    assert view.need is not None
    assert view.need.tickets is None
    assert "No number of reviews" in forecast_in_words(view)
    assert any("canary" in why for why in view.stands)


async def test_an_error_takes_the_curve_down_and_is_listed(parts: Parts) -> None:
    made = await past(parts, clean=200, errors=(120,))
    view = await judgement(REFUND, parts)
    assert view.view.n
    at = [step.n for step in view.view.curve].index(120)
    before, error = view.view.curve[at - 1], view.view.curve[at]
    assert falls(view.view.curve) == [error]
    assert error.log_e < before.log_e
    assert error.log_e == pytest.approx(log_e(120, 1, view.view.effective_threshold), abs=1e-12)
    assert [ticket.action_ids for ticket in view.view.errors] == [(made[119],)]
    assert any(one.action_id == made[119] and one.tone == "bad" for one in view.lately)
    picture = drawn(view)
    assert picture is not None
    assert len(picture.flags) == 1


async def test_a_long_curve_keeps_its_end_and_stays_short(parts: Parts) -> None:
    await past(parts, clean=1000, errors=(500,), canaries=1)
    view = await judgement(REFUND, parts)
    assert view.view.n
    assert len(view.view.curve) <= 252
    assert view.view.curve[-1].n == view.view.n == 1001
    assert view.view.curve[-1].log_e == pytest.approx(view.view.log_e, abs=1e-12)


async def test_the_page_says_yes_only_while_evidence_carries_it(parts: Parts, clock: StillClock) -> None:
    await past(parts, clean=560)
    view = await judgement(REFUND, parts)
    assert (view.may_rise, list(view.stands)) == (True, [])
    assert "20 %" in rise_in_words(view)
    await graduate(REFUND, by=ops(clock), reason="proven", parts=parts)
    view = await judgement(REFUND, parts)
    assert view.view.standing == "autonomous_20"
    assert answer_of(view, stopped=False)[1] == "good"
    assert answer_of(view, stopped=True) == ("No. Everything here is stopped.", "bad")
    assert view.lately[0].why == "proven"
    await demote(REFUND, by=ops(clock), reason="looks wrong", parts=parts)
    view = await judgement(REFUND, parts)
    assert view.view.standing == "observation"
    assert {one.why for one in view.lately} >= {"looks wrong", "proven"}


@pytest.mark.parametrize(("category", "tier"), [("mfa_reset", "2"), ("account_deletion", "3")])
async def test_what_people_always_decide_is_never_offered(parts: Parts, category: str, tier: str) -> None:
    view = await judgement(category, parts)
    assert view.next is None
    assert not view.may_rise
    assert tier in view.stands[0].lower() or "people" in view.stands[0]
    assert answer_of(view, stopped=False)[0].startswith("No.")


async def test_the_picture_is_coloured_only_where_something_wants_attention(
    parts: Parts, clock: StillClock
) -> None:
    await past(parts, clean=560)
    await past(parts, "order_status", clean=50, days=5)
    spots = {spot.place.category: spot for spot in await overview(parts)}
    wants = {name: spot.wants for name, spot in spots.items() if spot.wants}
    assert wants == {REFUND: "can_graduate"}
    assert progress_of(spots[REFUND].place) == 1.0
    assert 0 < (progress_of(spots["order_status"].place) or 0) < 0.5
    assert progress_of(spots["mfa_reset"].place) is None
    rungs = [rung for rung, _ in by_rung(list(spots.values()))]
    assert rungs == ["autonomous_2", "autonomous_5", "autonomous_20", "observation", "shadow"]


async def test_a_reviewer_who_misses_canaries_wants_attention(parts: Parts) -> None:
    await past(parts, clean=50, days=5, canaries=20, missed=20)
    spots = {spot.place.category: spot for spot in await overview(parts)}
    assert spots[REFUND].wants == "canary_missed"


async def test_reviews_that_are_overdue_want_attention(parts: Parts, clock: StillClock) -> None:
    async with parts.store.begin() as work:
        history = History(work)
        customer = await history.customer()
        at = clock.now() - timedelta(hours=1)
        talk = await history.talk(at, REFUND, customer=customer)
        await history.propose(talk, customer, at, REFUND, state="held")
    spots = {spot.place.category: spot for spot in await overview(parts)}
    assert (spots[REFUND].wants, spots["how_to"].wants) == ("overdue", "")
    clock.move(-DAY)
    assert {spot.wants for spot in await overview(parts)} == {""}
