"""The repertoire: each move walks a whole legal path and breaks exactly one thing, or breaks nothing at all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from evals.adversary.paths import (
    PATHS,
    Path,
    Walk,
)
from evals.adversary.play import Play
from tools.sandbox.faults import Kind

Move = Callable[[Play], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Macro:
    """A move by name, the invariants it tries, and how often it is played compared with others."""

    name: str
    invariants: tuple[str, ...]
    move: Move
    weight: int = 2
    near_legal: bool = True


MACROS: list[Macro] = []
LOST: tuple[Kind, ...] = ("timeout_after", "timeout_before", "malformed", "busy", "saved_500", "drop")


def macro(*invariants: str, weight: int = 2, near_legal: bool = True) -> Callable[[Move], Move]:
    """Adds a move to the repertoire under its own name."""

    def add(move: Move) -> Move:
        name = getattr(move, "__name__", "move")
        MACROS.append(Macro(name, invariants, move, weight, near_legal))
        return move

    return add


def any_path(play: Play, paths: tuple[Path, ...] = PATHS) -> Path:
    return play.ground.rng.choice(paths)


async def press_on(walk: Walk) -> None:
    """Whatever the move broke, the adversary goes on as if it had not: every later door is tried too."""
    if not walk.action_id:
        return
    await walk.execute()
    await pester(walk)


async def pester(walk: Walk) -> None:
    """Every door once more, in any order: cheap calls that a model gone wild repeats all day."""
    play, rng, action = walk.play, walk.play.ground.rng, walk.action_id
    doors: list[Callable[[], Awaitable[Any]]] = [
        lambda: play.settle(action),
        lambda: play.confirm(walk.chat, action, digest="f" * 64),
        lambda: play.code(walk.chat, action, "000000"),
        lambda: play.decide(walk.chat, action, by=play.reviewer("usr_ops", "ops")),
        lambda: play.decide(walk.chat, action, digest="f" * 64),
        lambda: play.execute("act_00000000000000000000"),
        lambda: play.submit(walk.chat, walk.path.tool, {**walk.args, "approved": True}),
        lambda: play.submit(walk.chat, "issue_refund", walk.args),
        lambda: play.look(walk.chat, "get_charge", charge_id="ch_nobody_main"),
    ]
    rng.shuffle(doors)
    for door in doors:
        await door()
