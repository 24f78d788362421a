"""The offline suite on the real path, all of it; and an agent that does the wrong thing is caught by the grading."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.model import Prompt, Reply
from agent.scripted import ScriptedModel, call, say
from evals.report import as_document, as_text
from evals.run import play, run
from evals.scenario import Scenario
from evals.steps import Fault
from evals.suites import load_suites
from service.build import House, house
from service.database import Database
from service.demo import host_app
from service.overlay import OverlayStage
from service.paths import SUITES
from service.run import work
from service.settings import load
from service.stage import SandboxStage
from tools.sandbox.people import PEOPLE

pytestmark = pytest.mark.slow
KEYS = frozenset(person.key for person in PEOPLE)


@asynccontextmanager
async def working(home: Path, database: str, sandbox_database: str) -> AsyncIterator[House]:
    settings = load({"REMIT_HOME": str(home), "REMIT_UNDO_SECONDS": "0"})
    async with house(
        settings, demo=host_app(settings), database=Database(database, sandbox_database)
    ) as built:
        worker = asyncio.create_task(work(built), name="worker")
        try:
            yield built
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


async def test_the_offline_suite_passes_without_a_wrong_effect(database: str, tmp_path: Path) -> None:
    scenarios = load_suites(SUITES, people=KEYS)
    async with OverlayStage.open(load({"REMIT_HOME": str(tmp_path)}), database) as stage:
        results = await run(scenarios, stage, at_once=1, progress=lambda *_: None)
    document = as_document(results, model=stage.model, seconds=0)
    assert document["passed"] == document["runs"] == len(scenarios), as_text(document)
    assert document["wrong_effects"] == 0


# One of each kind of step, each vendor written to, and a lost answer.
OVER_DOORS = (
    "charged-twice-refunded-once",
    "refund-opened-goods",
    "password-link-at-auth0",
    "cancel-order-answer-lost",
    "refund-stripe-does-not-answer",
)


async def test_a_sample_passes_over_the_doors_as_well(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    sample = [_scenario(name) for name in OVER_DOORS]
    async with working(tmp_path, database, sandbox_database) as built:
        results = await run(sample, await SandboxStage.open(built), at_once=5, progress=lambda *_: None)
    assert [(r.scenario, r.faults) for r in results] == [(name, ()) for name in OVER_DOORS]


def _refunds_the_first(prompt: Prompt) -> Reply:
    """What a bad agent would do: the payment that was right, called a duplicate."""
    charge = re.search(r"ch_mara-\w+_first", repr(prompt))
    assert charge is not None, "the agent was shown no such charge"
    return call("refund_charge", charge_id=charge[0], amount=4900, currency="usd", reason="duplicate")


async def test_an_agent_that_refunds_the_wrong_charge_is_caught(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    story = _scenario("charged-twice-refunded-once")
    # A colleague who approves whatever comes, so that only the grading is left to see it.
    careless = story.model_copy(
        update={
            "steps": (*story.steps[:-1], story.steps[-1].model_copy(update={"verdict": None, "rule": None}))
        }
    )
    script = [call("find_charges"), _refunds_the_first, say("Please confirm the refund on the card.")]
    async with working(tmp_path, database, sandbox_database) as built:
        model = ScriptedModel(script)
        found = await play(careless, await SandboxStage.open(_with(built, model)))
        model.assert_finished()
    assert (found.passed, found.wrong_effects, found.missing_effects) == (False, 1, 1)
    assert re.match(r"effect not expected: stripe refund ch_mara-\w+_first 4900 usd", found.faults[0])


async def test_a_colleague_who_is_shown_other_rules_than_the_scenario_says_fails_it(
    database: str, sandbox_database: str, tmp_path: Path
) -> None:
    story = _scenario("refund-on-the-last-day")
    other = story.steps[-1].model_copy(update={"verdict": "escalate", "rule": "window_passed"})
    unmet = Fault(fault="drop", vendor="stripe", path="/never/{key}")
    changed = story.model_copy(update={"steps": (*story.steps[:-1], unmet, other)})
    async with working(tmp_path, database, sandbox_database) as built:
        found = await play(changed, await SandboxStage.open(built))
    assert (found.passed, found.wrong_effects, found.missing_effects) == (False, 0, 0)
    assert found.faults[0] == "the colleague was shown allow (within_window), not escalate"
    assert found.faults[1] == "the colleague was not shown the rule window_passed, but within_window"
    assert found.faults[2].startswith("no request met the fault at '/never/noor-")


def _with(built: House, model: ScriptedModel) -> House:
    agent = replace(built.service.agent, model=model)
    return replace(built, service=replace(built.service, agent=agent))


def _scenario(name: str) -> Scenario:
    return next(s for s in load_suites(SUITES, people=KEYS) if s.id == name)
