"""The adversary for some hundred steps with a fixed seed: every move at least once, and the judge finds nothing."""

import random

import pytest

from core.clock import StillClock
from evals.adversary.ground import ground
from evals.adversary.macros import MACROS
from evals.adversary.play import Play
from evals.adversary.records import check_records
from evals.adversary.run import played, reported
from evals.adversary.truth import Truth
from policies.model import Catalog
from tools.toolset import toolset

EVERY = [
    *("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13", "I14", "I15", "I16"),
    *("I18", "I19", "I25", "I26", "I27", "I28", "I31", "I35", "I36"),
]


async def test_no_move_gets_past_the_gate(empty: str, clock: StillClock, catalog: Catalog) -> None:
    async with ground(empty, clock, catalog, toolset(), seed=20261120) as made:
        play = Play(made, Truth(20261120))
        play.renew()
        for move in random.Random(3).sample(MACROS, len(MACROS)):
            play.begin(move.name, move.invariants, near_legal=move.near_legal)
            await move.move(play)
        await check_records(play)
        found = reported(play, seconds=1)
    assert found["violations"] == []
    assert found["effects"] > 0
    assert sorted(found["tried"]) == sorted(EVERY)
    assert found["near_legal_steps"] > 300


@pytest.mark.slow
async def test_a_thousand_steps(empty: str, catalog: Catalog) -> None:
    play = await played(empty, steps=1000, seed=7, catalog=catalog, tools=toolset())
    assert play.truth.violations == []
    assert play.effects > 10
