"""`remit evals`: run suites on the real path, graded by the sandbox's ledger."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.triage import Triage
from core.errors import Invalid
from evals.attacks.play import as_text as attacks_text
from evals.intake import load_rows, main_text, run_intake
from evals.report import as_document, as_text
from evals.run import Progress, run
from evals.scenario import Scenario
from evals.suites import load_suites
from policies.load import load_catalog
from service.build import house
from service.commands.adversary import run_adversary
from service.commands.attacks import run_attacks
from service.commands.from_review import from_review
from service.commands.output import Json, columns, report, say
from service.commands.perf import perf
from service.commands.progress import bar
from service.demo import host_app
from service.paths import CATALOG, SUITES
from service.run import work
from service.settings import load
from service.stage import SandboxStage
from tools.sandbox.people import PEOPLE
from tools.toolset import specs

app = typer.Typer(help="Suites that decide.", no_args_is_help=True)
app.command()(perf)
app.command("from-review")(from_review)
_KEYS = frozenset(p.key for p in PEOPLE)


@app.command("list")
def list_suites(as_json: Json = False) -> None:
    """Every scenario, with what it is about."""
    found = load_suites(SUITES, people=_KEYS)
    if as_json:
        report({"scenarios": [{"id": s.id, "category": s.category, "about": s.about} for s in found]})
    else:
        columns([("category", "scenario", "about"), *((s.category, s.id, s.about) for s in found)])
        say(f"\n{len(found)} scenarios; also: intake (messages of other people, --data FILE.csv)")


@app.command("run")
def run_suite(
    suite: Annotated[str, typer.Argument(help="all, one category, intake, attacks, or adversary.")] = "all",
    data: Annotated[
        Path | None, typer.Option(help="For intake: a CSV (text,category). For attacks: a folder of *.jsonl.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, max=8, help="How often each scenario runs.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, max=32, help="How many run side by side.")] = 4,
    steps: Annotated[int, typer.Option(min=1, help="For adversary: how many steps at least.")] = 10_000,
    seed: Annotated[int | None, typer.Option(help="For adversary: the same moves again.")] = None,
    as_json: Json = False,
) -> None:
    """Run a suite; exit 1 when a scenario fails."""
    if suite == "adversary":
        raise typer.Exit(run_adversary(steps=steps, seed=seed, as_json=as_json))
    if suite == "intake":
        _intake(data, as_json=as_json)
        return
    if suite == "attacks":
        _attacks(data, at_once=at_once, as_json=as_json)
    scenarios = load_suites(SUITES, people=_KEYS, only=None if suite == "all" else suite)
    document = asyncio.run(_run(scenarios, epochs=epochs, at_once=at_once, quiet=as_json))
    if as_json:
        report(document)
    else:
        say(as_text(document))
    raise typer.Exit(0 if document["passed"] == document["runs"] else 1)


async def _run(scenarios: list[Scenario] | Any, *, epochs: int, at_once: int, quiet: bool) -> dict[str, Any]:
    settings = load()
    async with house(settings, demo=host_app(settings)) as built:
        worker = asyncio.create_task(work(built), name="worker")
        try:
            stage = await SandboxStage.open(built)
            began = time.perf_counter()
            with bar(quiet=quiet) as shown:
                progress: Progress = shown
                results = await run(scenarios, stage, at_once=at_once, epochs=epochs, progress=progress)
            return as_document(results, model=stage.model, seconds=time.perf_counter() - began)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


def _attacks(data: Path | None, *, at_once: int, as_json: bool) -> None:
    document = run_attacks(data, at_once=at_once, quiet=as_json)
    if as_json:
        report(document)
    else:
        say(attacks_text(document))
    raise typer.Exit(0 if document["passed"] else 1)


def _intake(data: Path | None, *, as_json: bool) -> None:
    if data is None:
        raise Invalid("intake needs --data FILE.csv with the columns text,category")
    triage = Triage.train(load_catalog(CATALOG, specs()).utterances())
    rows = load_rows(data, triage.categories)
    found = run_intake(rows, triage)
    if as_json:
        report(found.model_dump(mode="json"))
    else:
        say(main_text(found))
