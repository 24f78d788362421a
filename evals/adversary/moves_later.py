"""Moves in time: what changed meanwhile, switches, and answers that are lost."""

from evals.adversary.paths import (
    REFUND,
    TWICE,
    Walk,
)
from evals.adversary.play import Play
from evals.adversary.repertoire import LOST, any_path, macro, press_on


@macro("I10", "I26", weight=3)
async def changed_meanwhile(play: Play) -> None:
    """A dispute, a refund in the dashboard: after the proposal, the yes or the approval."""
    rng = play.ground.rng
    walk = await Walk.begin(play, rng.choice((REFUND, TWICE)))
    assert walk.object is not None
    change = rng.choice(
        ({"disputed": True}, {"amount_refunded": 4_900}, {"amount_refunded": 1}, {"failed": True})
    )
    chosen = rng.randrange(3)
    for place, moment in enumerate((walk.propose, walk.confirm, walk.review)):
        await moment()
        if not walk.action_id:
            return
        if place == chosen:
            await play.touch("stripe.charge", walk.object, **change)
    told = await walk.execute()
    if getattr(told, "kind", "") in ("executed", "unsure"):
        play.truth.wrong("I10", f"sent although {change} had happened since")
    await press_on(walk)


@macro("I36", weight=3)
async def the_switch_is_thrown(play: Play) -> None:
    rng = play.ground.rng
    walk = await Walk.begin(play, any_path(play))
    scope, key = rng.choice((("all", ""), ("category", walk.path.category), ("tool", walk.path.tool)))
    chosen = rng.randrange(4)
    steps = (walk.propose, walk.confirm, walk.step_up, walk.review)
    for place, moment in enumerate(steps):
        if place == chosen:
            await play.switch(scope, key, on=True)
        await moment()
        if not walk.action_id:
            break
    else:
        if rng.random() < 0.5:
            await play.switch(scope, key, on=True)
        await press_on(walk)
    if (scope, key) in play.truth.switches:
        await play.switch(scope, key, on=False)


@macro("I36", "I25")
async def the_switch_is_thrown_while_unsure(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    await walk.to_approved()
    play.ground.faults.plan("stripe", "POST /v1/refunds", "timeout_before")
    await walk.execute()
    await play.switch("tool", "refund_charge", on=True)
    await play.settle(walk.action_id)
    await play.settle(walk.action_id)
    await play.switch("tool", "refund_charge", on=False)
    await play.settle(walk.action_id)


@macro("I25", "I27", weight=3)
async def the_answer_is_lost(play: Play) -> None:
    rng = play.ground.rng
    walk = await Walk.begin(play, any_path(play))
    await walk.to_approved()
    kind = rng.choice(LOST)
    for vendor in ("stripe", "okta", "hubspot", "shopify"):
        play.ground.faults.plan(vendor, "", kind, times=rng.randrange(1, 3))
    await play.at_once(walk.execute(), walk.execute())
    for _ in range(rng.randrange(1, 4)):
        if rng.random() < 0.3:
            await play.wait(seconds=rng.choice((5, 100, 86_400)))
        await play.at_once(play.settle(walk.action_id), play.settle(walk.action_id))
    play.ground.faults.clear()
    await press_on(walk)
