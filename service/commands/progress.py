"""A progress bar with counts and time left, on standard error so that reports stay clean."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evals.grade import Result
from evals.run import Progress as Report


@contextmanager
def bar(*, quiet: bool) -> Iterator[Report]:
    """Something to report each finished run to."""
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        disable=quiet or not sys.stderr.isatty(),
    )
    with shown:
        task = shown.add_task("Scenarios", total=None)
        failed = 0

        def step(done: int, total: int, result: Result) -> None:
            nonlocal failed
            failed += not result.passed
            text = f"Scenarios ({failed} failed)" if failed else "Scenarios"
            shown.update(task, completed=done, total=total, description=text)

        yield step
