"""The adversary's report: what several processes found, added up."""

import pytest

from evals.adversary.macros import MACROS
from evals.adversary.run import together
from service.commands.adversary import _played

ONE = {
    "steps": 10,
    "near_legal_steps": 8,
    "violations": [{"invariant": "I1"}],
    "effects": 2,
    "tried": {"I1": 4},
    "macros": {"a": 1},
    "answers": {"Refused": 10},
}


def test_reports_of_two_processes_add_up() -> None:
    other = {**ONE, "violations": [], "tried": {"I1": 1, "I2": 3}}
    found = together([ONE, other], seed=7, seconds=4)
    assert (found["steps"], found["near_legal_steps"], found["effects"]) == (20, 16, 4)
    assert found["violations"] == [{"invariant": "I1"}]
    assert found["tried"] == {"I1": 5, "I2": 3}
    assert found["steps_per_second"] == 5
    assert (found["seed"], found["processes"]) == (7, 2)


def test_every_move_names_what_it_tries_and_no_two_share_a_name() -> None:
    assert all(move.invariants for move in MACROS)
    assert len({move.name for move in MACROS}) == len(MACROS) >= 30


@pytest.mark.slow
def test_the_command_plays_in_two_processes() -> None:
    found = _played(steps=80, seed=3)
    assert found["violations"] == []
    assert found["steps"] >= 80
    assert found["processes"] == 2
