"""`remit autonomy`: where the categories stand, and the two ways down."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from approvals.ladder.views import category_view
from approvals.parts import Parts, Reviewer
from approvals.standing import demote as move_down
from approvals.standing import graduate as move_up
from approvals.standing import standings
from approvals.switches import set_switch
from core.clock import SystemClock
from core.errors import Invalid
from service.build import house
from service.commands.autonomy_category import WHAT_IT_MEANS, show_category
from service.commands.autonomy_numbers import ALPHA, drift, say_numbers, weigh_numbers
from service.commands.autonomy_simulate import simulate_command
from service.commands.output import Json, columns, report, say
from service.settings import load

app = typer.Typer(help="The ladder: what may run alone, and why.", no_args_is_help=True)
R = TypeVar("R")
Reason = Annotated[str, typer.Option(help="Why; it is kept in the audit log.")]
By = Annotated[str, typer.Option("--by", help="Your login.")]


def _with_parts(do: Callable[[Parts], Awaitable[R]]) -> R:
    async def run() -> R:
        async with house(load()) as built:
            return await do(built.service.approvals)

    return asyncio.run(run())


def _ops(by: str) -> Reviewer:
    return Reviewer(by, by, frozenset({"ops"}), SystemClock().now())


@app.command("status")
def status(as_json: Json = False) -> None:
    """Every category: tier, standing, reviews so far, how many were errors, how many wait."""
    places = _with_parts(standings)
    if as_json:
        report({"categories": [{s: getattr(p, s) for s in p.__slots__} for p in places]})
        return
    rows = [
        (p.category, str(p.tier), p.standing, str(p.reviews), str(p.errors), str(p.waiting)) for p in places
    ]
    columns([("category", "tier", "standing", "reviews", "errors", "waiting"), *rows])


@app.command("evidence")
def evidence(
    category: Annotated[str | None, typer.Argument(help="A category; leave it out to try numbers.")] = None,
    n: Annotated[int | None, typer.Option(help="Reviewed tickets.")] = None,
    k: Annotated[int, typer.Option(help="Errors among them.")] = 0,
    threshold: Annotated[float | None, typer.Option(help="0.01 is 1 %.")] = None,
    alpha: Annotated[float, typer.Option(help="The risk of graduating wrongly.")] = ALPHA,
    canaries: Annotated[int | None, typer.Option(help="Canaries that reviewers decided on.")] = None,
    missed: Annotated[int, typer.Option(help="Canaries they let pass.")] = 0,
    days: Annotated[int | None, typer.Option(help="Days since the first of these tickets.")] = None,
    as_json: Json = False,
) -> None:
    """What a category has shown so far, or what n tickets with k errors would prove."""
    if category is not None:
        if n is not None or threshold is not None:
            raise Invalid("Give either a category or numbers, not both.")
        show_category(_with_parts(lambda parts: category_view(category, parts)), as_json=as_json)
        return
    found = weigh_numbers(n, k, threshold, alpha=alpha, canaries=canaries, missed=missed, days=days)
    if as_json:
        report(found)
        return
    say_numbers(found)


app.command("drift")(drift)
app.command("simulate")(simulate_command)


@app.command("graduate")
def graduate(category: str, reason: Reason, by: By = "cli@example.com") -> None:
    """One rung up, signed with your reason, if the evidence allows it."""
    stands = _with_parts(lambda parts: move_up(category, by=_ops(by), reason=reason, parts=parts))
    say(f"{category} is in {stands} from now on. {WHAT_IT_MEANS[stands]}")


@app.command("demote")
def demote(category: str, reason: Reason, by: By = "cli@example.com") -> None:
    """Back to observation, effective for the next execution, queued items included."""
    stands = _with_parts(lambda parts: move_down(category, by=_ops(by), reason=reason, parts=parts))
    say(f"{category} is in {stands} from now on.")


@app.command("freeze")
def freeze(
    reason: Reason,
    by: By = "cli@example.com",
    lift: Annotated[bool, typer.Option("--lift", help="Allow actions again.")] = False,
) -> None:
    """Stop every action of every category at once; nothing is sent after this returns."""

    async def throw(parts: Parts) -> None:
        await set_switch("all", "", on=not lift, by=_ops(by), reason=reason, parts=parts)

    _with_parts(throw)
    say(
        "Actions may run again."
        if lift
        else "Everything is stopped. Lift it with `remit autonomy freeze --lift`."
    )
