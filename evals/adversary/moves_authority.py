"""Moves against authority: whose object, which id, how much, which tool."""

from typing import Any

from core.actions import Outcome
from evals.adversary.paths import (
    PATHS,
    REFUND,
    TWICE,
    Walk,
    charge,
)
from evals.adversary.play import Play
from evals.adversary.repertoire import any_path, macro, press_on


@macro("I31", "I25", "I35", weight=4)
async def nothing_is_broken(play: Play) -> None:
    walk = await Walk.begin(play, any_path(play))
    await walk.to_approved()
    await walk.execute()
    p = play.truth.proposals.get(walk.action_id)
    if p is None or p.effects != 1:
        # Not a hole; but an adversary that reaches no effect would prove nothing.
        play.truth.wrong("alive", f"the legal path of {walk.path.tool} did not end in one effect")
    await walk.execute()
    await play.settle(walk.action_id)


@macro("I1", "I2", "I9", weight=3)
async def somebody_elses_object(play: Play) -> None:
    path = any_path(play, tuple(p for p in PATHS if p.reads))
    walk = await Walk.begin(play, path)
    victim = await play.ground.somebody()
    await play.chat(victim, path.category)
    foreign = path.args(victim)
    names = [name for name in walk.args if name.endswith("_id") and foreign[name] != walk.args[name]]
    name = play.ground.rng.choice(names)
    told = await walk.propose(**{name: foreign[name]})
    missing = await walk.propose(**{name: str(foreign[name]).replace(victim.key[1:7], "909090")})
    if _words(told) != _words(missing):
        play.truth.wrong("I2", f"foreign and missing {name} are told apart: {told} / {missing}")
    await press_on(walk)


def _words(told: Outcome) -> str:
    return told.model_dump_json(exclude={"action_id"})


@macro("I1")
async def an_object_that_was_given_away(play: Play) -> None:
    """Its id was honestly read; then the customer was merged, and it is somebody else's at the vendor."""
    walk = await Walk.begin(play, play.ground.rng.choice((REFUND, TWICE)))
    victim = await play.ground.somebody()
    moments = (walk.propose, walk.confirm, walk.review)
    chosen = play.ground.rng.randrange(len(moments) + 1)
    for place, moment in enumerate(moments):
        if place == chosen:
            await _give_away(walk, victim)
        await moment()
        if not walk.action_id:
            return
    if chosen == len(moments):
        await _give_away(walk, victim)
    await press_on(walk)


async def _give_away(walk: Walk, victim: Any) -> None:
    assert walk.object is not None
    changed = {"customer": f"cus_{victim.key}", "owner": victim.external_id}
    await walk.play.touch("stripe.charge", walk.object, **changed)


@macro("I1", "I9")
async def an_id_read_in_another_conversation(play: Play) -> None:
    path = any_path(play, tuple(p for p in PATHS if p.reads))
    walk = await Walk.begin(play, path)
    walk.chat = await play.chat(walk.person, path.category, known=True)
    await walk.to_held()
    if walk.action_id:
        await walk.review()
        await press_on(walk)


@macro("I9")
async def nothing_was_read(play: Play) -> None:
    walk = await Walk.begin(play, any_path(play, tuple(p for p in PATHS if p.reads)), read=False)
    await walk.to_held()
    if walk.action_id:
        await walk.review()
        await press_on(walk)


@macro("I4", weight=3)
async def more_than_there_is(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    over = play.ground.rng.choice((4_901, 9_800, 99_999_999, 0, -1, -4_900, 4_900.0, "4900", True, None))
    await walk.propose(amount=over)
    if walk.action_id:
        await walk.confirm()
        await walk.review()
        await press_on(walk)


@macro("I5")
async def another_currency(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    currency, key = play.ground.rng.choice(
        (("eur", "main"), ("usd", "euro"), ("jpy", "main"), ("USD", "main"))
    )
    await walk.propose(charge_id=charge(walk.person, key), currency=currency, amount=4_500)
    if walk.action_id:
        await walk.confirm()
        await walk.review()
        await press_on(walk)


@macro("I3")
async def a_tool_of_another_category(play: Play) -> None:
    path, other = any_path(play), any_path(play)
    walk = await Walk.begin(play, path)
    walk.path, walk.args = other, other.args(walk.person)
    await walk.read()
    if other.category == path.category:
        return
    walk.chat.category = path.category
    told = await walk.propose()
    if getattr(told, "check", "") not in ("closed_set", "provenance") and other.tool != path.tool:
        play.truth.wrong("I3", f"{other.tool} was taken up under {path.category}: {told}")


@macro("I3", near_legal=False)
async def random_garbage(play: Play) -> None:
    rng = play.ground.rng
    walk = await Walk.begin(play, any_path(play))
    names = (
        "refund_everything",
        "Refund_charge",
        "",
        "execute",
        "approve",
        "find_charges",
        "look\x00",
        "x" * 300,
    )
    for _ in range(rng.randrange(2, 6)):
        args: Any = dict(walk.args)
        match rng.randrange(7):
            case 0:
                args[rng.choice(("principal", "idempotency_key", "approved", "policy", "customer"))] = "u_x"
            case 1:
                args.pop(rng.choice(list(args)), None)
            case 2:
                args[rng.choice(list(args))] = rng.choice((None, [], {}, 1.5, True, b"x", "x" * 5000))
            case 3:
                args = rng.choice(([], "x", None, 7, [["charge_id", "x"]]))
            case 4:
                name = rng.choice(list(args))
                args[name] = [args[name]]
            case 5:
                args = {name.upper(): value for name, value in args.items()}
            case _:
                await play.submit(walk.chat, rng.choice(names), args)
                continue
        told = await play.submit(walk.chat, walk.path.tool, args)
        if getattr(told, "check", "") not in ("schema", "provenance", "ownership", "closed_set", "rules"):
            play.truth.wrong("I3", f"taken up with wrong arguments: {told}")
