"""What every command prints with: a report as JSON, or lines for people."""

import json
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


def report(document: dict[str, Any]) -> None:
    """Prints one JSON document and nothing else."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def say(line: str = "") -> None:
    """Prints one line for a person, at once."""
    print(line, flush=True)


def columns(rows: list[tuple[str, ...]]) -> None:
    """Prints rows in columns as wide as they need to be; the last one runs on."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        say("  ".join(cells).rstrip())
