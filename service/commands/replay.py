"""`remit evals replay`: what rules, confirmation and ladder would have made of real models' recorded writes."""

from pathlib import Path
from typing import Annotated

import typer

from evals.domains.pack import DOMAINS
from evals.replay.report import as_text
from evals.replay.run import run_replay
from service.commands.output import Json, report, say


def replay(
    domain: Annotated[str, typer.Option(help=f"Whose policy: {' or '.join(DOMAINS)}.")],
    data: Annotated[Path, typer.Option(help="The domain's own data and policy.md.")],
    runs: Annotated[
        Path | None,
        typer.Option(help="Recorded runs; may be left out when the folder holds one file of them."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge every write that recorded runs of a model proposed."""
    document = run_replay(domain, data, runs)
    if as_json:
        report(document)
    else:
        say(as_text(document))
