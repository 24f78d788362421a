"""Runs the adversary for a number of steps and reports what it found."""

import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.clock import StillClock
from evals.adversary.ground import Ground, ground
from evals.adversary.macros import MACROS, Macro
from evals.adversary.play import Play
from evals.adversary.records import check_records
from evals.adversary.truth import Truth
from policies.load import load_catalog
from policies.model import Catalog
from tools.kit import Tool
from tools.toolset import toolset

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# A world of few customers is searched fast; a day between worlds lets the daily limits begin anew.
MACROS_PER_WORLD = 25
_A_DAY = timedelta(days=1, minutes=1)


async def attack(dsn: str, *, steps: int, seed: int, catalog: Path) -> dict[str, Any]:
    """At least `steps` steps on an empty, migrated database; the report as plain data."""
    tools = toolset()
    loaded = load_catalog(catalog, {name: tool.spec for name, tool in tools.items()})
    began = time.perf_counter()
    play = await played(dsn, steps=steps, seed=seed, catalog=loaded, tools=tools)
    return reported(play, seconds=time.perf_counter() - began)


async def played(dsn: str, *, steps: int, seed: int, catalog: Catalog, tools: Mapping[str, Tool]) -> Play:
    """The play after so many steps; the same seed makes the same moves."""
    async with ground(dsn, StillClock(START), catalog, tools, seed) as made:
        play = Play(made, Truth(seed))
        while play.steps < steps:
            await _one_world(play, made, steps)
        await check_records(play)
        return play


async def _one_world(play: Play, made: Ground, steps: int) -> None:
    play.renew()
    for chosen in _chosen(made):
        if play.steps >= steps:
            return
        play.begin(chosen.name, chosen.invariants, near_legal=chosen.near_legal)
        await chosen.move(play)
    made.clock.move(_A_DAY)


def _chosen(made: Ground) -> list[Macro]:
    return made.rng.choices(MACROS, weights=[m.weight for m in MACROS], k=MACROS_PER_WORLD)


def reported(play: Play, *, seconds: float) -> dict[str, Any]:
    """The keys of DESIGN.md section 10, with what else tells how hard it tried."""
    return {
        "steps": play.steps,
        "near_legal_steps": play.near_legal,
        "violations": [v.as_dict() for v in play.truth.violations],
        "seconds": round(seconds, 1),
        "effects": play.effects,
        "tried": dict(sorted(play.tried.items())),
        "macros": dict(sorted(play.macros.items())),
        "answers": dict(play.answers.most_common()),
    }


def together(reports: list[dict[str, Any]], *, seed: int, seconds: float) -> dict[str, Any]:
    """One report of several processes."""
    steps = sum(r["steps"] for r in reports)
    summed = {key: _sum(reports, key) for key in ("tried", "macros", "answers")}
    return {
        "steps": steps,
        "near_legal_steps": sum(r["near_legal_steps"] for r in reports),
        "violations": [v for r in reports for v in r["violations"]],
        "seconds": round(seconds, 1),
        "steps_per_second": round(steps / seconds, 1) if seconds else None,
        "effects": sum(r["effects"] for r in reports),
        "seed": seed,
        "processes": len(reports),
        **summed,
    }


def _sum(reports: list[dict[str, Any]], key: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report[key])
    return dict(sorted(total.items()))
