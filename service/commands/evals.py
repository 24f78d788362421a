"""`remit evals`: run suites on the real path, graded by the sandbox's ledger."""

from pathlib import Path
from typing import Annotated, Any

import typer

from agent.triage import Triage
from core.errors import Invalid
from evals.attacks.play import as_text as attacks_text
from evals.broken.agents import BROKEN
from evals.broken.table import as_markdown, uncaught
from evals.compare import as_lines, compared
from evals.history import as_lines as history_lines
from evals.history import audit, load_history
from evals.intake import load_rows, main_text, run_intake
from evals.journal import Head
from evals.junit import as_junit
from evals.page import as_page
from evals.report import as_text
from evals.runs import kept, report_of, results_of
from evals.suites import load_suites
from evals.write import write_whole
from policies.load import load_catalog
from service.commands.adversary import run_adversary
from service.commands.attacks import run_attacks
from service.commands.crash import crash_command
from service.commands.from_review import from_review
from service.commands.output import Json, columns, report, say
from service.commands.perf import perf
from service.commands.progress import bar
from service.commands.race import RUNS, run_race
from service.commands.replay import replay
from service.evaluate import PEOPLE_KEYS, Wanted, checked, evaluate, runs_folder
from service.models import KINDS
from service.paths import CATALOG, ROOT, SUITES
from service.settings import load
from tools.toolset import specs

app = typer.Typer(help="Suites that decide.", no_args_is_help=True)
app.command()(perf)
app.command("from-review")(from_review)
app.command("crash")(crash_command)
app.command()(replay)


@app.command("list")
def list_suites(
    runs: Annotated[bool, typer.Option("--runs", help="The runs that are kept instead.")] = False,
    as_json: Json = False,
) -> None:
    """Every scenario with what it is about, or every run that is kept."""
    if runs:
        _list_runs(as_json=as_json)
        return
    found = load_suites(SUITES, people=PEOPLE_KEYS, check=checked())
    if as_json:
        report({"scenarios": [{"id": s.id, "category": s.category, "about": s.about} for s in found]})
    else:
        columns([("category", "scenario", "about"), *((s.category, s.id, s.about) for s in found)])
        say(f"\n{len(found)} scenarios; also: intake (messages of other people, --data FILE.csv)")


def _list_runs(*, as_json: bool) -> None:
    found = kept(runs_folder(load()))
    if as_json:
        told = {"scenarios", "digest", "format"}
        report(
            {
                "runs": [
                    {**head.model_dump(mode="json", exclude=told), "finished": done} for head, done in found
                ]
            }
        )
        return
    rows: list[tuple[str, ...]] = [("run", "suite", "model", "runs", "finished")]
    rows += [(h.run, h.suite, h.model, str(h.total), "yes" if done else "no") for h, done in found]
    columns(rows)
    say(f"\n{len(found)} runs in {runs_folder(load())}")


@app.command("report")
def show_report(
    run: Annotated[str, typer.Argument(help="A run of `remit evals list --runs`.")],
    html: Annotated[Path | None, typer.Option(help="Write one page with everything in it.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    as_json: Json = False,
) -> None:
    """Show the report of a finished run again, or write it as a page."""
    folder = runs_folder(load())
    document = report_of(folder, run)
    if html is not None:
        write_whole(html, as_page(document, *results_of(folder, run), _ladder()))
    if junit is not None:
        write_whole(junit, as_junit(document, *results_of(folder, run)))
    if as_json:
        report(document)
    else:
        say(as_text(document))


@app.command("broken")
def broken_agents(
    agent: Annotated[str | None, typer.Argument(help="One of them; all unless given.")] = None,
    suite: Annotated[str, typer.Option(help="The suite to play; all unless given.")] = "all",
    write: Annotated[bool, typer.Option("--write", help="Write docs/broken-agents.md.")] = False,
) -> None:
    """Play the agents that are wrong on purpose; exit 1 when the suites miss one."""
    found = {}
    for name in [agent] if agent else BROKEN:
        wanted = Wanted(suite=suite, model=f"broken:{name}")
        document = _evaluated(wanted, quiet=False)
        found[name] = results_of(runs_folder(load()), document["run"])[1]
        say(f"{name}: {document['runs'] - document['passed']} of {document['runs']} fail")
    if write:
        write_whole(ROOT / "docs" / "broken-agents.md", as_markdown(found))
    missed = uncaught(found)
    say(f"Not caught: {', '.join(missed)}." if missed else "Every one is caught.")
    raise typer.Exit(1 if missed else 0)


@app.command("from-history")
def from_history(
    file: Annotated[Path, typer.Argument(help="CSV or JSONL: text, category, did; amount and currency.")],
    as_json: Json = False,
) -> None:
    """Past tickets in shadow: where agent and people agree, what the catalog could resolve, where to start."""
    catalog = load_catalog(CATALOG, specs())
    triage = Triage.train(catalog.utterances())
    tickets = load_history(file, categories=triage.categories, steps=specs())
    found = audit(tickets, triage, catalog)
    if as_json:
        report(found.model_dump(mode="json"))
    else:
        for line in history_lines(found):
            say(line)


def _ladder() -> dict[str, dict[str, str]]:
    """What the catalog says of each category's place: its tier, and how high it may ever stand."""
    catalog = load_catalog(CATALOG, specs())
    return {
        str(name): {"Tier": str(policy.tier), "May reach": policy.autonomy.ceiling}
        for name, policy in catalog.categories.items()
    }


@app.command("compare")
def compare_runs(
    base: Annotated[str, typer.Argument(help="The run to hold against: a name, or a journal's path.")],
    candidate: Annotated[str, typer.Argument(help="The run in question.")],
    gate: Annotated[bool, typer.Option("--gate", help="Exit 1 on a loss or a new wrong effect.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write the flips as JUnit XML.")] = None,
    as_json: Json = False,
) -> None:
    """Compare two runs of the same scenarios: better, worse, or can't tell, and by how much."""
    folder = runs_folder(load())
    pair: list[tuple[Head, Any]] = [results_of(folder, base), results_of(folder, candidate)]
    found = compared(pair[0], pair[1])
    if junit is not None:
        write_whole(junit, found.as_junit())
    if as_json:
        report(found.model_dump(mode="json"))
    else:
        for line in as_lines(found):
            say(line)
    raise typer.Exit(1 if gate and found.blocks else 0)


@app.command("run")
def run_suite(
    suite: Annotated[
        str, typer.Argument(help="all, one category, intake, attacks, adversary or race.")
    ] = "all",
    data: Annotated[
        Path | None, typer.Option(help="For intake: a CSV (text,category). For attacks: a folder of *.jsonl.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, max=8, help="How often each scenario runs.")] = 1,
    at_once: Annotated[
        int | None, typer.Option(min=1, max=32, help="How many run side by side; one per core unless given.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="For adversary: how many steps at least.")] = 10_000,
    runs: Annotated[int, typer.Option(min=1, max=1000, help="For race: how often.")] = RUNS,
    seed: Annotated[
        int | None, typer.Option(help="The same run again; for adversary the same moves.")
    ] = None,
    model: Annotated[str | None, typer.Option(help=f"REMIT_MODEL unless given: {KINDS}.")] = None,
    doors: Annotated[bool, typer.Option("--doors", help="Play over HTTP, as production does.")] = False,
    resume: Annotated[str | None, typer.Option(help="Go on with a run that was cut off.")] = None,
    record: Annotated[Path | None, typer.Option(help="Keep the model's replies in this file.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML as well.")] = None,
    customers: Annotated[
        str | None, typer.Option(help="The model that plays customers without steps; a puppet unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a suite; exit 1 when a scenario fails."""
    if suite == "adversary":
        raise typer.Exit(run_adversary(steps=steps, seed=seed, as_json=as_json))
    if suite == "race":
        raise typer.Exit(run_race(runs=runs, as_json=as_json))
    if suite == "intake":
        _intake(data, as_json=as_json)
        return
    if suite == "attacks":
        _attacks(data, at_once=at_once or 4, as_json=as_json)
    wanted = Wanted(
        suite=suite,
        model=model or load().model,
        epochs=epochs,
        seed=1 if seed is None else seed,
        at_once=at_once,
        doors=doors,
        resume=resume,
        record=record,
        customers=customers,
    )
    document = _evaluated(wanted, quiet=as_json)
    if junit is not None:
        write_whole(junit, as_junit(document, *results_of(runs_folder(load()), document["run"])))
    if as_json:
        report(document)
    else:
        say(as_text(document))
    raise typer.Exit(0 if document["passed"] == document["runs"] else 1)


def _evaluated(wanted: Wanted, *, quiet: bool) -> dict[str, Any]:
    with bar(quiet=quiet) as shown:
        return evaluate(wanted, load(), shown)


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
