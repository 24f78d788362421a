"""A colleague's decision: whose, about what they saw, and what an edit may and may not do."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from approvals.parts import Reviewer
from approvals.reviews import Decided, decide
from core.actions import Asked, Executed, Held
from core.errors import Conflict, Forbidden, Gone, Invalid
from evals.adversary.paths import EMAIL, NOTE, REFUND, RESET, Walk, charge, contact, refund
from evals.adversary.play import APPROVER, Play
from store.columns import table
from store.tables.action import ActionRow

_ACTION = table(ActionRow)


async def _held(play: Play, path: Any = REFUND, **args: Any) -> Walk:
    walk = await Walk.begin(play, path)
    walk.args = {**walk.args, **args}
    return await walk.to_held()


@pytest.mark.parametrize("role", ["ops", "evaluator", "nobody"])
async def test_only_approvers_decide(play: Play, role: str) -> None:
    walk = await _held(play)
    await play.open(walk.action_id)
    told = await play.decide(walk.chat, walk.action_id, by=play.reviewer("usr_x", role))
    assert isinstance(told, Forbidden)


async def test_nobody_decides_on_their_own_request(play: Play) -> None:
    walk = await _held(play)
    await play.open(walk.action_id)
    own = play.reviewer(walk.person.external_id)
    assert isinstance(await play.decide(walk.chat, walk.action_id, by=own), Forbidden)


async def test_nothing_is_decided_unseen(play: Play) -> None:
    walk = await _held(play)
    assert isinstance(await play.decide(walk.chat, walk.action_id), Conflict)
    await play.open(walk.action_id)
    assert not isinstance(await play.decide(walk.chat, walk.action_id), Conflict)


async def test_nor_is_an_answer_that_was_sent_first_judged_unseen(play: Play) -> None:
    """It is nobody's yet: only that somebody opened it says that it was looked at."""
    chat = await play.chat(await play.ground.somebody(), "how_to")
    told = await play.submit(chat, "answer", {"text": "In Settings, under Export.", "closes": True})
    assert isinstance(told, Executed)
    row = await play.row(told.action_id)
    decided = Decided(row.id, row.digest, "approve")
    with pytest.raises(Conflict):
        await decide(decided, play.reviewer(), play.ground.parts)
    await play.open(row.id)
    assert (await decide(decided, play.reviewer(), play.ground.parts)).state == "executed"


async def test_what_a_colleague_looks_at_is_theirs_for_a_while(play: Play) -> None:
    walk = await _held(play)
    await play.open(walk.action_id)
    other = play.reviewer("usr_omar")
    told = await play.decide(walk.chat, walk.action_id, by=other)
    assert isinstance(told, Conflict)
    assert "is looking at this" in str(told)


async def test_a_decision_is_about_the_digest_on_the_page(play: Play) -> None:
    walk = await _held(play)
    await play.open(walk.action_id)
    assert isinstance(await play.decide(walk.chat, walk.action_id, digest="0" * 64), Conflict)


async def test_one_decision_and_no_second(play: Play) -> None:
    walk = await _held(play)
    await walk.review()
    for decision in ("approve", "reject", "edit", "take_over"):
        told = await play.decide(walk.chat, walk.action_id, decision, args={**walk.args, "amount": 1})
        assert isinstance(told, Conflict), decision


async def test_what_waited_too_long_is_not_decided(play: Play) -> None:
    walk = await _held(play)
    await play.open(walk.action_id)
    await play.wait(hours=24)
    assert isinstance(await play.decide(walk.chat, walk.action_id), Gone)


async def test_an_edit_is_asked_of_the_customer_again(play: Play) -> None:
    walk = await _held(play)
    told = await walk.review("edit", args={**walk.args, "amount": 2000})
    assert (told.state, (await play.row(walk.action_id)).state) == ("asked", "replaced")
    assert isinstance(await play.execute(told.action_id), Asked)
    assert play.ground.world.ledger == []
    assert isinstance(await play.confirm(walk.chat, told.action_id), Executed)


async def test_an_edit_where_nobody_confirms_runs_as_it_was_written(play: Play) -> None:
    walk = await _held(play, NOTE)
    told = await walk.review("edit", args={"contact_id": contact(walk.person), "text": "Better words."})
    assert told.state == "approved"
    assert isinstance(await play.execute(told.action_id), Executed)


@pytest.mark.parametrize(
    "other",
    [{"amount": 4901}, {"currency": "eur"}, {"charge_id": "ch_nobody_main"}, {"amount": True}, {"who": "x"}],
    ids=str,
)
async def test_an_edit_into_something_forbidden_is_refused(play: Play, other: dict[str, Any]) -> None:
    walk = await _held(play)
    assert isinstance(await walk.review("edit", args={**walk.args, **other}), Invalid)
    assert (await play.row(walk.action_id)).state == "held"


async def test_an_edit_to_somebody_elses_object_is_refused(play: Play) -> None:
    walk, victim = await _held(play), await play.ground.somebody()
    told = await walk.review("edit", args={**walk.args, "charge_id": charge(victim)})
    assert isinstance(told, Invalid)


async def test_a_new_step_up_is_asked_after_an_edit(play: Play) -> None:
    walk = await _held(play, EMAIL)
    edited = {**walk.args, "new_email": "another@example.net"}
    told = await walk.review("edit", args=edited)
    assert told.state == "asked"
    assert isinstance(await play.confirm(walk.chat, told.action_id), Asked)
    assert play.ground.world.ledger == []


async def _large(play: Play) -> Walk:
    walk = await Walk.begin(play, REFUND)
    walk.args = refund(walk.person, "huge", 90_000)
    return await walk.to_held()


@pytest.mark.parametrize(("amount", "alone"), [(49_999, True), (50_000, False)])
async def test_who_changed_a_large_sum_does_not_approve_it(play: Play, amount: int, *, alone: bool) -> None:
    walk = await _large(play)
    told = await walk.review("edit", args={**walk.args, "amount": amount})
    walk.action_id = told.action_id
    after = await walk.confirm()
    assert isinstance(after, Executed if alone else Held)
    if alone:
        return
    assert isinstance(await walk.review(), Forbidden)
    await play.wait(minutes=6)
    await play.open(walk.action_id, by="usr_omar")
    await play.decide(walk.chat, walk.action_id, by=play.reviewer("usr_omar"))
    assert isinstance(await walk.execute(), Executed)


@pytest.mark.parametrize(("minutes", "may"), [(15, True), (16, False)])
async def test_a_large_sum_wants_a_fresh_login(play: Play, minutes: int, *, may: bool) -> None:
    walk = await _large(play)
    since = play.ground.clock.now() - timedelta(minutes=minutes)
    by = Reviewer(APPROVER, APPROVER, frozenset({"approver"}), since)
    await play.open(walk.action_id)
    told = await play.decide(walk.chat, walk.action_id, by=by)
    assert isinstance(told, Forbidden) is not may


async def test_an_approval_of_one_digest_is_none_of_another(play: Play) -> None:
    """The row changed under its approval: an approval counts for the digest it was given for."""
    from approvals.again import mandate_of, see_again
    from approvals.judge import evidence, judge
    from store.tables.action import ReviewRow

    walk = await _held(play)
    await walk.review()
    r = table(ReviewRow)
    async with play.ground.store.begin() as work:
        await work.run(update(r).where(r.c.action_id == walk.action_id).values(digest="0" * 64))
    seen = await see_again(walk.action_id, play.ground.parts)
    row = await play.row(walk.action_id)
    async with play.ground.store.begin() as work:
        under = await mandate_of(work, row, play.ground.parts)
        assert under is not None
        judged = await judge(work, seen.action, seen.facts, under, play.ground.parts)
        proof = await evidence(work, seen.action, judged, under, given=True, owned=True)
    assert proof.approved is None


async def test_a_rejection_is_no_approval(play: Play) -> None:
    walk = await _held(play)
    await walk.review("reject")
    async with play.ground.store.begin() as work:
        await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(state="approved"))
    assert isinstance(await walk.execute(), Held)
    assert play.ground.world.ledger == []


async def test_a_code_is_still_needed_after_an_approval(play: Play) -> None:
    walk = await Walk.begin(play, RESET)
    await walk.propose()
    await walk.confirm()
    async with play.ground.store.begin() as work:
        await work.run(update(_ACTION).where(_ACTION.c.id == walk.action_id).values(state="approved"))
    assert isinstance(await walk.execute(), Asked)
