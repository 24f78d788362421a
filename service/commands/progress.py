"""A progress bar with counts and time left, on standard error so that reports stay clean."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evals.run import Progress as Report


@contextmanager
def bar(*, quiet: bool) -> Iterator[Report]:
    """Something to report each finished scenario to."""
    with counting("Scenarios", quiet=quiet) as shown:
        yield lambda done, total, result: shown(done, total, not result.passed)


@contextmanager
def counting(name: str, *, quiet: bool) -> Iterator[Callable[[int, int, bool], None]]:
    """Takes how many are done, of how many, and whether the last one failed."""
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        disable=quiet or not sys.stderr.isatty(),
    )
    with shown:
        task = shown.add_task(name, total=None)
        failed = 0

        def step(done: int, total: int, wrong: bool) -> None:
            nonlocal failed
            failed += wrong
            text = f"{name} ({failed} failed)" if failed else name
            shown.update(task, completed=done, total=total, description=text)

        yield step
