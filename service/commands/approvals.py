"""`remit approvals`: the queue in the terminal; every decision shows first what it decides."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel

from approvals import queue
from approvals.detail import detail
from approvals.parts import Parts, Reviewer
from approvals.reviews import REASONS, Decided, Reviewed, decide
from core.errors import Invalid
from core.standing import Decision
from service.build import house
from service.commands.output import Json, columns, report, say
from service.run import work_off
from service.settings import load

app = typer.Typer(help="Actions that wait for a colleague.", no_args_is_help=True)
R = TypeVar("R")
ActionId = Annotated[str, typer.Argument(help="Such as act_5k2…")]
By = Annotated[str, typer.Option("--by", help="Your login; it is written beside the decision.")]
Note = Annotated[str, typer.Option(help="A note for colleagues.")]


def _with_house(do: Callable[[Parts], Awaitable[R]]) -> R:
    """Runs `do`; what it set in motion is done by a running service, or right here when none runs."""

    async def run() -> R:
        async with house(load().without_undo()) as built:
            done = await do(built.service.approvals)
            await work_off(built)
            return done

    return asyncio.run(run())


@app.command("list")
def list_waiting(as_json: Json = False) -> None:
    """What waits, most urgent first."""
    found = _with_house(lambda parts: queue.waiting(parts, limit=queue.MOST))
    rows = found.entries
    if as_json:
        report({"waiting": [_plain(row) for row in rows]})
    elif not rows:
        say("Nothing waits.")
    else:
        table = [
            (
                e.action_id,
                e.customer_name,
                e.title,
                e.amount_text or "",
                e.due_at.strftime("%H:%M"),
                e.because,
            )
            for e in rows
        ]
        columns([("action", "customer", "what", "money", "due", "why"), *table])
        if found.next:
            say(f"\nand {found.total - len(rows)} more; /v1/actions gives all of them")


@app.command("show")
def show(action_id: ActionId, by: By = "cli@example.com", as_json: Json = False) -> None:
    """One action with its evidence; opening it is what allows you to decide on it."""
    found = _with_house(lambda parts: detail(action_id, _reviewer(by, parts), parts))
    if as_json:
        report(_plain(found))
        return
    say(f"{found.preview.title}   [{found.entry.state}, {found.verdict}]")
    for line in found.preview.lines:
        say(f"  {line.label}: {line.before + ' -> ' if line.before else ''}{line.after}")
    say(f'\n  The customer said: "{found.request_text}"')
    for one in found.fired:
        say(f"  {one.kind:9} {one.rule}: {one.sentence}")
    say()
    columns([(f"  {f.name}", f.value, f.source) for f in found.facts])
    say(f"\n  Arguments: {json.dumps(found.args, ensure_ascii=False)}")


@app.command("approve")
def approve(action_id: ActionId, by: By = "cli@example.com", note: Note = "", as_json: Json = False) -> None:
    """Approve exactly what `show` shows."""
    _decide(action_id, "approve", by, note=note, as_json=as_json)


@app.command("edit")
def edit(
    action_id: ActionId,
    args: Annotated[str, typer.Option(help="The new arguments as JSON.")],
    by: By = "cli@example.com",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Change the arguments; policy judges them again, and the customer confirms again where needed."""
    try:
        given = json.loads(args)
    except ValueError:
        raise Invalid(
            "--args must be a JSON object of the tool's arguments; see `remit approvals show`"
        ) from None
    _decide(action_id, "edit", by, note=note, args=given, as_json=as_json)


@app.command("reject")
def reject(
    action_id: ActionId,
    reason: Annotated[str, typer.Option(help=f"One of: {', '.join(REASONS)}.")],
    by: By = "cli@example.com",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Reject it; the customer is told."""
    _decide(action_id, "reject", by, reason_code=reason, note=note, as_json=as_json)


def _decide(action_id: str, decision: Decision, by: str, *, as_json: bool, **more: Any) -> None:
    async def run(parts: Parts) -> Reviewed:
        who = _reviewer(by, parts)
        shown = await detail(action_id, who, parts)
        return await decide(Decided(action_id, shown.digest, decision, **more), who, parts)

    done = _with_house(run)
    if as_json:
        report({"action_id": done.action_id, "state": done.state, "sentence": done.sentence})
    else:
        say(done.sentence)


def _reviewer(by: str, parts: Parts) -> Reviewer:
    """Whoever may run commands on this machine may review; their name is written down."""
    return Reviewer(by, by, frozenset({"approver", "ops"}), parts.clock.now())


def _plain(value: Any) -> Any:
    """A frozen value as plain JSON types."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
