"""`remit triage TEXT`: what one message is read as."""

from typing import Annotated

import typer

from agent.triage import Triage
from policies.load import load_catalog
from service.commands.output import Json, columns, report
from service.paths import CATALOG
from tools.toolset import specs


def triage(text: Annotated[str, typer.Argument(help="A customer's message.")], as_json: Json = False) -> None:
    """Category, confidence, mood, urgency, language, and whether a person is wanted."""
    signals = Triage.train(load_catalog(CATALOG, specs()).utterances()).read(text)
    found = signals.model_dump(mode="json")
    if as_json:
        report(found)
    else:
        columns([(name, str(value)) for name, value in found.items()])
