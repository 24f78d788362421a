"""One evaluation: from what was asked to a journal, a report and the files beside it."""

import asyncio
import difflib
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import Invalid
from evals.grade import Result
from evals.journal import SUFFIX, Head, Journal, digest_of, in_order, read
from evals.recorded import Kept, line_of
from evals.report import as_document
from evals.run import Progress, key_of, run, takes
from evals.runs import keep_report
from evals.scenario import Scenario
from evals.steps import Review
from evals.suites import load_suites
from evals.write import write_whole
from policies.load import load_catalog
from policies.model import Catalog
from service.build import house
from service.crew import Order, play_all
from service.demo import host_app
from service.models import model_of
from service.paths import CATALOG, SUITES
from service.run import work
from service.scratch import scratch
from service.settings import Settings
from service.stage import SandboxStage, changed
from tools.sandbox.people import PEOPLE
from tools.toolset import specs

PEOPLE_KEYS = frozenset(person.key for person in PEOPLE)


@dataclass(frozen=True)
class Wanted:
    """What is to be run, and how; `resume` names a run that was cut off, `record` a file for the model's replies."""

    suite: str = "all"
    model: str = "offline"
    epochs: int = 1
    seed: int = 1
    at_once: int | None = None
    doors: bool = False
    resume: str | None = None
    record: Path | None = None
    customers: str | None = None
    suites: Path = SUITES


def checked() -> Callable[[Scenario], None]:
    """Raises Invalid for a scenario that names a category, tool or rule there is not, or a change that fits nobody."""
    tools = specs()
    catalog = load_catalog(CATALOG, tools)

    def check(scenario: Scenario) -> None:
        policy = catalog.get(scenario.category)
        if policy is None:
            raise Invalid(f"there is no category {scenario.category!r}")
        if unknown := set(scenario.expect.proposes or ()) - set(tools):
            raise Invalid(
                f"expect.proposes: there is no tool {sorted(unknown)[0]!r}; known: {', '.join(tools)}"
            )
        for step in scenario.steps:
            if isinstance(step, Review) and step.rule is not None:
                _known_rule(step.rule, catalog)
        changed(scenario.person, scenario.changes)

    return check


# Rules that are no category's own: of the checker, the gate and the tool for answers.
_EVERYWHERE = frozenset(
    {"no_rule_matched", "tool_not_in_category", "facts_stale", "facts_unfit", "own_writes", "answer_may_go"}
)


def _known_rule(rule: str, catalog: Catalog) -> None:
    own = {known.id for policy in catalog.categories.values() for known in policy.rules}
    if rule not in own | _EVERYWHERE and not rule.startswith(("always.", "limit.")):
        near = difflib.get_close_matches(rule, own, n=3)
        raise Invalid(f"there is no rule {rule!r} in any category; near: {', '.join(near) or 'none'}")


def runs_folder(settings: Settings) -> Path:
    """Where runs are kept."""
    return settings.home / "evals"


def evaluate(wanted: Wanted, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Plays what is left to play and returns the report; what was played is kept whatever happens."""
    folder = runs_folder(settings)
    wanted = _as_before(wanted, folder)
    only = None if wanted.suite == "all" else wanted.suite
    scenarios = load_suites(wanted.suites, people=PEOPLE_KEYS, only=only, check=checked())
    for name in (wanted.model, wanted.customers):
        if name is not None:
            model_of(name, settings)  # what is wrong with it is said before anything is played
    journal = _journal(wanted, scenarios, folder)
    began = time.perf_counter()
    replies = _play(wanted, scenarios, journal, settings, progress)
    if wanted.record is not None:
        write_whole(wanted.record, "".join(f"{line}\n" for line in replies))
    head = journal.head
    document = as_document(
        in_order(head, journal.results),
        model=head.model,
        seconds=time.perf_counter() - began,
        head=head.model_dump(mode="json", exclude={"scenarios", "model", "format"}),
    )
    keep_report(folder, head.run, document)
    return document


def _as_before(wanted: Wanted, folder: Path) -> Wanted:
    """A run that is gone on with takes its options from its own head."""
    if wanted.resume is None:
        return wanted
    head, _ = read(folder / f"{wanted.resume}{SUFFIX}", cut_off=True)
    doors = head.stage == "doors"
    return replace(
        wanted, suite=head.suite, model=head.model, epochs=head.epochs, seed=head.seed, doors=doors
    )


def _journal(wanted: Wanted, scenarios: Sequence[Scenario], folder: Path) -> Journal:
    at = datetime.now(UTC)
    slug = re.sub(r"[^a-z0-9]+", "-", wanted.model.lower()).strip("-")[:40]
    head = Head(
        run=wanted.resume or f"{at:%Y%m%d-%H%M%S}-{at.microsecond:06d}-{wanted.suite}-{slug}",
        suite=wanted.suite,
        model=wanted.model,
        stage="doors" if wanted.doors else "at hand",
        seed=wanted.seed,
        epochs=wanted.epochs,
        scenarios=tuple(s.id for s in scenarios),
        digest=digest_of(scenarios),
        at=at,
    )
    path = folder / f"{head.run}{SUFFIX}"
    return Journal.go_on(path, head) if wanted.resume else Journal.begin(path, head)


def _play(
    wanted: Wanted, scenarios: Sequence[Scenario], journal: Journal, settings: Settings, progress: Progress
) -> list[str]:
    """Plays the rest; the lines of a recording."""
    if wanted.doors:
        if wanted.model != settings.model or wanted.record is not None:
            raise Invalid("over doors the house's own model plays: set REMIT_MODEL, and leave --record out")
        asyncio.run(_over_doors(wanted, scenarios, journal, settings, progress))
        return []
    lines: list[str] = []
    runs = takes(scenarios, epochs=wanted.epochs, seed=wanted.seed)
    left = [one for one in runs if key_of(*one) not in journal.done]

    def told(result: Result, kept: Kept) -> None:
        journal.add(result)
        if wanted.record is not None:
            lines.append(line_of((result.scenario, result.epoch), kept))
        progress(len(journal.results), len(runs), result)

    if left:
        crew = min(wanted.at_once or os.cpu_count() or 1, len(left))
        with scratch(crew, durable=False) as dsns:
            play_all(left, [Order(settings, dsn, wanted.model, wanted.customers) for dsn in dsns], told)
    return lines


async def _over_doors(
    wanted: Wanted, scenarios: Sequence[Scenario], journal: Journal, settings: Settings, progress: Progress
) -> None:
    def told(done: int, total: int, result: Result) -> None:
        journal.add(result)
        progress(done, total, result)

    async with house(settings, demo=host_app(settings)) as built:
        worker = asyncio.create_task(work(built), name="worker")
        try:
            await run(
                scenarios,
                await SandboxStage.open(built),
                at_once=wanted.at_once or 4,
                epochs=wanted.epochs,
                seed=wanted.seed,
                done=journal.done,
                progress=told,
            )
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
