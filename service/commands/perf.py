"""`remit evals perf`: benchmarks by name, each printed with the machine it ran on and that machine's load."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Annotated

import typer

from core.errors import NotFound
from evals.perf.benchmark import Benchmark, Options, as_table, measured
from service.commands.output import Json, columns, report, say
from service.paths import CATALOG
from service.scratch import scratch

# Name -> where it is and what it measures; only the one asked for is imported.
BENCHMARKS: Mapping[str, tuple[str, str]] = {
    "gate": ("evals.perf.gate:gate", "rules alone and the whole gate, for a refund under twenty rules"),
    "queue": ("evals.perf.queue:queue", "ten thousand waiting actions, and approval to execution"),
    "replay": ("evals.perf.replay:replay", "recorded writes read, judged and reported, on invented runs"),
    "scenarios": ("service.perf_scenarios:scenarios", "whole scenarios a second, a process per core"),
}


def perf(
    name: Annotated[str | None, typer.Argument(help="Which one; without it they are listed.")] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, help="How long each measurement goes on, about.")
    ] = 3.0,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when a goal is missed.")] = False,
    as_json: Json = False,
) -> None:
    """Measure something here and now; goals are for an idle machine, so read them with the load."""
    if name is None:
        _list(as_json=as_json)
        return
    benchmark = found(name)
    options = Options(seconds=seconds, catalog=CATALOG, database=_database)
    document = asyncio.run(measured(name, benchmark, options))
    if as_json:
        report(document)
    else:
        columns(as_table(document))
        made, load = document["machine"], document["load"]
        say(f"\n{made['cores']} cores of {made['cpu']}, {made['system']}, Python {made['python']}")
        say(f"load {load['before']} before, {load['after']} after; {document['seconds']} s")
    missed = any(one.get("met") is False for one in document["rows"])
    raise typer.Exit(1 if strict and missed else 0)


def found(name: str) -> Benchmark:
    """The benchmark of this name; raises NotFound, which lists the known ones."""
    if name not in BENCHMARKS:
        raise NotFound(f"There is no benchmark {name!r}; known: {', '.join(sorted(BENCHMARKS))}")
    module, _, what = BENCHMARKS[name][0].partition(":")
    made: Benchmark = getattr(import_module(module), what)
    return made


@asynccontextmanager
async def _database() -> AsyncIterator[str]:
    # Durable, because a commit is part of what is measured wherever there is one.
    with scratch(1, durable=True) as dsns:
        yield dsns[0]


def _list(*, as_json: bool) -> None:
    if as_json:
        report({"benchmarks": [{"name": name, "about": about} for name, (_, about) in BENCHMARKS.items()]})
    else:
        columns([("benchmark", "what it measures"), *((n, about) for n, (_, about) in BENCHMARKS.items())])
