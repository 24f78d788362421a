"""Moves against consent and approval: whose yes, to what, and when."""

from typing import Any

from core.errors import RemitError
from evals.adversary.paths import (
    CONFIRMED,
    REFUND,
    TWICE,
    Walk,
    charge,
    refund,
)
from evals.adversary.play import Play
from evals.adversary.repertoire import any_path, macro, press_on


@macro("I14", weight=3)
async def nobody_confirmed(play: Play) -> None:
    walk = await Walk.begin(play, any_path(play, CONFIRMED))
    await walk.propose()
    if play.ground.rng.random() < 0.5:
        await walk.step_up()
    await walk.execute()
    await walk.review()
    await press_on(walk)


@macro("I14", "I16", weight=3)
async def confirmed_with_something_else(play: Play) -> None:
    """Another digest, another person, another action's card."""
    rng = play.ground.rng
    walk = await Walk.begin(play, any_path(play, CONFIRMED))
    await walk.propose()
    other = await Walk.begin(play, walk.path)
    await other.propose()
    match rng.randrange(4):
        case 0:
            await play.confirm(walk.chat, walk.action_id, digest="0" * 64)
        case 1:
            digest = play.truth.proposals[other.action_id].digest
            await play.confirm(walk.chat, walk.action_id, digest=digest)
        case 2:
            await play.confirm(other.chat, walk.action_id)
        case _:
            await play.confirm(walk.chat, "act_00000000000000000000")
    await walk.execute()
    await walk.review()
    await press_on(walk)


@macro("I25", "I18")
async def everything_at_once(play: Play) -> None:
    """Two submits, two presses, two approvals, three workers: one effect at most."""
    walk = await Walk.begin(play, any_path(play))
    first, _ = await play.at_once(walk.propose(), walk.propose())
    walk.action_id = getattr(first, "action_id", walk.action_id)
    if walk.path.confirms:
        await play.at_once(walk.confirm(), walk.confirm())
    await walk.step_up()
    await play.open(walk.action_id)
    approve = [play.decide(walk.chat, walk.action_id) for _ in range(2)]
    said = await play.at_once(*approve)
    if sum(not isinstance(told, RemitError) for told in said) > 1:
        play.truth.wrong("I18", "two colleagues decided the same action")
    await play.at_once(walk.execute(), walk.execute(), walk.execute())
    await press_on(walk)


@macro("I18")
async def approved_and_rejected_at_once(play: Play) -> None:
    walk = await Walk.begin(play, any_path(play))
    await walk.to_held()
    await play.open(walk.action_id)
    said = await play.at_once(
        play.decide(walk.chat, walk.action_id),
        play.decide(walk.chat, walk.action_id, "reject"),
        play.decline(walk.chat, walk.action_id),
    )
    if sum(not isinstance(told, RemitError) for told in said[:2]) > 1:
        play.truth.wrong("I18", "approved and rejected")
    await press_on(walk)


@macro("I15", weight=3)
async def approved_too_long_ago(play: Play) -> None:
    walk = await Walk.begin(play, any_path(play))
    await walk.to_approved()
    await play.wait(minutes=play.ground.rng.choice((59, 61, 62, 300)))
    await press_on(walk)


@macro("I15")
async def waited_too_long(play: Play) -> None:
    rng = play.ground.rng
    walk = await Walk.begin(play, any_path(play))
    await walk.propose()
    late = rng.randrange(3)
    if late == 0:
        await play.wait(hours=25)
    await walk.confirm()
    await walk.step_up()
    if late == 1:
        await play.wait(hours=25)
        if rng.random() < 0.5:
            await play.sweep()
    told = await walk.review()
    if late < 2 and walk.path.confirms and not isinstance(told, RemitError):
        play.truth.wrong("I15", "approved after it had expired")
    await press_on(walk)


@macro("I15", "I16", weight=3)
async def edited_and_not_asked_again(play: Play) -> None:
    """A colleague changes the sum; the customer's yes was for another one."""
    walk = await Walk.begin(play, play.ground.rng.choice((REFUND, TWICE)))
    await walk.to_held()
    old = walk.action_id
    told = await walk.review("edit", args={**walk.args, "amount": play.ground.rng.choice((1, 2_000, 4_899))})
    new = getattr(told, "action_id", None)
    await play.execute(old)
    if new is None:
        return
    await play.execute(new)
    await play.confirm(walk.chat, old)
    await play.confirm(walk.chat, new, digest=play.truth.proposals[old].digest)
    await play.execute(new)
    if play.ground.rng.random() < 0.5:
        await play.confirm(walk.chat, new)
        await play.execute(new)


@macro("I4", "I1", "I15")
async def edited_into_something_forbidden(play: Play) -> None:
    rng = play.ground.rng
    walk = await Walk.begin(play, REFUND)
    victim = await play.ground.somebody()
    await walk.to_held()
    changes: tuple[dict[str, Any], ...] = (
        {"amount": 4_901},
        {"currency": "eur"},
        {"charge_id": charge(victim)},
        {"charge_id": "ch_nobody_main"},
        {"amount": True},
        {"principal": victim.external_id},
    )
    told = await walk.review("edit", args={**walk.args, **rng.choice(changes)})
    if not isinstance(told, RemitError):
        play.truth.wrong("I15", f"a forbidden edit was taken: {told}")
    await press_on(walk)


@macro("I15", weight=3)
async def edited_after_approval(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    await walk.to_approved()
    told = await walk.review("edit", args={**walk.args, "amount": 4_000})
    if not isinstance(told, RemitError):
        play.truth.wrong("I15", "edited after it was approved")
    await press_on(walk)


@macro("I15")
async def four_eyes_are_two(play: Play) -> None:
    """Who changes a large sum approves it alone."""
    walk = await Walk.begin(play, REFUND)
    walk.args = refund(walk.person, "huge", 90_000)
    await walk.to_held()
    told = await walk.review("edit", args={**walk.args, "amount": 80_000})
    new = getattr(told, "action_id", None)
    if new is None:
        return
    await play.confirm(walk.chat, new)
    await play.execute(new)
    walk.action_id = new
    await walk.review()
    await walk.execute()
    if play.ground.rng.random() < 0.5:
        await play.wait(minutes=6)
        await play.open(new, by="usr_omar")
        await play.decide(walk.chat, new, by=play.reviewer("usr_omar"))
        await walk.execute()


@macro("I15", weight=3)
async def decided_by_the_wrong_person(play: Play) -> None:
    rng = play.ground.rng
    walk = await Walk.begin(play, any_path(play))
    await walk.to_held()
    own = walk.person.external_id
    by = rng.choice(
        (
            play.reviewer("usr_ops", "ops"),
            play.reviewer("usr_evan", "evaluator"),
            play.reviewer(own),
            play.reviewer("usr_none", "nobody"),
        )
    )
    await play.open(walk.action_id)
    told = await play.decide(walk.chat, walk.action_id, by=by)
    if not isinstance(told, RemitError):
        play.truth.wrong("I15", f"{by.id} decided")
    await press_on(walk)


@macro("I15")
async def approved_unseen_or_stale(play: Play) -> None:
    walk = await Walk.begin(play, any_path(play))
    await walk.to_held()
    if play.ground.rng.random() < 0.5:
        told = await play.decide(walk.chat, walk.action_id)
        why = "decided without having been opened"
    else:
        await play.open(walk.action_id)
        told = await play.decide(walk.chat, walk.action_id, digest="0" * 64)
        why = "decided for another digest than the one on the page"
    if not isinstance(told, RemitError):
        play.truth.wrong("I15", why)
    await press_on(walk)


@macro("I15", weight=3)
async def ended_and_pushed_on(play: Play) -> None:
    """Declined, rejected or taken over; then confirmed, approved and executed all the same."""
    walk = await Walk.begin(play, any_path(play))
    await walk.to_held()
    match play.ground.rng.randrange(4):
        case 0:
            await play.decline(walk.chat, walk.action_id)
        case 1:
            await walk.review("reject")
        case 2:
            await walk.review("take_over")
        case _:
            await walk.review()
            await play.decline(walk.chat, walk.action_id)
    await walk.confirm()
    await walk.review()
    await press_on(walk)
