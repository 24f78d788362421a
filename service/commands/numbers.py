"""`remit numbers`: what the conversations add up to, as a table, JSON or CSV."""

import asyncio
from typing import Annotated

import typer

from core.errors import Invalid
from insights.export import document, numbers_csv
from insights.measures import MEASURES, band_in_words, in_words
from insights.numbers import Board, board
from service.build import house
from service.commands.output import Json, columns, report, say
from service.settings import load


def numbers(
    days: Annotated[int, typer.Option(min=1, max=365, help="How far back.")] = 30,
    category: Annotated[str | None, typer.Option(help="One category instead of all together.")] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print every number of every category as CSV.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Every number with what it is counted of, its band and its baseline."""
    found = asyncio.run(_board(days, category))
    if as_json:
        report(document(found, category))
        return
    if as_csv:
        print(numbers_csv(found), end="")
        return
    rows = [found.number(key, category) for key in MEASURES]
    table = [
        (
            one.measure.title,
            in_words(one.now.value, one.measure.unit),
            f"{one.now.n} of {one.now.of}" if one.measure.unit == "share" else str(one.now.of),
            band_in_words(one.measure),
            one.verdict.replace("_", " "),
            in_words(one.baseline.value, one.measure.unit) if one.baseline else "–",
        )
        for one in rows
    ]
    columns([("number", "value", "counted", "band", "verdict", "baseline"), *table])
    turning = rows[0].now.may_turn
    if turning:
        say(f"\n{turning} of those resolved ended less than seven days ago and may still come back.")


async def _board(days: int, category: str | None) -> Board:
    async with house(load()) as built:
        known = built.service.approvals.catalog
        if category is not None and known.get(category) is None:
            raise Invalid(f"There is no category {category!r}; known: {', '.join(known.categories)}.")
        return await board(built.service.store, days=days)
