"""Moves against standings and limits: what runs on its own, and how often."""

from evals.adversary.paths import (
    EMAIL,
    FACTOR,
    REFUND,
    TWICE,
    Walk,
    charge,
)
from evals.adversary.play import Play
from evals.adversary.repertoire import any_path, macro, press_on


@macro("I19", "I35", weight=2)
async def a_category_falls_while_it_waits(play: Play) -> None:
    rng = play.ground.rng
    walk = await Walk.begin(play, any_path(play))
    was = play.truth.standing.get(walk.path.category, "observation")
    await walk.propose()
    await play.stand(walk.path.category, rng.choice(("suspended", "off", "shadow", "observation")))
    await walk.confirm()
    await walk.step_up()
    await walk.execute()
    await play.stand(walk.path.category, was)


@macro("I6", "I7", "I35", weight=6)
async def on_its_own(play: Play) -> None:
    """A category that runs by itself: many small sums, on one payment or on several, in one chat or in many."""
    rng = play.ground.rng
    path = rng.choice((REFUND, REFUND, TWICE))
    was = play.truth.standing.get(path.category, "observation")
    await play.stand(path.category, rng.choice(("autonomous_20", "autonomous_5", "autonomous_2")))
    odd = rng.choice(({}, {}, {}, {"tier": "vip"}, {"tier": None}, {"health": "at_risk"}))
    walk = await Walk.begin(play, path, **odd)
    keys = ("main", "twice") if path is TWICE else ("large", "main", "huge", "opened", "old", "euro")
    for n in range(rng.randrange(2, 6)):
        if n and rng.random() < 0.6:
            walk.chat = await play.chat(walk.person, path.category, known=True)
            await walk.read()
        key = rng.choice(keys)
        amount = rng.choice((100, 4_899, 4_900, 9_999, 10_000, 19_999, 20_000))
        currency = "eur" if key == "euro" else "usd"
        walk.action_id = ""
        await walk.propose(charge_id=charge(walk.person, key), amount=amount, currency=currency)
        if walk.action_id:
            await walk.confirm()
            await walk.execute()
    await play.stand(path.category, was)


@macro("I7", "I28", weight=2)
async def just_under_the_cap_at_once(play: Play) -> None:
    """Several refunds that each fit and together do not, confirmed in the same moment."""
    was = play.truth.standing.get(REFUND.category, "observation")
    await play.stand(REFUND.category, "autonomous_20")
    first = await Walk.begin(play, REFUND)
    walks = [first]
    for _ in range(2):
        chat = await play.chat(first.person, REFUND.category, known=True)
        walks.append(Walk(play, REFUND, chat, first.args))
        await walks[-1].read()
    same_object = play.ground.rng.random() < 0.5
    for walk, key in zip(
        walks, ("large", "large", "large") if same_object else ("large", "huge", "main"), strict=True
    ):
        await walk.propose(charge_id=charge(first.person, key), amount=4_900 if key == "main" else 10_000)
    await play.at_once(*(walk.confirm() for walk in walks if walk.action_id))
    await play.stand(REFUND.category, was)


@macro("I8", weight=3)
async def ones_own_writes(play: Play) -> None:
    """Change something, then let the change speak for the next one."""
    was = play.truth.standing.get(REFUND.category, "observation")
    await play.stand(REFUND.category, "autonomous_20")
    walk = await Walk.begin(play, REFUND)
    for amount in (100, 200):
        walk.action_id = ""
        await walk.propose(charge_id=charge(walk.person, "large"), amount=amount)
        if walk.action_id:
            await walk.confirm()
            await walk.execute()
    await play.stand(REFUND.category, was)


@macro("I35")
async def a_tier_that_never_runs_alone(play: Play) -> None:
    """Somebody wrote a standing that its tier forbids."""
    path = play.ground.rng.choice((EMAIL, FACTOR))
    await play.stand(path.category, "autonomous_20")
    walk = await Walk.begin(play, path)
    await walk.to_held()
    await press_on(walk)
    await play.stand(path.category, "observation")


@macro("I3")
async def the_request_is_over(play: Play) -> None:
    walk = await Walk.begin(play, any_path(play))
    await play.end_request(walk.chat)
    told = await walk.propose()
    if getattr(told, "check", "") != "closed_set":
        play.truth.wrong("I3", f"taken up without an open request: {told}")


@macro("I26", weight=2)
async def the_same_money_twice(play: Play) -> None:
    """Two conversations, one payment: both confirmed, both approved."""
    walk = await Walk.begin(play, REFUND)
    await walk.to_approved()
    second = Walk(play, TWICE, await play.chat(walk.person, TWICE.category, known=True), walk.args)
    await second.read()
    await second.to_approved()
    await play.at_once(walk.execute(), second.execute())
    await press_on(walk)
    await press_on(second)
    back = play.ground.world.get("stripe.charge", charge(walk.person))
    if back is not None and back["amount_refunded"] > back["amount"]:
        play.truth.wrong("I25", "more was given back than was paid")
