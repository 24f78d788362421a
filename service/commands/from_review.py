"""`remit evals from-review`: an edit or rejection as a scenario, printed or added to its suite."""

import asyncio
from typing import Annotated

import typer

from evals.from_reviews import Drafted, drafted, keep
from insights.reviewed import reviewed
from service.build import house
from service.commands.output import Json, report, say
from service.paths import SUITES
from service.settings import load
from tools.sandbox.people import PEOPLE

_KEYS = frozenset(person.key for person in PEOPLE)


def from_review(
    action_id: Annotated[str, typer.Argument(help="A changed or rejected action, such as act_5k2…")],
    person: Annotated[
        str | None, typer.Option(help="Who of the sandbox plays a customer who is not of it.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Add it to evals/suites/<category>.yaml; check it first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """An edit or rejection as a scenario: the reviewer's reason is what is expected."""
    made = asyncio.run(_draft(action_id, person))
    kept = keep(made.text, made.category, SUITES, people=_KEYS) if save else None
    if as_json:
        report({"id": made.id, "category": made.category, "scenario": made.text, "checks": list(made.checks),
                "saved": str(kept.relative_to(SUITES.parent.parent)) if kept else None})  # fmt: skip
        return
    say(made.text)
    if kept is not None:
        say(f"Added to {kept.relative_to(SUITES.parent.parent)}. Play it: remit evals run {made.category}")


async def _draft(action_id: str, person: str | None) -> Drafted:
    async with house(load()) as built:
        async with built.service.store.begin() as work:
            found = await reviewed(work, action_id)
    return drafted(found, people=_KEYS, person=person)
